"""Reading, listing and finding runs."""

from __future__ import annotations

import json
import os
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.store import sample_run as sample
from tests.store.sample_run import FILES, RUN_ID, write_run

from repro.core.errors import PreconditionError, SchemaError
from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.records import FileEntry, Lineage
from repro.digest.files import sha256_bytes
from repro.store import find_run, list_runs, read_run
from repro.store.disk import read_limited
from repro.store.lineage import _written

FIRST, SECOND, THIRD = (f"20261121-04153{i}-{i}f9a1c" for i in range(3))
READ = sorted({*FILES, "lineage.json"} - {"model.joblib", "report.md", "report.html"})
LISTED = ["config.json", "lineage.json", "metrics.json", "snapshot.json"]


@pytest.fixture
def three(runs):
    """Three runs; the names are not in the order of the times."""
    write_run(runs, SECOND, "2026-11-21T04:15:31+00:00")
    write_run(runs, FIRST, "2026-11-21T04:15:32.5+00:00")
    write_run(runs, THIRD, "2026-11-21T04:15:32.5+00:00")
    return runs


def replace(run, name, content):
    """Put another file into a run, as whoever knows the format can."""
    (run / name).write_bytes(content)
    lineage = load_record((run / "lineage.json").read_bytes(), "lineage.json", Lineage)
    entry = FileEntry(sha256=sha256_bytes(content), size=len(content))
    lineage = lineage.model_copy(update={"files": lineage.files | {name: entry}})
    (run / "lineage.json").write_bytes(dump_record(bound(lineage)))


def test_a_run_reads_back_as_it_was_written(run):
    """Every record, to the last bit."""
    found = read_run(run)

    assert run == found.path
    assert sample.CONFIG == found.config
    assert sample.METRICS == found.metrics
    assert sample.THRESHOLD == found.threshold
    assert sample.STAGES == found.stages
    assert sample.SNAPSHOT == found.snapshot
    assert sample.SEEDS == found.seeds
    assert sample.ENVIRONMENT == found.environment
    assert sample.DRIFT == found.drift_baseline
    assert sample.PREDICTIONS == found.predictions
    assert RUN_ID == found.lineage.run_id


@pytest.mark.parametrize("name", READ)
def test_a_changed_file_is_never_parsed(run, name):
    """Even where it is still well formed."""
    (run / name).write_bytes((run / name).read_bytes() + b"\n")

    with pytest.raises(SchemaError, match=name):
        read_run(run)


@pytest.mark.parametrize("name", READ)
def test_a_missing_file_is_said(run, name):
    """With its name and the next step."""
    (run / name).unlink()

    with pytest.raises(PreconditionError, match=f"{name}: missing") as caught:
        read_run(run)
    assert f"see which files changed: repro verify {run}" == caught.value.advice


@pytest.mark.parametrize("name", READ)
def test_a_link_is_not_followed(run, name):
    """Its target may be anything, at any time."""
    (run / name).rename(run.parent / name)
    (run / name).symlink_to(run.parent / name)

    with pytest.raises(SchemaError, match="found a symbolic link"):
        read_run(run)


@pytest.mark.parametrize("name", sorted({*READ} - {"lineage.json", "config.json"}))
def test_a_file_that_is_no_such_record_is_said(run, name):
    """Where its hash is right."""
    replace(run, name, b"{}")

    with pytest.raises(SchemaError, match=name):
        read_run(run)


def test_a_file_that_the_lineage_does_not_list_is_not_read(run):
    """Without a hash there is nothing to hold it against."""
    lineage = load_record((run / "lineage.json").read_bytes(), "lineage.json", Lineage)
    files = {name: entry for name, entry in lineage.files.items() if name != "metrics.json"}
    lineage = bound(lineage.model_copy(update={"files": files}))
    (run / "lineage.json").write_bytes(dump_record(lineage))

    with pytest.raises(SchemaError, match=r"metrics\.json is not listed"):
        read_run(run)


def test_runs_are_listed_newest_first(three):
    """By the time they started, then by name."""
    entries = list_runs(three)

    assert [THIRD, FIRST, SECOND] == [entry.run_id for entry in entries]
    assert datetime(2026, 11, 21, 4, 15, 31, tzinfo=UTC) == entries[-1].created
    assert [""] * 3 == [entry.damage for entry in entries]
    assert sample.METRICS == entries[0].summary.metrics
    assert sample.SNAPSHOT == entries[0].summary.snapshot
    assert sample.CONFIG == entries[0].summary.config


@pytest.mark.parametrize("name", LISTED)
@pytest.mark.parametrize("harm", ["missing", "changed", "link", "folder"])
def test_a_damaged_run_is_listed_with_the_reason(three, name, harm):
    """It is neither skipped nor the end of the list."""
    path = three / FIRST / name
    content = path.read_bytes()
    path.unlink()
    if harm == "changed":
        path.write_bytes(content[:-1])
    elif harm == "link":
        path.symlink_to("report.md")
    elif harm == "folder":
        path.mkdir()
    entries = {entry.run_id: entry for entry in list_runs(three)}

    assert {FIRST, SECOND, THIRD} == entries.keys()
    assert name in entries[FIRST].damage
    assert entries[FIRST].summary is None
    assert entries[THIRD].damage == entries[SECOND].damage == ""


def test_a_run_that_was_emptied_is_listed_by_its_name(three):
    """Its age is what the name tells."""
    shutil.rmtree(three / SECOND)
    (three / SECOND).mkdir()
    entry = list_runs(three)[-1]

    assert (SECOND, datetime(2026, 11, 21, 4, 15, 31, tzinfo=UTC)) == (entry.run_id, entry.created)
    assert entry.damage.startswith("lineage.json: missing")


