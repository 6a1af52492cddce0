"""The matrix run for real, by its command line, on cells that this machine has for certain."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import ROOT, Result, command

from repro.app.matrix.cells import PLATFORMS

MATRIX = ("-m", "repro", "matrix")
RUNNER = next(
    name for name, kind in PLATFORMS.items() if kind == (platform.system(), platform.machine())
)
VERSION = "{}.{}".format(*sys.version_info)
# What this machine and this Python are, so that nothing has to be made first.
HERE = f'runner: {RUNNER}, python: "{VERSION}"'
QUICK = ("-p", "debug", "-m", "logistic_regression")
# A machine that this one is not, and that nothing stands in for.
ELSEWHERE = "runner: {}, python: '3.13'".format(
    "macos-15" if sys.platform == "win32" else "windows-2025"
)


@dataclass(frozen=True)
class Bench:
    """A matrix of its own, and a folder for what it makes."""

    folder: Path
    work: Path

    @property
    def records(self) -> Path:
        return self.work / "records"

    def write(self, **cells: str) -> None:
        lines = [f"  {name.replace('_', '-')}: {{{text}}}" for name, text in cells.items()]
        text = "\n".join(["schema: repro.matrix/v1", "cells:", *lines, ""])
        (self.folder / "matrix.yaml").write_text(text, encoding="utf-8")

    def arguments(self, *more: object) -> list[str]:
        given = (
            "--project",
            ROOT,
            "--matrix",
            self.folder / "matrix.yaml",
            "--work",
            self.work,
            *more,
        )
        return [*MATRIX, *map(str, given)]

    def run(self, *more: object, **env: str | None) -> Result:
        return command(*self.arguments(*more), env={"GITHUB_STEP_SUMMARY": None, **env})

    def start(self, *more: object, **env: str) -> subprocess.Popen[str]:
        """Start it with output that can be read line by line."""
        return subprocess.Popen(
            [sys.executable, *self.arguments(*more)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
        )  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, tmp_path / "work")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Result]:
    """A bench on which two cells have been trained, only to be read, and what was said of them."""
    folder = tmp_path_factory.mktemp("pair")
    bench = Bench(folder, folder / "work")
    bench.write(first=HERE, second=HERE)
    return bench, bench.run("--json", *QUICK)
