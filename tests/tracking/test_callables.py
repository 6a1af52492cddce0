"""The fixture ``reproducible`` on all that can be called, and on what it cannot judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tracking.test_plugin import run

TESTS = """
import functools
import os
import threading
from pathlib import Path

import pytest


def undigested():
    return {"lock": threading.Lock(), "drawn": os.urandom(4).hex()}


class Model:
    def __init__(self, scale=1):
        self.scale = scale

    def train(self):
        return self.scale

    def draw(self):
        return os.urandom(4).hex()

    def __call__(self):
        return os.urandom(4).hex()


def wrapped(function):
    @functools.wraps(function)
    def inner():
        return function()
    return inner


@wrapped
def decorated():
    return 3


def generated():
    yield os.urandom(4).hex()


async def awaited():
    return os.urandom(4).hex()


def kept():
    path = Path("kept.txt")
    if not path.exists():
        path.write_text(os.urandom(4).hex())
    return path.read_text()


def first():
    return 1

earlier = first

def first():
    return os.urandom(4).hex()


def same(x):
    return x


@pytest.mark.parametrize("name, function", [
    ("method", Model(7).train),
    ("decorated", decorated),
    ("earlier", earlier),
    ("partial", functools.partial(same, 3)),
    ("drawing", Model().draw),
    ("callable", Model()),
    ("drawing_partial", functools.partial(Model().draw)),
    ("generated", generated),
    ("awaited", awaited),
    ("kept", kept),
    ("built_in", os.getpid),
    ("undigested", undigested),
])
def test_of(reproducible, name, function):
    reproducible(function)


def test_of_names(reproducible):
    with pytest.raises(ValueError, match="allow 'most': expected one of identical, equivalent"):
        reproducible(decorated, allow="most")
    with pytest.raises(ValueError, match="level 'high': expected one of"):
        reproducible(decorated, level="high")
"""


@pytest.fixture
def session(tmp_path: Path) -> Path:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "test_them.py").write_text(TESTS)
    return tmp_path


def failures(output: str) -> set[str]:
    lines = [line for line in output.splitlines() if line.startswith("FAILED")]
    return {line.partition("[")[2].partition("-")[0] for line in lines}


def test_what_can_be_called(session: Path) -> None:
    done = run(session)
    assert failures(done.stdout) == {
        "drawing", "callable", "drawing_partial", "generated", "awaited", "kept", "built_in",
        "undigested",
    }  # fmt: skip
    assert "5 passed" in done.stdout
    assert "a coroutine runs nothing" in done.stdout
    assert "undigested returns dict, which has no digest" in done.stdout
    # What a function left behind does not make it reproducible.
    assert "kept is not reproducible" in done.stdout


def test_modules_that_no_folder_of_the_path_has(session: Path) -> None:
    done = run(session, "--import-mode=importlib", "-k", "method or drawing- or decorated")
    assert failures(done.stdout) == {"drawing"}
    assert "2 passed" in done.stdout


def test_a_level_that_does_not_exist(session: Path) -> None:
    done = run(session, "--repro-level", "high")
    assert done.returncode == 4
    assert "--repro-level high: expected one of" in done.stderr
