"""Files that commands write: never over what they read, never into a run, whole or not at all."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT, command

from repro.app.files import check_targets, write_whole
from repro.core.errors import ConfigError, PreconditionError

RECORD = ROOT / "tests" / "data" / "record_v1.json"


@pytest.fixture
def folder(tmp_path):
    """A record, and what looks like a run."""
    shutil.copy(RECORD, tmp_path / "ow.json")
    (tmp_path / "run" / "deep").mkdir(parents=True)
    (tmp_path / "run" / "lineage.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (["ow.json"], "is an input of this command"),
        (["link.json"], "is an input of this command"),
        (["run/../ow.json"], "is an input of this command"),
        (["run/page.html"], "inside the run run"),
        (["run/deep/page.html"], "inside the run run"),
        (["read/page.html"], "inside the run read"),
        (["run"], "is a folder"),
        (["new.html", "new.html"], "named twice"),
        (["new.html", "run/../new.html"], "named twice"),
    ],
)
def test_a_target_that_would_replace_something_is_refused(folder, targets, words):
    """Whatever its path is written like."""
    (folder / "link.json").symlink_to(folder / "ow.json")
    (folder / "read").mkdir()  # a run whose lineage was taken away
    inputs = [folder / "ow.json", folder / "read", None]
    with pytest.raises(ConfigError) as caught:
        check_targets([folder / name for name in targets], inputs)

    assert words in caught.value.message
    assert caught.value.advice


@pytest.mark.parametrize(
    "name",
    ["configs/base.yaml", "configs/models/knn.yaml", "data/table.csv", "data/more/table.csv", "l"],
)
def test_an_input_of_a_project_is_no_target(folder, name):
    """Its configuration and its data are read by every command, whatever names them."""
    for path in ("configs/base.yaml", "configs/models/knn.yaml", "data/table.csv"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("kept")
    (folder / "data" / "more").mkdir()
    (folder / "data" / "more" / "table.csv").write_text("kept")
    (folder / "l").symlink_to(folder / "data" / "table.csv")

    with pytest.raises(ConfigError, match="is an input of the project"):
        check_targets([folder / name])

    check_targets([folder / "data" / "predictions.csv", folder / "configs.json"])


@pytest.mark.parametrize(
    ("target", "status", "words"),
    [
        ("run/metrics.json", 2, "inside the run run"),
        ("run/lineage.json", 2, "inside the run run"),
        ("run/deep/new.json", 2, "inside the run run"),
        ("configs/base.yaml", 2, "is an input of the project"),
        ("configs/models/knn.yaml", 2, "is an input of the project"),
        ("data/credit.csv", 2, "is an input of the project"),
        ("reference/wine.json", 3, "is a reference of 'wine'"),
        ("notes.json", 3, "not a reference"),
    ],
)
def test_a_saved_reference_replaces_an_older_one_alone(project, target, status, words):
    """Before anything is trained."""
    (project.path / "run" / "deep").mkdir(parents=True)
    for name in ("run/lineage.json", "run/metrics.json", "notes.json"):
        project.write(name, "{}")
    project.write("reference/wine.json", '{"experiment": "wine"}')
    before = {path: path.read_bytes() for path in project.path.rglob("*") if path.is_file()}
    script = ROOT / "scripts" / "validate_reproducibility.py"
    arguments = ("--project", project.path, "--experiment", "credit", "--profile", "debug")
    result = command(script, *arguments, "--save-reference", project.path / target)

    assert (result.status, words in result.err, "training" in result.err) == (status, True, False)
    assert {p: p.read_bytes() for p in project.path.rglob("*") if p.is_file()} == before


def test_other_targets_are_accepted_and_not_touched(folder):
    """A new file, one that is there, and a device twice; nothing is left behind."""
    (folder / "old.json").write_text("old")
    before = sorted(folder.rglob("*"))
    check_targets(
        [folder / "new.html", folder / "new" / "x.json", None, folder / "old.json"],
        [folder / "ow.json"],
    )
    check_targets([Path(os.devnull)] * 2, [folder / "ow.json"])

    assert (sorted(folder.rglob("*")), (folder / "old.json").read_text()) == (before, "old")


def test_a_file_is_no_folder(folder):
    """Before any work is done."""
    with pytest.raises(PreconditionError, match="cannot be written: Not a directory"):
        check_targets([folder / "ow.json" / "page.html"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "ow.json", "other.json", "-o", "ow.json"),
        ("compare", "ow.json", "other.json", "-o", "other.json"),
        ("compare", "ow.json", "other.json", "--report", "run/page.html"),
        ("compare", "ow.json", "other.json", "-o", "x.html", "--report", "x.html"),
        ("verify", "ow.json", "--integrity", "-o", "ow.json"),
        ("noise", "ow.json", "--project", ROOT, "-o", "ow.json"),
    ],
)
def test_commands_refuse_before_they_begin(folder, arguments):
    """Exit status 2, no training, and every file as it was."""
    shutil.copy(RECORD, folder / "other.json")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    result = command("-m", "repro", *arguments, cwd=folder)

    assert (result.status, result.out, "training" in result.err) == (2, "", False), result.err
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_leaves_nothing_behind(tmp_path):
    """Neither a part of the file nor a temporary one, and the old file is as it was."""
    (tmp_path / "old.json").write_text("old")
    script = (
        "import resource, sys; from pathlib import Path;"
        "from repro.app.files import write_whole;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        "write_whole(Path(sys.argv[1]), bytes(10**6))"
    )
    for name in ("old.json", "new.json"):
        result = command("-c", script, tmp_path / name)
        assert "cannot be written" in result.err

    assert [path.name for path in tmp_path.iterdir()] == ["old.json"]
    assert (tmp_path / "old.json").read_text() == "old"


def test_a_file_has_the_rights_of_any_new_file(tmp_path):
    """And not those of a temporary one."""
    write_whole(tmp_path / "file", b"content")
    (tmp_path / "plain").touch()

    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "file").read_bytes() == b"content"
