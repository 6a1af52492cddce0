"""Tasks of a stage, in this process."""

import os
import subprocess
import sys


def test_a_library_that_a_task_loads_has_one_thread_in_the_next_task():
    """At the level seeded no variable says it, and the first task must not see it already."""
    program = """
import sys
from threadpoolctl import threadpool_info
from repro.training.parallel import Workers

class Observer:
    def task_started(self, *_): pass

def threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"]

def load():
    import sklearn.ensemble
    return threads()

assert threads() == []
tasks = [(load,), (threads,)]
found = Workers(1, Observer()).map(lambda task: task(), tasks, ["load", "look"])
print(found, threads())
"""
    environ = {**os.environ, "OMP_NUM_THREADS": "3"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[[3], [1]] [3]"
