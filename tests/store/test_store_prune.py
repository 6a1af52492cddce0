"""Pruning: only what was planned goes, and none of it halfway."""

from __future__ import annotations

import shutil
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.store.processes import writer
from tests.store.sample_run import RUN_ID, write_run

from repro.core.errors import ConfigError, PreconditionError
from repro.store import FileOutcome, integrity, list_runs, plan_prune, remove
from repro.store.lock import WRITER

NOW = datetime.now(UTC)
DAYS = [0, 1, 2, 3, 4]


@pytest.fixture
def aged(runs):
    """Five runs; the last character of the name is the age in days."""
    for days in DAYS:
        created = NOW - timedelta(days=days)
        write_run(runs, f"{created:%Y%m%d-%H%M%S}-00000{days}", created.isoformat())
    return runs


def ages(entries):
    return [int(entry.run_id[-1]) for entry in entries]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, []),
        ({"keep": 0}, DAYS),
        ({"keep": 3}, [3, 4]),
        ({"keep": 9}, []),
        ({"older_than_days": 2}, [2, 3, 4]),
        ({"older_than_days": 0.5}, [1, 2, 3, 4]),
        ({"older_than_days": 9}, []),
        ({"keep": 4, "older_than_days": 2}, [4]),
        ({"keep": 1, "older_than_days": 3}, [3, 4]),
    ],
)
def test_a_run_goes_only_if_every_limit_lets_it(aged, limits, expected):
    """A plan is a value; nothing is removed by it."""
    assert expected == ages(plan_prune(aged, now=NOW, **limits).runs)
    assert len(list_runs(aged)) == 5


def test_what_was_planned_goes_and_nothing_else(aged):
    """Not a trace of it stays."""
    remove(plan_prune(aged, keep=2, now=NOW).paths)

    assert [0, 1] == ages(list_runs(aged))
    assert len(list(aged.iterdir())) == 2


def test_a_damaged_run_neither_goes_nor_counts(aged):
    """It may be evidence, and must not push out a good one."""
    newest = list_runs(aged)[0].path
    (newest / "metrics.json").unlink()

    assert [3, 4] == ages(plan_prune(aged, keep=2, now=NOW).runs)
    assert [1, 2, 3, 4] == ages(plan_prune(aged, keep=0, now=NOW).runs)


@pytest.mark.parametrize("limits", [{"keep": -1}, {"older_than_days": -1}])
def test_a_negative_limit_is_refused(aged, limits):
    """Counting from the other end would remove the newest."""
    with pytest.raises(ConfigError):
        plan_prune(aged, now=NOW, **limits)


def test_no_folder_has_nothing_to_prune(runs):
    """Neither runs nor leftovers."""
    assert plan_prune(runs, keep=0, partial=True, now=NOW).paths == ()


def test_an_interrupted_removal_leaves_nothing_that_looks_like_a_run(aged, monkeypatch):
    """The next one finishes it."""
    with monkeypatch.context() as patch:
        patch.setattr("repro.store.prune.shutil.rmtree", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            remove(plan_prune(aged, keep=4, now=NOW).paths)

    assert [0, 1, 2, 3] == ages(list_runs(aged))
    later = NOW + timedelta(days=2)
    remove(plan_prune(aged, partial=True, now=later).paths)
    assert len(list(aged.iterdir())) == 4


def _interrupt(_):
    raise KeyboardInterrupt


def test_a_link_to_a_run_goes_and_the_run_stays(run, tmp_path):
    """What others keep elsewhere is not ours to remove."""
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / RUN_ID).symlink_to(run)
    remove(plan_prune(tmp_path / "linked", keep=0, now=NOW).paths)

    assert [] == list((tmp_path / "linked").iterdir())
    assert (run / "lineage.json").is_file()


@pytest.mark.parametrize("name", ["folder", "file", "absent"])
def test_what_is_no_run_is_not_removed(tmp_path, name):
    """A slip must not cost a home folder."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")

    with pytest.raises(PreconditionError, match="not a run"):
        remove([tmp_path / name])


def test_what_a_living_writer_writes_stays(runs):
    """However many ask at once."""
    with writer(runs, "metrics.json"):
        assert plan_prune(runs, partial=True, now=NOW).paths == ()
        assert plan_prune(runs, partial=True, now=NOW).paths == ()


def test_what_a_killed_writer_left_goes_at_once(runs):
    """The system lets go of its lock."""
    with writer(runs, "metrics.json") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()

    assert plan_prune(runs, now=NOW).paths == ()
    plan = plan_prune(runs, partial=True, now=NOW)
    assert (runs / f".{RUN_ID}.partial",) == plan.leftovers
    remove(plan.paths)
    assert [] == list(runs.iterdir())


@pytest.mark.parametrize("sign", [None, b"", b"another host"])
def test_what_tells_nothing_of_its_writer_goes_after_a_day(runs, sign):
    """Without a lock, before it is held, and from another machine."""
    folder = runs / f".{RUN_ID}.partial"
    folder.mkdir(parents=True)
    if sign is not None:
        (folder / WRITER).write_bytes(sign)

    assert plan_prune(runs, partial=True, now=NOW + timedelta(hours=23)).paths == ()
    assert plan_prune(runs, partial=True, now=NOW + timedelta(hours=25)).paths == (folder,)


def test_a_writer_without_locks_is_told_by_age(runs, monkeypatch):
    """Some file systems have none; the run is written all the same."""
    monkeypatch.setattr("repro.store.lock.acquire", _unsupported)
    seen = []

    def look(_):
        seen.append(plan_prune(runs, partial=True, now=NOW).paths)

    path = write_run(runs, reached=look)

    assert set(seen[:-1]) == {()}
    assert {FileOutcome.INTACT} == {check.outcome for check in integrity(path)}


def _unsupported(_):
    raise OSError(95, "Operation not supported")


def test_a_folder_that_cannot_be_removed_is_said(run, monkeypatch):
    """With the reason that the system gives."""

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(PreconditionError, match="you have no permission to write to it"):
        remove([Path(run)])
