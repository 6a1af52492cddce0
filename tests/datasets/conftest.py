"""What the tests of data sets share: a small project, and tables written into it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from repro.config.data import Columns, Dataset, Task
from repro.datasets.loading import load

PEOPLE = "id,age,city,bad\n1,31,Rome,yes\n2,,Oslo,no\n3,58,Rome,no\n"


@dataclass(frozen=True)
class Workbench:
    """A project folder, and what is declared about the one table in it."""

    path: Path

    def write(self, content: str | bytes, path: str = "data/people.csv") -> Path:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def declare(self, path: str = "data/people.csv", **changes: object) -> Dataset:
        roles = {"numeric": ("age",), "categorical": ("city",), "ignored": ("id",)}
        roles |= {role: changes.pop(role) for role in tuple(roles) if role in changes}
        file = self.path / path
        content = file.read_bytes() if file.is_file() else b""
        values = {
            "name": "people",
            "description": "",
            "source": {"kind": "file", "path": path, "format": path.rpartition(".")[2]},
            "sha256": hashlib.sha256(content).hexdigest(),
            "target": "bad",
            "positive": "yes",
            "columns": Columns(**roles),
            "missing": ("",),
            "licence": "MIT",
            "origin": "made up",
        }
        return Dataset(**(values | changes))

    def load(self, content: str | bytes, task: Task = Task.BINARY, **changes: object):
        file = changes.pop("path", "data/people.csv")
        self.write(content, file)
        return load(self.path, self.declare(file, **changes), task)

    def numbers(self, content: str, **changes: object):
        """Load a table of the numeric columns x and y, y the target of a regression."""
        declared = {"numeric": ("x*",), "categorical": (), "ignored": ()}
        declared |= {"target": "y", "positive": None}
        return self.load(content, Task.REGRESSION, **(declared | changes))


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


@pytest.fixture
def people() -> str:
    return PEOPLE
