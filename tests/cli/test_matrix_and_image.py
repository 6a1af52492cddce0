"""`repro matrix` and `repro image` in other projects than repro's own: sentences, no traceback."""

import hashlib
import json
import platform
import sys

import pytest
from tests.conftest import command

from repro.app.matrix.cells import PLATFORMS
from repro.execution.places import UnavailableError
from repro.execution.places.wheels import wheels
from repro.execution.places.workspace import Workspace

VERSION = "{}.{}".format(*sys.version_info)
RUNNER = next(
    name for name, kind in PLATFORMS.items() if kind == (platform.system(), platform.machine())
)
CELL = f'schema: repro.matrix/v1\ncells:\n  one: {{runner: {RUNNER}, python: "{VERSION}"'
PINNED = "==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"


@pytest.fixture
def repro(tmp_path):
    """A function that runs a command in a folder of its own, which is a project or not."""

    def repro(*words, project=True, **files):
        if project:
            (tmp_path / "configs").mkdir(exist_ok=True)
            (tmp_path / "configs" / "base.yaml").touch()
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(text, encoding="utf-8")
        return command("-m", "repro", *words, cwd=tmp_path)

    return repro


@pytest.mark.parametrize(
    "words",
    [
        ("matrix", "--help"), ("image", "--help"), ("image", "build", "--help"),
        ("image", "check", "-h"), ("image", "wheelhouse", "--help"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_help_needs_no_project(repro, words):
    """Nor anything else than the installed package."""
    result = repro(*words, project=False)

    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(f"Usage: repro {' '.join(words[:-1])} ")


@pytest.mark.parametrize(
    "words",
    [("matrix",), ("matrix", "--list"), ("image", "build"), ("image", "check"),
     ("image", "wheelhouse")],
    ids=" ".join,
)  # fmt: skip
def test_without_a_project_it_says_how_to_name_one(repro, words):
    result = repro(*words, project=False)

    assert (result.status, result.out) == (3, "")
    assert result.err.startswith("error: no configs/base.yaml in ")
    assert "--project" in result.err


@pytest.mark.parametrize("words", [(), ("--list",), ("--github",), ("--cell", "one")], ids=" ".join)
def test_a_project_without_a_matrix_gets_an_example(repro, words):
    """An example that is a matrix: taken as it is printed, it is read."""
    result = repro("matrix", *words)
    example = result.err.split("such as:\n")[1]
    lines = "\n".join(line.removeprefix("       ") for line in example.splitlines())

    assert (result.status, "matrix.yaml: no such file" in result.err) == (2, True)
    assert repro("matrix", "--list", matrix_yaml=lines + "\n").status == 0


def test_a_matrix_may_have_any_name(repro):
    result = repro("matrix", "--matrix", "mine.yaml", "--list", "--json", mine_yaml=CELL + "}\n")

    assert result.status == 0, result.err
    assert list(result.json["cells"]) == ["one"]


def test_a_cell_without_a_lock_is_skipped_with_the_reason(project):
    """Before anything is trained, since no record could be compared with the lock."""
    project.write("matrix.yaml", CELL + "}\n")
    (project.path / "requirements.txt").unlink(missing_ok=True)
    result = project.repro("matrix", "--json")

    assert result.status == 3
    assert json.loads(result.out)["cells"][0]["reason"] == "the project has no requirements.txt"


@pytest.fixture
def fetched(tmp_path):
    """A function that returns the folder of locked wheels that an earlier call fetched."""

    def fetched(lock):
        (tmp_path / "requirements.txt").write_text(lock, encoding="utf-8")
        digest = hashlib.sha256(lock.encode()).hexdigest()[:12]
        (tmp_path / "wheels").mkdir()
        (tmp_path / "wheels" / f".{VERSION}-{platform.machine()}-{digest}").touch()
        (tmp_path / "wheels" / "own").mkdir()
        return wheels(Workspace(tmp_path, "one"), tmp_path, VERSION, platform.machine())

    return fetched


@pytest.mark.parametrize("name", ["click", "repro-tools", "reproduce"])
def test_a_lock_has_to_say_which_repro_a_cell_installs(fetched, name):
    with pytest.raises(UnavailableError, match="neither its wheel"):
        fetched(name + PINNED)


@pytest.mark.parametrize("lock", ["repro" + PINNED, "click" + PINNED + "Repro" + PINNED])
def test_a_lock_that_pins_repro_needs_no_source_of_it(fetched, tmp_path, lock):
    """And no wheel of an earlier call is taken for it."""
    assert fetched(lock) == tmp_path / "wheels"
    assert not (tmp_path / "wheels" / "own").exists()


@pytest.mark.parametrize("change", ["", "another byte", "no file"])
def test_the_wheel_that_a_project_brings_along_is_taken_by_its_hash(fetched, tmp_path, change):
    (tmp_path / "vendor").mkdir()
    wheel = tmp_path / "vendor/repro-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"content")
    digest = hashlib.sha256(b"content").hexdigest()
    (tmp_path / "requirements-repro.txt").write_text(
        f"# repro\n./vendor/{wheel.name} \\\n    --hash=sha256:{digest}\n"
    )
    if change == "another byte":
        wheel.write_bytes(b"contend")
    elif change:
        wheel.unlink()

    if not change:
        assert (fetched("click" + PINNED) / "own" / wheel.name).read_bytes() == b"content"
    else:
        with pytest.raises(UnavailableError, match=r"not the wheel whose hash|cannot be read"):
            fetched("click" + PINNED)


IMAGE = {
    "Dockerfile": "FROM scratch\n",
    ".dockerignore": "*\n!Dockerfile\n!requirements.txt\n",
    "requirements.txt": "click" + PINNED,
}


@pytest.mark.parametrize("words", [("build", "--no-load"), ("check",)], ids=" ".join)
@pytest.mark.parametrize("missing", IMAGE)
def test_a_file_that_an_image_needs_is_named(repro, tmp_path, words, missing):
    """Whatever builders are installed."""
    for name, text in IMAGE.items():
        if name != missing:
            (tmp_path / name).write_text(text, encoding="utf-8")
    result = repro("image", *words)

    assert (result.status, result.out) == (2, "")
    assert f"' has no {missing}, " in result.err
    assert "next: write it, or name a project that has one with --project" in result.err


@pytest.mark.parametrize("target", ["build/image", "oci:", "docker:image", "oci", ":image"])
def test_a_target_that_is_no_layout_is_refused(repro, target):
    result = repro("image", "build", "--output", target)

    assert (result.status, f"--output {target}: expected oci:FOLDER" in result.err) == (2, True)


def test_the_wheelhouse_needs_a_lock_and_a_version(repro, tmp_path):
    """Each is named; nothing is fetched."""
    without = repro("image", "wheelhouse")
    version = repro("image", "wheelhouse", Dockerfile="ARG BASE_NAME=debian:13\n")
    lock = repro("image", "wheelhouse", "--python", "3.13")

    assert (without.status, "has no Dockerfile" in without.err) == (2, True)
    assert (version.status, "BASE_NAME does not name a version" in version.err) == (3, True)
    assert (lock.status, "has no requirements.txt" in lock.err) == (2, True)
    assert not (tmp_path / "wheelhouse").exists()
