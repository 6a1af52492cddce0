"""Processes of Dask that end in the middle of a task, and the errors of those that always do."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from repro.core.errors import PreconditionError

pytestmark = [
    pytest.mark.scripts,
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX"),
]
LARGE = 2000


@pytest.fixture
def cluster():
    """One worker process on this machine."""
    import cloudpickle

    from repro.executors.dasks import on_this_machine

    # A worker cannot import the tests.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    with on_this_machine(1) as executor:
        yield executor
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def summed(box):
    """End a process if the task names one and nothing did so before, then change the data."""
    number, data, mark, victim = box.pop()
    if victim and not (mark and Path(mark).exists()):
        if mark:
            Path(mark).touch()
        os.kill(os.getpid() if victim == "child" else os.getppid(), signal.SIGKILL)
    data += number
    return data.sum(), os.getpid()


def tasks(data, mark, victim):
    return [[(number, data, mark, victim if number == 2 else "")] for number in range(5)]


@pytest.mark.parametrize("victim", ["child", "worker"])
def test_a_task_is_done_again(cluster, tmp_path, victim):
    """With its own copy of what it shares; the only worker had the only copies."""
    data = np.ones(LARGE)
    found = list(cluster.results(summed, tasks(data, str(tmp_path / "mark"), victim)))

    assert [total for total, _ in found] == [LARGE * (1 + number) for number in range(5)]
    assert (tmp_path / "mark").exists()
    assert os.getpid() not in {pid for _, pid in found}
    assert data.sum() == LARGE


@pytest.mark.parametrize("victim", ["child", "worker"])
def test_a_task_that_always_ends_its_process_is_an_error(cluster, victim):
    with pytest.raises(PreconditionError, match=r"a task (was lost 5 times|ended every worker)"):
        list(cluster.results(summed, tasks(np.ones(LARGE), "", victim)))


def refused(box):
    raise PreconditionError("the estimator refuses it", advice="use a different one")


def test_an_error_of_a_task_is_raised_as_it_is(cluster):
    with pytest.raises(PreconditionError) as raised:
        list(cluster.results(refused, [[(1,)]]))

    assert (raised.value.message, raised.value.advice) == (
        "the estimator refuses it", "use a different one",
    )  # fmt: skip


def test_what_tasks_share_is_sent_once(cluster):
    """In two calls with the same content too; what is small or a task's own is not shared."""
    from repro.executors.parcels import packed

    data = np.ones(LARGE)
    parcels, contents = packed(summed, [box[0] for box in tasks(data, "", "")])
    list(cluster.results(summed, tasks(data, "", "")))
    before = dict(cluster._kept)
    list(cluster.results(summed, tasks(data.copy(), "", "")))

    assert {each.places for each in parcels} == {(1,)}
    assert before.keys() == contents.keys() == cluster._kept.keys()
    assert len(before) == 1
    assert [kept.key for kept in before.values()] == [k.key for k in cluster._kept.values()]
