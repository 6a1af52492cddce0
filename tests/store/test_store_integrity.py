"""Integrity: whatever was done to a run is found and named."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys

import pytest
from tests.store.sample_run import FILES, MODEL, RUN_ID

from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.records import FileEntry, Lineage
from repro.digest.files import sha256_bytes
from repro.store import FileCheck, FileOutcome, integrity

LINEAGE = "lineage.json"
ALL = (*FILES, LINEAGE)


def broken(run):
    return {check.name: check.outcome for check in integrity(run) if check.outcome != "intact"}


def details(run):
    return {check.name: check.detail for check in integrity(run) if check.detail}


def rewrite_lineage(run, **changes):
    """Edit the lineage and bind it anew, as whoever knows the format can."""
    lineage = load_record((run / LINEAGE).read_bytes(), LINEAGE, Lineage)
    (run / LINEAGE).write_bytes(dump_record(bound(lineage.model_copy(update=changes))))


def test_a_run_is_intact_as_it_was_written(run):
    """Every file is checked, the lineage first."""
    checks = integrity(run)

    assert [LINEAGE, *sorted(FILES)] == [check.name for check in checks]
    assert {FileOutcome.INTACT} == {check.outcome for check in checks}
    assert sha256_bytes(MODEL) == next(c.actual for c in checks if c.name == "model.joblib")
    assert all(check.expected == check.actual for check in checks)


def test_a_run_is_intact_when_moved_renamed_or_reached_through_a_link(run, tmp_path):
    """Runs are handed over under other names."""
    shutil.copytree(run, tmp_path / "handed over")
    (tmp_path / "link").symlink_to(run)

    assert {} == broken(tmp_path / "handed over") == broken(tmp_path / "link")


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80, 0xFF])
@pytest.mark.parametrize("place", ["first", "middle", "last", "space"])
@pytest.mark.parametrize("name", ALL)
def test_a_flipped_byte_is_found_in_its_file(run, name, place, mask):
    """Anywhere in any file, white space and the last line feed included."""
    content = bytearray((run / name).read_bytes())
    positions = {"first": 0, "middle": len(content) // 2, "last": len(content) - 1}
    positions["space"] = max(content.find(b" "), content.find(b"\n"), 0)
    content[positions[place]] ^= mask
    (run / name).write_bytes(content)

    assert broken(run) == {name: FileOutcome.CHANGED}


def test_every_byte_of_the_lineage_counts(run):
    """No flip of any of its bytes goes unseen or ends in a traceback."""
    content = (run / LINEAGE).read_bytes()
    choice = random.Random(0)
    with (run / LINEAGE).open("r+b", buffering=0) as file:
        for position, byte in enumerate(content):
            os.pwrite(file.fileno(), bytes([byte ^ choice.randint(1, 255)]), position)
            found = broken(run)
            os.pwrite(file.fileno(), bytes([byte]), position)

            assert found == {LINEAGE: FileOutcome.CHANGED}, position


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def _lengthen(path):
    path.write_bytes(path.read_bytes() + b"\n")


def _empty(path):
    path.write_bytes(b"")


def _to_folder(path):
    path.unlink()
    path.mkdir()


def _to_pipe(path):
    path.unlink()
    os.mkfifo(path)


def _to_link(path):
    """The link leads to the very content, so that following it would find nothing."""
    path.rename(path.parent.parent / path.name)
    path.symlink_to(path.parent.parent / path.name)


def _to_broken_link(path):
    path.unlink()
    path.symlink_to("nowhere")


CHANGES = [_truncate, _lengthen, _empty, _to_folder, _to_pipe, _to_link, _to_broken_link]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("name", ALL)
def test_a_replaced_file_is_found(run, name, change):
    """Cut, lengthened, emptied, or something that is no regular file; a link is not followed."""
    change(run / name)

    assert broken(run) == {name: FileOutcome.CHANGED}


@pytest.mark.parametrize("name", ALL)
def test_a_removed_file_is_found(run, name):
    """The lineage too: without it, nothing else can be said."""
    (run / name).unlink()

    assert broken(run) == {name: FileOutcome.MISSING}


@pytest.mark.parametrize("name", FILES)
def test_a_renamed_file_is_found_under_both_names(run, name):
    """What is not there is missing, and what is there instead is not of this run."""
    (run / name).rename(run / "other")

    assert broken(run) == {name: FileOutcome.MISSING, "other": FileOutcome.UNEXPECTED}


def test_what_was_added_is_found(run):
    """Files, hidden ones, folders, links, and names that no terminal should print."""
    (run / "added.txt").write_text("")
    (run / ".hidden").write_text("")
    (run / "folder").mkdir()
    (run / "link").symlink_to("metrics.json")
    (run / "escape\x1b[2J").write_text("")
    (run / os.fsdecode(b"bytes\xff")).write_text("")
    names = ["added.txt", ".hidden", "folder", "link", "escape\\x1b[2J", "bytes\\udcff"]

    assert broken(run) == dict.fromkeys(names, FileOutcome.UNEXPECTED)
    assert details(run)["link"] == "a symbolic link that does not belong to this run"


def test_each_of_several_findings_is_reported(run):
    """One finding does not hide another."""
    (run / "metrics.json").unlink()
    (run / "report.md").write_bytes(b"")

    assert broken(run) == {
        "metrics.json": FileOutcome.MISSING,
        "report.md": FileOutcome.CHANGED,
    }


def test_a_finding_tells_what_was_expected_and_what_is_there(run):
    """A person can look up both."""
    before = sha256_bytes((run / "report.md").read_bytes())
    (run / "report.md").write_bytes(b"x")
    check = next(check for check in integrity(run) if check.name == "report.md")

    expected = FileCheck(
        "report.md", FileOutcome.CHANGED, before, sha256_bytes(b"x"), "1 bytes instead of 16"
    )
    assert expected == check


def test_a_hash_edited_with_its_file_is_found(run):
    """The digest binds the lineage."""
    (run / "report.md").write_bytes(b"# Better\n")
    text = (run / LINEAGE).read_text()
    entry = json.loads(text)["files"]["report.md"]
    text = text.replace(entry["sha256"], sha256_bytes(b"# Better\n"))
    (run / LINEAGE).write_text(text.replace(f'"size": {entry["size"]}', '"size": 9'))

    assert details(run) == {LINEAGE: "edited: its digest does not match its content"}


def test_a_lineage_with_the_same_values_in_other_bytes_is_found(run):
    """White space and the order of keys count."""
    (run / LINEAGE).write_text(json.dumps(json.loads((run / LINEAGE).read_text())))

    assert details(run) == {LINEAGE: "edited: these are not the bytes that were written"}


ENTRY = FileEntry(sha256="0" * 64, size=1)


@pytest.mark.parametrize(
    "files",
    [{}]
    + [{name: ENTRY} for name in ("../x", "/etc/passwd", "a\\b", "", ".", "..", LINEAGE, "\x1b")]
    + [{"a": FileEntry(sha256="0" * 64, size=10**30)}],
)
def test_a_lineage_that_lists_what_cannot_be_is_refused(run, files):
    """It may come from anybody: it must list something, and not lead out of the folder."""
    try:
        rewrite_lineage(run, files=files)
    except ValueError:
        lineage = load_record((run / LINEAGE).read_bytes(), LINEAGE, Lineage)
        (run / LINEAGE).write_bytes(dump_record(lineage.model_copy(update={"files": files})))

    assert broken(run) == {LINEAGE: FileOutcome.CHANGED}


@pytest.mark.parametrize(
    "content", [b"null", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"schema": "repro.lineage/v2"}']
)
def test_a_lineage_that_is_none_is_a_finding(run, content):
    """Never a traceback."""
    (run / LINEAGE).write_bytes(content)

    assert broken(run) == {LINEAGE: FileOutcome.CHANGED}


def test_a_folder_that_is_not_there_has_no_lineage(tmp_path):
    """The same holds for a file in its place."""
    (tmp_path / "file").write_text("")

    assert broken(tmp_path / "none") == {LINEAGE: FileOutcome.MISSING}
    assert broken(tmp_path / "file") == {LINEAGE: FileOutcome.MISSING}


def test_a_file_that_cannot_be_read_is_a_finding(run, monkeypatch):
    """As root no permission is denied, so the refusal is played."""

    def refuse(path):
        if path.name == "report.md":
            raise PermissionError(13, "Permission denied")
        return "0" * 64

    monkeypatch.setattr(sys.modules["repro.store.intact"], "sha256_file", refuse)

    assert details(run)["report.md"] == "cannot be read: Permission denied"
    assert broken(run)["report.md"] == FileOutcome.UNREADABLE


def test_integrity_needs_no_numpy_and_unpickles_nothing(run):
    """It is quick, and safe on a run from anybody."""
    code = (
        # What measures coverage has imported pickle by now.
        "import sys; from pathlib import Path; before = {*sys.modules}\n"
        "from repro.store import integrity, read_run\n"
        "integrity(Path(sys.argv[1])); read_run(Path(sys.argv[1]))\n"
        "slow = {'numpy', 'pandas', 'sklearn', 'joblib', 'pickle'}\n"
        "print(*sorted(slow & ({*sys.modules} - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(run)], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == []


def test_the_name_of_the_run_is_that_of_its_folder(run):
    """The sample is what the other tests take it for."""
    assert run.name == RUN_ID


DETACHED = ["signature.dsse.json", "signature-ci_2.dsse.json", "statement.intoto.json"]


@pytest.mark.parametrize("name", DETACHED)
def test_a_signature_may_be_added_to_a_complete_run(run, name):
    """Whatever it holds: nothing of the run follows from it."""
    (run / name).write_bytes(b"{}")

    assert broken(run) == {}


@pytest.mark.parametrize(
    "name",
    [
        "signature.json",
        "signature.dsse.json.py",
        "signature.dsse.json\n",
        "my-signature.dsse.json",
        "Signature.dsse.json",
        "signature.ci.dsse.json",
        "sitecustomize.py",
    ],
)
def test_a_name_beside_the_reserved_ones_is_unexpected(run, name):
    (run / name).write_bytes(b"{}")

    assert list(broken(run).values()) == [FileOutcome.UNEXPECTED]


@pytest.mark.parametrize("change", [_to_folder, _to_pipe, _to_link, _to_broken_link])
@pytest.mark.parametrize("name", DETACHED)
def test_a_reserved_name_allows_a_file_alone(run, name, change):
    """No folder, link or pipe."""
    (run / name).write_bytes(b"{}")
    change(run / name)

    assert list(broken(run).values()) == [FileOutcome.UNEXPECTED]
