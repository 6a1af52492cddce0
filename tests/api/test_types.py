"""A program of a user that calls the functions has types."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import repro

SCRIPT = """\
from pathlib import Path

import repro

run = repro.train("wine", settings={"split.test_size": 0.3}, progress=print)
path: Path = run.path
score: float = run.scores["accuracy"]
found = repro.verify(path, tolerance="auto")
passed: bool = found.passed and repro.compare(path, "a.json", tolerance=0.1).passed
stage: str | None = found.first_divergent
seed: int = repro.load_config("wine").config.seed
forest: int = repro.seed_all(seed, names=["forest"]).random_states["forest"]
fixes: list[str] = [finding.fix for finding in repro.ensure_reproducibility(seed).findings]
label = repro.load_run(path).predict("new.csv")[0]
version: str = repro.__version__
derived: int = repro.derive_seed(seed, "cv", 3)
"""
WRONG = """\
import repro

repro.train("wine", sede=7)
repro.verify(tolerance="much")
seed: str = repro.derive_seed(42, "a")
repro.tarin()
"""


def mypy(folder, code: str) -> subprocess.CompletedProcess[str]:
    script = folder / "script.py"
    script.write_text(code)
    cache = folder / "cache"
    command = ["-m", "mypy", "--strict", "--config-file", "", "--cache-dir", cache, script]
    return subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_program_of_a_user_passes_and_mistakes_are_found(tmp_path) -> None:
    """From outside of this repository, with no configuration of its own."""
    assert mypy(tmp_path, SCRIPT).stdout.startswith("Success")
    found = mypy(tmp_path, WRONG).stdout.splitlines()
    lines = [line.split(":")[1] for line in found if ": error: " in line]
    assert lines == ["3", "4", "5", "6"], found


def test_the_types_name_what_is_exported() -> None:
    """The stub and the module cannot disagree."""
    tree = ast.parse(Path(repro.__file__).with_suffix(".pyi").read_text())
    imported = {
        alias.asname: f"{node.module}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert imported == repro._LAZY
    assert sorted([*imported, "__version__"]) == sorted(repro.__all__)


@pytest.mark.parametrize("name", sorted(repro._LAZY))
def test_every_function_is_documented(name: str) -> None:
    """With its parameters, in the style of NumPy."""
    text = getattr(repro, name).__doc__

    assert "Parameters\n    ----------" in text
    assert "Raises\n    ------" in text
