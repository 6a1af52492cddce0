"""``matrix.yaml`` is read strictly, and CI and the local runner see the same cells."""

import json

import pytest
from tests.conftest import ROOT, command
from tests.matrix.conftest import MATRIX

from repro.app.matrix.cells import read_matrix
from repro.core.errors import ConfigError

DIGEST = "sha256:" + "0" * 64
GOOD = f'runner: ubuntu-24.04, python: "3.13", image: "debian:13@{DIGEST}"'


@pytest.fixture
def read(tmp_path):
    """A function that reads one cell, or a whole file."""

    def read(cell="", text=""):
        file = tmp_path / "matrix.yaml"
        text = text or f"schema: repro.matrix/v1\ncells:\n  here: {{{cell}}}\n"
        file.write_text(text, encoding="utf-8")
        return read_matrix(file)

    return read


def test_the_cells_cover_what_the_project_promises():
    """Images of each system and interpreter by digest, both architectures, three systems."""
    cells = read_matrix(ROOT / "matrix.yaml").cells
    images = [cell.image.partition("@")[0] for cell in cells.values() if cell.image]
    families = {image.rpartition("/")[2].partition("-")[0] for image in images}

    assert {cell.python for cell in cells.values()} == {"3.11", "3.12", "3.13", "3.14"}
    assert {cell.platform for cell in cells.values()} == {
        ("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"), ("Windows", "AMD64"),
    }  # fmt: skip
    assert families >= {
        "python:3.11", "python:3.12", "python:3.13", "debian:bookworm", "debian:trixie",
        "debian:forky", "ubuntu:22.04", "ubuntu:24.04", "ubuntu:26.04",
        "fedora:43", "rockylinux:9", "own",
    }  # fmt: skip


def test_a_cell_is_read_as_it_is_written(read):
    (cell,) = read(f"{GOOD}, packages: [python3, python3-venv]").cells.values()

    assert (cell.python, cell.packages, cell.platform) == (
        "3.13", ("python3", "python3-venv"), ("Linux", "x86_64"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (f"{GOOD}, stand-in: chroot", "matrix.yaml:3: unknown key 'cells.here.stand-in'; did you"),
        ('runner: ubuntu-24.04, python: "3.13", image: debian:13', "cells.here.image: string"),
        (f'runner: ubuntu-24.04, python: "3.13", image: "debian@{DIGEST[:-1]}"', "here.image"),
        ("runner: ubuntu-24.04, python: 3.13", "cells.here.python: input should be a valid string"),
        ('runner: ubuntu-latest, python: "3.13"', "cells.here.runner: input should be 'ubuntu"),
        ("runner: ubuntu-24.04", "missing key 'cells.here.python'"),
        (f"{GOOD}, suite: trixie", "suite and 'stand_in: chroot': each needs the other"),
        (f"{GOOD}, stand_in: native", "here.stand_in: input should be 'interpreter', 'chroot'"),
        (f"{GOOD}, stand_in: chroot", "suite and 'stand_in: chroot': each needs the other"),
        (f"{GOOD}, stand_in: emulation", "only Linux on arm64 can be emulated"),
        (
            'runner: ubuntu-24.04, python: "3.13", packages: [git]',
            "packages: allowed only with an image",
        ),
        (
            'runner: ubuntu-24.04, python: "3.11", lock: requirements-oldest.txt',
            "lock: allowed only with an image",
        ),
        (f"{GOOD}, lock: other.txt", "here.lock: input should be 'requirements.txt' or"),
        (f"{GOOD}, level: nonsense", "cells.here.level: input should be 'seeded', 'strict'"),
        (f'{GOOD}, packages: ["git; reboot"]', "cells.here.packages.0: string should match"),
    ],
)
def test_a_mistake_is_named_with_its_place(read, cell, message):
    with pytest.raises(ConfigError) as caught:
        read(cell)

    assert message in caught.value.message
    assert caught.value.message.startswith("matrix.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "schema: repro.matrix/v1\ncells: {}\n",
        f"schema: repro.matrix/v2\ncells:\n  here: {{{GOOD}}}\n",
        f"schema: repro.matrix/v1\ncells:\n  here: {{{GOOD}}}\n  here: {{{GOOD}}}\n",
        f"schema: repro.matrix/v1\ncells:\n  ../here: {{{GOOD}}}\n",
        f"schema: repro.matrix/v1\nextra: 1\ncells:\n  here: {{{GOOD}}}\n",
    ],
    ids=["no cell", "another version", "one name twice", "a name that is a path", "another key"],
)
def test_what_is_no_matrix_is_refused(read, text):
    with pytest.raises(ConfigError, match=r"matrix\.yaml"):
        read(text=text)


@pytest.mark.parametrize("content", [b"\xff", b"schema: \xb1", b"\xfe\xff\0a", b"a: \xed\xa0\x80"])
def test_bytes_that_are_no_text_are_refused(tmp_path, content):
    """The place of the first of them is named."""
    (tmp_path / "matrix.yaml").write_bytes(content)

    with pytest.raises(ConfigError, match=r"matrix\.yaml: not UTF-8 at byte \d"):
        read_matrix(tmp_path / "matrix.yaml")


def test_a_matrix_that_is_missing_is_named(tmp_path):
    """By a sentence."""
    with pytest.raises(ConfigError, match=r"matrix\.yaml: no such file; it lists the cells"):
        read_matrix(tmp_path / "matrix.yaml")


def test_ci_gets_every_cell_once():
    """As fromJSON takes it, on one line."""
    done = command(*MATRIX, "--github")
    cells = read_matrix(ROOT / "matrix.yaml").cells

    assert (done.status, done.out.count("\n")) == (0, 1)
    assert json.loads(done.out) == {
        "include": [
            {"name": name, "runner": cell.runner, "python": cell.python}
            for name, cell in cells.items()
        ]
    }


def test_a_cell_that_does_not_exist_is_a_mistake():
    done = command(*MATRIX, "--cell", "debian12")

    assert (done.status, "did you mean 'debian-12'?" in done.err) == (2, True)


def test_the_list_names_every_cell():
    done = command(*MATRIX, "--list")

    assert [line.split()[0] for line in done.out.splitlines()[1:]] == [
        *read_matrix(ROOT / "matrix.yaml").cells
    ]
