"""Real clusters of Dask on this machine: same bytes, lost workers, and workers that are refused."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import TIMEOUT, inherited, make_project

pytestmark = [
    pytest.mark.scripts,
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX"),
]
# An own estimator, so that workers need the project's modules; slow enough to be killed in a fit.
SLOW = """\
import random
import time

import numpy as np
from sklearn.naive_bayes import GaussianNB


class Slow(GaussianNB):
    def fit(self, X, y):
        time.sleep(0.4)
        X[:, 0] += random.random() + np.random.random()
        return super().fit(X, y)
"""
MODEL = "schema: repro.model/v1\nestimators: {classification: 'slow:Slow'}\nparams: {}\n"
ARGUMENTS = ("train", "wine", "-p", "debug", "-m", "slow", "--json")
PLAIN = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
PROCESSES = ("repro.executors.child", "multiprocessing.spawn")


def started(*words: object, **options: object) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", *map(str, words)],
        env=inherited(),
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
        **options,
    )


def training(project, *arguments: object) -> subprocess.Popen[str]:
    words = (*ARGUMENTS, *arguments, "--project", project.path)
    return started("repro", *words, cwd=project.path)


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=TIMEOUT)
    return process.returncode, out, err


def run_of(project, process: subprocess.Popen[str]) -> Path:
    status, out, err = finished(process)
    assert status == 0, err
    return project.path / json.loads(out)["path"]


def evidence(run: Path) -> dict[str, object]:
    """Return what no executor may change; how wide the work was is in the recipe alone."""
    record = json.loads((run / "record.json").read_text())
    config = record["recipe"]["config"]["execution"]
    assert "executor" not in config
    assert "executor" not in (run / "config.json").read_text()
    del config["workers"], record["digest"]
    return {"record": record, "predictions": (run / "predictions.csv").read_bytes()}


def descendants(process: subprocess.Popen[str]) -> list[str]:
    """Return the commands of the processes in a session that are still alive."""
    command = ["ps", "-o", "stat=,args=", "--sid", str(process.pid)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if not line.strip().startswith("Z")]


def wait_for(condition, seconds: float = 120.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A project with the estimator; its runs are only added to."""
    made = make_project(tmp_path_factory.mktemp("slow") / "project")
    made.write("slow.py", SLOW)
    made.write("configs/models/slow.yaml", MODEL)
    made.replace("configs/base.yaml", "lightgbm]", "lightgbm, slow]")
    return made


@pytest.fixture(scope="module")
def serial(slow):
    return evidence(run_of(slow, training(slow)))


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """The address of a scheduler without workers."""
    place = tmp_path_factory.mktemp("scheduler") / "scheduler.json"
    words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", place)
    process = started("dask", "scheduler", *words)
    wait_for(place.exists)
    yield wait_for(lambda: re.findall(r'"address": "(\S+)"', place.read_text()))[0]
    process.terminate()
    process.communicate()


@pytest.fixture
def workers(scheduler):
    """Start workers, at a level or without one; yield their processes by address."""
    from distributed import Client

    begun = []
    with Client(scheduler, set_as_default=False) as client:

        def start(*levels: str | None) -> dict[str, subprocess.Popen[str]]:
            for number, level in enumerate(levels, start=len(begun)):
                before = ("repro", "exec", "--level", level, "--", "-m") if level else ()
                name = ("--name", f"w{number}")
                begun.append(started(*before, "dask", "worker", scheduler, *name, *PLAIN))
            client.wait_for_workers(len(begun), timeout=120)
            known = client.scheduler_info(n_workers=-1)["workers"]
            return {a: begun[int(w["name"].removeprefix("w"))] for a, w in known.items()}

        yield start, client
        for process in begun:
            process.kill()
            process.communicate()
        wait_for(lambda: not client.scheduler_info(n_workers=-1)["workers"])


def test_processes_on_this_machine_give_the_bytes_of_one(slow, serial):
    """A fit that draws from the global generators and changes its table included."""
    process = training(slow, "--executor", "dask", "--workers", "2")

    assert evidence(run_of(slow, process)) == serial
    assert descendants(process) == []


def test_a_worker_that_is_killed_in_a_fit_changes_no_byte(slow, serial, workers):
    """One of three, each started by `repro exec`; its task is run by a different one."""
    start, client = workers
    known = start("portable", "portable", "portable")
    process = training(slow, "--executor", client.scheduler.address)

    def busy():
        return [address for address, keys in client.processing().items() if keys]

    victim = known[wait_for(busy)[0]]
    victim.kill()

    assert evidence(run_of(slow, process)) == serial
    assert victim.wait() == -signal.SIGKILL
    # The others are left as they were, without the processes that did the tasks.
    left = [each for each in known.values() if each.poll() is None]
    assert len(left) == 2
    wait_for(lambda: not any(PROCESSES[0] in " ".join(descendants(each)) for each in left))


@pytest.mark.parametrize("level", [None, "strict"])
def test_a_worker_of_a_wrong_level_is_refused(slow, workers, level):
    """Although a right one is there; the message names the worker and how to start it."""
    start, client = workers
    wrong = set(start("portable")).symmetric_difference(start(level)).pop()

    status, out, err = finished(training(slow, "--executor", client.scheduler.address))

    assert (status, out) == (3, "")
    assert f"the worker {wrong} is refused: determinism level 'portable' is not in force" in err
    assert "repro exec --level portable -- dask worker tcp://" in err


def test_a_scheduler_without_workers_is_an_error(slow, scheduler):
    status, out, err = finished(training(slow, "--executor", scheduler))

    assert (status, out) == (3, "")
    assert f"the scheduler {scheduler} has no workers" in err


@pytest.mark.parametrize("group", [True, False])
def test_ctrl_c_leaves_no_process(slow, group):
    """In a terminal it reaches every process; sent to one alone, that one ends the others."""
    process = training(slow, "--executor", "dask", "--workers", "2")
    wait_for(lambda: any(PROCESSES[0] in line for line in descendants(process)))
    (os.killpg if group else os.kill)(process.pid, signal.SIGINT)
    status, out, _ = finished(process)

    assert (status, out) == (130, "")
    wait_for(lambda: descendants(process) == [], 20)


def test_a_killed_training_leaves_no_process(slow):
    """Nobody is left to end its workers: they end when it is gone."""
    process = training(slow, "--executor", "dask", "--workers", "2")
    wait_for(lambda: any(PROCESSES[0] in line for line in descendants(process)))
    process.kill()
    process.communicate()

    wait_for(lambda: descendants(process) == [], 30)