def test_a_run_of_no_time_is_damaged(run, runs):
    """A well-formed lineage may still say nothing of use."""
    lineage = load_record((run / "lineage.json").read_bytes(), "lineage.json", Lineage)
    lineage = bound(lineage.model_copy(update={"created": "yesterday"}))
    (run / "lineage.json").write_bytes(dump_record(lineage))

    assert list_runs(runs)[0].damage.startswith("lineage.json: created: ")


def test_what_is_no_run_is_not_listed(three):
    """Files, other folders, unfinished runs."""
    (three / "notes.txt").write_text("")
    (three / "other").mkdir()
    shutil.copytree(three / FIRST, three / f".{FIRST}.partial")
    shutil.copytree(three / FIRST, three / f".{FIRST}-abc.removed")

    assert len(list_runs(three)) == 3


def test_no_folder_has_no_runs(runs):
    """And a file in its place is a precondition."""
    assert list_runs(runs) == ()
    runs.write_text("")
    with pytest.raises(PreconditionError, match="no folder of runs"):
        list_runs(runs)


@pytest.mark.parametrize("ref", [None, "latest", THIRD, THIRD[:-1], "2f9a1c"])
def test_a_run_is_found_by_age_name_beginning_or_end(three, ref):
    """Whatever part of its name only it has."""
    assert three / THIRD == find_run(three, ref)


def test_a_run_is_found_by_path(three, tmp_path, monkeypatch):
    """Wherever it was moved, under whatever name, from inside as well."""
    shutil.copytree(three / FIRST, tmp_path / "handed over")
    monkeypatch.chdir(tmp_path)

    assert Path("handed over") == find_run(three, "handed over")
    assert tmp_path / "handed over" == find_run(three, str(tmp_path / "handed over"))
    monkeypatch.chdir(tmp_path / "handed over")
    assert tmp_path / "handed over" == find_run(three, ".")


@pytest.mark.parametrize("ref", [None, "latest", THIRD, "2f9a1c"])
@pytest.mark.parametrize("harm", ["removed", "edited"])
def test_a_damaged_run_is_found_and_not_passed_over(three, ref, harm):
    """Verifying the newest run must not verify the one before it."""
    path = three / THIRD / "lineage.json"
    path.unlink()
    if harm == "edited":
        path.write_text("{}")
    later = "20261121-041533-3f9a1c"
    (three / THIRD).rename(three / later)
    ref = later if ref == THIRD else "3f9a1c" if ref == "2f9a1c" else ref

    assert three / later == find_run(three, ref)


@pytest.mark.parametrize(
    ("ref", "message", "advice"),
    [
        ("2026", "2026 matches 3 runs", "give more of the name"),
        ("20261121-041530-0f9a1d", "no run '", f"did you mean '{FIRST}'?"),
        ("zzz", "no run 'zzz'", f"the newest are: {THIRD}, {SECOND}, {FIRST}"),
        ("", "no run ''", "the newest are"),
        ("x" * 5000, "no run 'xxx", "the newest are"),
        ("a/b\x00", "no run ", "the newest are"),
        (f".{RUN_ID}.partial", "is not a complete run", "train again"),
    ],
)
def test_a_run_that_is_not_found_is_said_with_those_that_are(three, ref, message, advice):
    """The reader learns what to type instead."""
    (three / f".{RUN_ID}.partial").mkdir()

    with pytest.raises(PreconditionError) as caught:
        find_run(three, ref)
    assert message in caught.value.message
    assert advice in caught.value.advice


@pytest.mark.parametrize("ref", [None, "latest", "some"])
def test_where_there_are_no_runs_yet_the_next_step_is_said(runs, ref):
    """Whether the folder is there or not."""
    with pytest.raises(PreconditionError, match="no runs yet") as caught:
        find_run(runs, ref)
    assert "repro train" in caught.value.advice


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=6))
@example('\x00\x1f\x7f\x80\u2028\ufeff"\\/\b\f\n\r\té\U0001f600')
def test_a_lineage_is_written_alike_for_every_text(text):
    """What it is compared with is what the writer would write, by the library of Python."""
    made = Lineage(
        schema="repro.lineage/v1", run_id=text, experiment=text, created="", version="1",
        command=(text, ""), dataset=None, configuration={}, code={text: "0" * 64}, commit=None,
        dirty=False, files={text: FileEntry(sha256="0" * 64, size=2**53 - 1)}, digest="",
        loaded=(text,), overrides={text: text},
    )  # fmt: skip
    lineage = bound(made)
    value = lineage.model_dump(mode="json", by_alias=True)
    expected = json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"

    assert _written(lineage) == dump_record(lineage) == expected


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="devices and pipes of POSIX")
@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_what_has_no_size_before_it_is_read_is_read_whole(tmp_path, size):
    """Such as a pipe, up to the limit and no further."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for limit in (size, size + 1):
        writer = threading.Thread(target=pipe.write_bytes, args=(b"x" * size,))
        writer.start()
        assert read_limited(pipe, "pipe", limit) == b"x" * size
        writer.join()
    if size == 1:
        writer = threading.Thread(target=pipe.write_bytes, args=(b"x" * 3,))
        writer.start()
        with pytest.raises(SchemaError, match="larger"):
            read_limited(pipe, "pipe", 2)
        writer.join()
