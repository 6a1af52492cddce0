"""Writing: a run is there whole or not at all, whatever happens to its writer."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.store.processes import writer
from tests.store.sample_run import CONTENTS, FILES, MODEL, RUN_ID, lineage, write_run

from repro.core.errors import PreconditionError
from repro.core.jsonfile import binding, dump_record, load_record
from repro.core.records import Lineage
from repro.digest.files import sha256_bytes
from repro.store import (
    FileOutcome,
    PendingRun,
    check_writable,
    find_run,
    integrity,
    list_runs,
    new_run_id,
)

NOW = datetime(2026, 11, 21, 4, 15, 30, tzinfo=UTC)
BEFORE = (*FILES, "lineage.json", "before rename")


def names(runs):
    return sorted(path.name for path in runs.iterdir())


def is_intact(run):
    return {check.outcome for check in integrity(run)} == {FileOutcome.INTACT}


def test_a_run_holds_what_was_written_and_nothing_else(run, runs):
    """The lineage lists every other file, and is itself canonical and bound."""
    content = (run / "lineage.json").read_bytes()
    found = load_record(content, "lineage.json", Lineage)
    expected = {name: sha256_bytes(text) for name, text in CONTENTS.items()}
    expected["model.joblib"] = sha256_bytes(MODEL)

    assert [RUN_ID] == names(runs)
    assert sorted([*FILES, "lineage.json"]) == names(run)
    assert expected == {name: entry.sha256 for name, entry in found.files.items()}
    assert all(entry.size == (run / name).stat().st_size for name, entry in found.files.items())
    assert RUN_ID == found.run_id
    assert binding(found) == found.digest
    assert dump_record(found) == content


def test_a_name_tells_the_second_in_utc():
    """Names sort by time, in whatever zone the clock is read."""
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))

    assert re.fullmatch(r"20261121-041530-[0-9a-f]{6}", new_run_id(NOW))
    assert new_run_id(elsewhere)[:16] == new_run_id(NOW)[:16]
    assert new_run_id(NOW) < new_run_id(NOW + timedelta(seconds=1))


def test_a_taken_name_is_not_taken_again(runs):
    """Neither from a run that is there nor from one that is being written."""
    first = write_run(runs)
    with PendingRun(runs, RUN_ID) as second, PendingRun(runs, second.run_id) as third:
        taken = {RUN_ID, second.run_id, third.run_id}

        assert len(taken) == 3
    assert is_intact(first)


@pytest.mark.parametrize("step", BEFORE)
def test_a_killed_writer_leaves_nothing_that_looks_complete(runs, step):
    """At any step; later runs work, even under the same name."""
    with writer(runs, step) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()

    assert [f".{RUN_ID}.partial"] == names(runs)
    assert list_runs(runs) == ()
    with pytest.raises(PreconditionError, match="no runs yet"):
        find_run(runs, None)
    assert is_intact(write_run(runs))
    assert len(list_runs(runs)) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("step", BEFORE)
def test_an_interrupted_writer_leaves_nothing(runs, step, number):
    """Ctrl-C, and a termination that the command line turns into an exception."""
    with writer(runs, step) as process:
        process.send_signal(number)
        process.wait()

    assert [] == names(runs)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_in_its_place_is_whole(runs, number):
    """Whatever comes after the rename."""
    with writer(runs, "after rename") as process:
        process.send_signal(number)
        process.wait()

    assert [RUN_ID] == names(runs)
    assert is_intact(runs / RUN_ID)


def test_eight_first_runs_at_one_instant_get_eight_names(runs):
    """In a folder that none of them found; all of them want the same name."""
    with ExitStack() as stack:
        processes = [stack.enter_context(writer(runs, "start")) for _ in range(8)]
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        found = {process.communicate(timeout=300)[0].strip() for process in processes}

    assert [0] * 8 == [process.returncode for process in processes]
    assert len(found) == 8
    assert sorted(found) == names(runs)
    assert all(is_intact(runs / name) for name in found)


def test_leaving_without_commit_leaves_nothing(runs):
    """With an exception and without one."""
    with PendingRun(runs, RUN_ID) as pending:
        pending.write("a", b"")
    with pytest.raises(ZeroDivisionError), PendingRun(runs, RUN_ID) as pending:
        pending.write_with("a", lambda path: 1 / 0)

    assert [] == names(runs)


def test_a_failed_claim_leaves_the_other_writers_folder_alone(runs, monkeypatch):
    """Only what this writer made is removed."""
    with PendingRun(runs, RUN_ID) as pending:
        pending.write("a", b"")
        with monkeypatch.context() as patch:
            patch.setattr("repro.store.writing.WriterLock", _fail)
            with pytest.raises(PreconditionError):
                PendingRun(runs, RUN_ID).__enter__()

        assert [f".{RUN_ID}.partial"] == names(runs)
        assert is_intact(pending.commit(lineage()))


def _fail(_):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".x", "a/b", "a\\b", "C:x", "a\nb", "a\x00", " a", "\ud800", "*"],
)
def test_a_name_that_is_not_plain_is_refused(runs, name):
    """A file of a run is one visible file in its folder, on every platform."""
    with PendingRun(runs, RUN_ID) as pending, pytest.raises(PreconditionError, match="cannot be"):
        pending.write(name, b"")


@pytest.mark.parametrize("name", ["a", "A", "lineage.json", "Lineage.JSON"])
def test_a_file_is_written_once(runs, name):
    """Case does not tell two files apart everywhere, and the lineage is nobody else's."""
    with PendingRun(runs, RUN_ID) as pending:
        pending.write("a", b"")
        with pytest.raises(PreconditionError, match="already"):
            pending.write_with(name, Path.touch)


