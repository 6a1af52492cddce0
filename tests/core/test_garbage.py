"""When Python looks for unreachable cycles."""

import subprocess
import sys

PROGRAM = """
import gc
from repro.core.garbage import collect_as_usual, collect_seldom

gc.set_threshold(701, 11, 12)
{body}
"""


def run(body):
    """Run a program of its own, since all that there is of it holds for a whole process."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_the_usual_thresholds_come_back():
    body = "collect_seldom(); collect_seldom(); print(gc.get_threshold()[0] > 100_000)\n"
    body += "collect_as_usual(); print(*gc.get_threshold())"

    assert run(body) == ["True", "701", "11", "12"]


def test_what_is_loaded_is_not_looked_at_again_and_later_cycles_are():
    body = """
import weakref
class Node: pass
def cycle():
    node = Node()
    node.me = node
    return weakref.ref(node)
collect_seldom()
early = cycle()
collect_as_usual()
late = cycle()
gc.collect()
print(early() is None, late() is None)
"""
    assert run(body) == ["False", "True"]


def test_a_process_that_did_not_ask_for_it_is_left_alone():
    body = "collect_as_usual(); print(*gc.get_threshold(), gc.get_freeze_count())"

    assert run(body) == ["701", "11", "12", "0"]
