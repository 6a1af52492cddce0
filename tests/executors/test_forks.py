"""Tasks in copies of the process: order, errors, lost processes, and what is left running."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from repro.executors import order
from repro.executors.order import LongestFirst
from tests.alive import is_running
from tests.conftest import ROOT, inherited

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what can be copied")


def program(name, *arguments, module="forked"):
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.executors.{module}", name, *map(str, arguments)],
        cwd=ROOT,
        env=inherited() | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def answer(name, *arguments, module="forked"):
    process = program(name, *arguments, module=module)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    return json.loads(out)


def named_in(folder):
    """Return the processes that have left their numbers in a folder."""
    return [int(each.name) for each in folder.iterdir()]


def wait_for(condition):
    end = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return found


@linux
def test_results_come_in_order_and_every_task_has_its_own_arguments():
    """In two processes beside the one that waits."""
    found = answer("several")

    assert found["can"] is True
    assert [each[:2] for each in found["found"]] == [[n, 10.0 * (1 + n)] for n in range(6)]
    processes = {pid for *_, pid in found["found"]}
    assert len(processes) == 2
    assert found["own"] not in processes
    assert found["left"] == 10.0
    # While one had the first task, the other one did all others.
    assert {pid for number, _, pid in found["found"] if number} == {found["found"][1][2]}


def test_a_process_with_threads_is_not_copied():
    """The results are the same, by processes of joblib."""
    found = answer("in_a_thread")

    assert found["can"] is False
    assert [each[:2] for each in found["found"]] == [[n, 10.0 * (1 + n)] for n in range(6)]
    assert found["own"] not in {pid for *_, pid in found["found"]}
    assert found["left"] == 10.0


@linux
def test_a_training_can_be_copied():
    """No library that every training imports starts a thread that a copy would lack."""
    assert answer("loaded") is True


@linux
def test_the_first_error_in_the_order_of_tasks_is_raised_as_it_is(tmp_path):
    """Whichever failed first; and what comes after it is not begun any more."""
    found = answer("errors", tmp_path)

    assert found["first"] == 0
    assert found["raised"] == ["task 1 is refused", "use a different one"]
    assert found["begun"] == ["0", "1", "2"]


@linux
def test_an_error_that_cannot_be_sent_is_described():
    assert answer("unpicklable") == "UnsendableError: of a kind of its own"


@linux
def test_a_task_whose_process_is_lost_is_run_by_a_new_one(tmp_path):
    """Once, and the results are those of all tasks in their order."""
    found = answer("lost", tmp_path)

    assert (found["found"], found["killed"]) == ([0, 1, 2, 3, 4, 5], ["1", "4"])
    assert found["processes"] >= 2


@linux
@pytest.mark.parametrize(
    ("ends", "how"),
    [
        (3, "its process was killed by SIGKILL, and the one before it ended too"),
        (4, "its process ended with exit status 7, and the one before it ended too"),
    ],
)
def test_a_task_that_ends_two_processes_is_an_error_that_names_it(ends, how):
    found = answer("killed", ends)

    assert (found["message"], found["task"]) == (f"slow, fold 3 of 5: {how}", 2)
    assert "fewer --workers" in found["advice"]


@linux
@pytest.mark.parametrize(
    ("number", "group"),
    [
        (signal.SIGINT, True),
        (signal.SIGINT, False),
        (signal.SIGTERM, False),
        (signal.SIGKILL, False),
    ],
)
def test_nothing_is_left_running(tmp_path, number, group):
    """Of a program that is interrupted or killed in the middle of its tasks."""
    process = program("waiting", tmp_path)
    children = wait_for(lambda: len(found := named_in(tmp_path)) == 2 and found)
    assert all(map(is_running, children))
    (os.killpg if group else os.kill)(process.pid, number)
    _, err = process.communicate(timeout=60)

    assert process.returncode == -number
    # Of the program alone: a copy says nothing.
    assert err.count("Traceback") == (number == signal.SIGINT)
    wait_for(lambda: not any(map(is_running, children)))


@linux
def test_an_interpreter_ends_although_results_were_not_taken(tmp_path):
    process = program("left_open", tmp_path)
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (0, "null\n", "")
    children = named_in(tmp_path)
    assert children
    wait_for(lambda: not any(map(is_running, children)))


@linux
@pytest.mark.parametrize(("metric", "greedy"), [("accuracy", 0), ("roc_auc", 1)])
def test_a_training_has_the_bits_of_one_process(metric, greedy):
    """Forests, boosting, a search, nested folds, models that are kept, and importance.

    A model that this process has fitted between two rounds of copies spoils none.
    """
    found = answer("bits", metric, greedy)

    assert found["copies"] == found["serial"]
    assert {"forest", "boosting"} & set(found["serial"]["chosen"])
    assert len(found["serial"]["kept"]) == 2 - greedy
    assert found["can"] is True


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(order.time, "perf_counter", lambda: now[0])
    return now


def test_one_of_each_kind_begins_and_then_the_longest(clock):
    """What still runs has taken the time until now."""
    waiting = LongestFirst(["short", "long", "middle"] * 3)

    assert [waiting.begin(), waiting.begin()] == [0, 1]
    clock[0] = 1.0
    waiting.end(0)
    assert waiting.begin() == 2
    clock[0] = 3.0
    waiting.end(2)
    # The first long one has run for 3 s, and the middle one took 2 s.
    assert waiting.begin() == 4
    clock[0] = 10.0
    waiting.end(1)
    waiting.end(4)
    assert [waiting.begin() for _ in range(6)] == [7, 5, 8, 3, 6, None]
    assert len(waiting) == 9


def test_after_a_failure_only_earlier_tasks_begin(clock):
    waiting = LongestFirst(["a", "b", "b", "a", "a", "b"])

    assert [waiting.begin(), waiting.begin()] == [0, 1]
    clock[0] = 1.0
    waiting.end(1)
    clock[0] = 2.0
    waiting.end(0)
    assert [waiting.begin(), waiting.begin()] == [3, 4]
    waiting.stop(4)
    assert [waiting.begin(), waiting.begin()] == [2, None]


def test_tasks_of_one_kind_keep_their_order(clock):
    waiting = LongestFirst([""] * 4)

    assert [waiting.begin() for _ in range(5)] == [0, 1, 2, 3, None]