def test_a_callback_writes_its_file_and_no_other(runs):
    """What the lineage would not list must not be in the run."""
    with PendingRun(runs, RUN_ID) as pending:
        with pytest.raises(PreconditionError, match="cannot be written"):
            pending.write_with("nothing", lambda path: None)
        with pytest.raises(PreconditionError, match="found a symbolic link"):
            pending.write_with("link", lambda path: path.symlink_to(runs))
        pending.write("a", b"")
        with pytest.raises(PreconditionError, match="link was written beside"):
            pending.commit(lineage())

    assert [] == names(runs)


def test_a_run_without_files_is_refused(runs):
    """A check that checks nothing would pass it."""
    with PendingRun(runs, RUN_ID) as pending, pytest.raises(PreconditionError, match="no files"):
        pending.commit(lineage())


def test_nothing_is_written_outside_the_context(runs):
    """Neither before it is entered nor after the run is in its place."""
    pending = PendingRun(runs, RUN_ID)
    with pytest.raises(PreconditionError, match="not being written"):
        pending.write("a", b"")
    with pending:
        pending.write("a", b"")
        pending.commit(lineage())
        with pytest.raises(PreconditionError, match="not being written"):
            pending.write("b", b"")

    assert [RUN_ID] == names(runs)


def test_a_folder_of_runs_is_made_and_left_empty(tmp_path):
    """The proof that it can be written leaves no trace."""
    check_writable(tmp_path / "a" / "runs")

    assert [] == names(tmp_path / "a" / "runs")


def _refusal(runs):
    with pytest.raises(PreconditionError) as caught:
        check_writable(runs)
    with pytest.raises(PreconditionError), PendingRun(runs, RUN_ID):
        pass
    assert "--runs FOLDER" in caught.value.advice
    return caught.value.message


def test_a_file_in_the_way_is_said(tmp_path):
    """Before anything is trained."""
    (tmp_path / "runs").write_text("")

    assert _refusal(tmp_path / "runs").endswith("a file or a broken link is in the way")
    assert _refusal(tmp_path / "runs" / "deeper").endswith("is a file, not a folder")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a /proc file system")
def test_a_place_where_nothing_can_be_made_is_said():
    """Not even root makes a folder there."""
    assert "/proc/self/runs: cannot be written: " in _refusal(Path("/proc/self/runs"))


@pytest.fixture
def mounted(tmp_path):
    """A function that mounts a small file system of its own."""
    done = []

    def mount(options):
        folder = tmp_path / "mounted"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"file systems cannot be mounted here: {error}")
        done.append(folder)
        return folder

    yield mount
    for folder in done:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_read_only_file_system_is_said(mounted):
    """With the reason that the system gives."""
    folder = mounted("ro")

    assert _refusal(folder).endswith("the file system is read-only")
    assert _refusal(folder / "runs").endswith("the file system is read-only")


def test_a_full_disk_is_said_and_leaves_nothing(mounted):
    """Before training where it is full already, else when a file does not fit."""
    folder = mounted("size=64k")
    runs = folder / "runs"
    with (
        pytest.raises(PreconditionError, match="no space is left") as caught,
        PendingRun(runs, RUN_ID) as pending,
    ):
        pending.write_with("model.joblib", lambda path: path.write_bytes(bytes(1 << 20)))

    assert caught.value.advice.startswith("free some space")
    assert [] == names(runs)
    with pytest.raises(OSError, match="No space"):
        (folder / "filler").write_bytes(bytes(1 << 20))
    with pytest.raises(PreconditionError, match="no space is left"):
        check_writable(runs)
    assert [] == names(runs)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a /proc file system")
def test_all_is_durable_before_the_run_is_in_its_place(runs, monkeypatch):
    """Files, then the lineage, then the folder, then the name."""
    kinds = []
    sync = os.fsync

    def record(descriptor):
        kinds.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        sync(descriptor)

    monkeypatch.setattr("repro.store.disk.os.fsync", record)
    write_run(runs)

    assert sorted(FILES) == sorted(kinds[:-3])
    assert ["lineage.json", f".{RUN_ID}.partial", "runs"] == kinds[-3:]
