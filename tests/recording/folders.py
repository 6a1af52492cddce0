"""A folder with somebody's script in it, and the commands that record and verify it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, files, requires
from pathlib import Path

import pytest
from sklearn.datasets import load_iris

from tests.conftest import Result, command
from tests.schemas import kind_of_valid

PYTHON = sys.executable


@dataclass(frozen=True)
class Folder:
    """A working folder; state and caches of the program lie beside it."""

    path: Path
    home: Path

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def environ(self) -> dict[str, str | None]:
        return {
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "PATH": os.pathsep.join([str(Path(PYTHON).parent), os.environ["PATH"]]),
        }

    def repro(self, *words: object, **env: str | None) -> Result:
        return command("-m", "repro", *words, cwd=self.path, env={**self.environ, **env})

    def record(self, *words: object, options: tuple[object, ...] = (), **env: str | None) -> dict:
        """Record a command that ends well, and return its record."""
        done = self.repro("record", *options, "--json", "--", *words, **env)
        assert done.status == 0, done.err
        found = json.loads(done.out)
        assert kind_of_valid(found) == "record"
        return found

    def verify(self, *words: object, status: int | None = None, **env: str | None) -> dict:
        """Verify the newest run, or what is named, and return the verification."""
        done = self.repro("verify", *words, "--json", **env)
        assert done.status in {0, 1}, done.err
        found = json.loads(done.out)
        assert kind_of_valid(found) == "verification"
        assert status is None or done.status == status, found["sentence"]
        return found

    def runs(self) -> list[Path]:
        return sorted((self.path / "runs").iterdir())

    def state(self) -> dict[str, tuple[str, int]]:
        """Content and time of modification of every file but the runs."""
        files = (p for p in self.path.rglob("*") if p.is_file() and "runs" not in p.parts)
        return {
            str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
            for path in files
        }


def write_iris(path: Path) -> None:
    load_iris(as_frame=True).frame.to_csv(path, index=False)


def write_environment(path: Path, names: tuple[str, ...]) -> Path:
    """Make an environment that has some of this one's distributions, and return its Python."""
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", path], check=True)
    pending, found = [*names], set()
    while pending:
        name = pending.pop()
        found.add(name)
        texts = [text for text in requires(name) or () if "extra ==" not in text]
        needed = {re.split(r"[^\w.-]", text)[0] for text in texts}
        pending += [other for other in sorted(needed - found) if is_installed(other)]
    [target] = path.glob("lib/python*/site-packages")
    for name in found:
        tops = {file.parts[0] for file in files(name) or () if file.parts[0] not in {"..", "."}}
        for top in tops - {"__pycache__"}:
            if not (target / top).exists():
                (target / top).symlink_to(Path(str(distribution(name).locate_file(top))))
    return path / "bin" / "python"


def is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def steps_of(record: dict) -> list[str]:
    return [step["name"] for step in record["steps"]]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> Folder:
    path = tmp_path / "work"
    path.mkdir()
    write_iris(path / "iris.csv")
    return Folder(path, home)
