"""Functions in copies of the process: order, errors, lost copies, and what is left running."""

import os
import signal
from functools import partial

import pytest

from tests.alive import is_running
from tests.executors import test_forks
from tests.executors.test_forks import linux, named_in, wait_for

pytestmark = linux
answer = partial(test_forks.answer, module="beside_forked")
program = partial(test_forks.program, module="beside_forked")


def test_one_after_the_other_beside_the_process(tmp_path):
    """More at a time would take a processor from the fits."""
    found = answer("one_after_the_other", tmp_path)

    assert found["went_on"]
    assert [each["number"] for each in found["found"]] == [2, 1, 0]
    assert [each["together"] for each in found["found"]] == [0, 0, 0]
    assert len({found["own"], *(each["pid"] for each in found["found"])}) == 4


def test_results_that_no_pipe_holds():
    assert answer("many_bytes") == [7_000_000, 5_000_000]


def test_a_result_may_be_taken_while_the_next_one_waits_for_it():
    """Whoever is first, nothing waits for ever."""
    found = answer("results_at_once")

    assert found == [each for number in range(100) for each in (number, -number)]


def test_where_no_copy_can_be_made_nothing_is_begun():
    assert answer("no_more_processes") is None


def test_nothing_changes_in_the_process():
    assert answer("nothing_changes") == {"found": 1, "left": []}


def test_a_function_whose_copy_was_killed_runs_in_the_process():
    """And the one behind it is not lost with it."""
    assert answer("lost_beside") == ["xxx", "in this process"]


def test_an_error_is_raised_where_the_result_is_asked_for():
    assert answer("error_beside") == ["it is refused", "use a different one"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_no_copy_outlives_the_process(tmp_path, number):
    process = program("waiting_beside", tmp_path)
    (copy,) = wait_for(lambda: named_in(tmp_path))
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    process.communicate(timeout=60)

    wait_for(lambda: not is_running(copy))


def test_a_result_that_nobody_asks_for_is_not_waited_for(tmp_path):
    assert answer("forgotten_beside", tmp_path) is None
    (copy,) = named_in(tmp_path)
    assert not is_running(copy)


def test_nothing_is_begun_beside_threads_or_on_one_processor():
    assert answer("none_beside") == [None, None]


def test_stages_beside_the_fits_make_the_same():
    """Functions of the user are called in the process that trains, where they are observed."""
    found = answer("stages_beside")

    assert found == {
        "plain": {
            "begun": [["constant", "leakage", "drift"], ["evaluate", "check"]],
            "calls": [],
            "same": True,
        },
        "own": {"begun": [["leakage", "drift"]], "calls": [True], "same": True},
    }
