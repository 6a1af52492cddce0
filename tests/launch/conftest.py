"""Programs that are run for real, and a count of how often an interpreter started for them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import pytest
from tests.sealing import Project

from repro.launch import Level, leaking

if TYPE_CHECKING:
    from pathlib import Path

_ENSURE = "from repro.launch import Level, ensure\nensure(Level.STRICT)\n"
_REFUSED = """
from repro.core.errors import PreconditionError
from repro.launch import Level, ensure
try:
    ensure(Level.STRICT)
except PreconditionError as error:
    print(error.message, error.advice, sep="\\n")
"""
_COUNTER = """
import os
with open(os.environ["STARTS"], "a") as starts:
    print(os.getpid(), file=starts)
{extra}
"""


@dataclass(frozen=True)
class Launchpad:
    """A folder with a ``sitecustomize`` that notes the process of every start."""

    RIGHT: ClassVar = dict(Level.STRICT.variables)
    HOSTILE: ClassVar = {
        "PYTHONHASHSEED": "random",
        "OMP_NUM_THREADS": "8",
        "MKL_DOMAIN_NUM_THREADS": "8",
    }
    ENSURE: ClassVar = _ENSURE
    REFUSED: ClassVar = _REFUSED

    folder: Path
    base: dict[str, str] = field(default_factory=dict)

    def customize(self, extra: str = "") -> None:
        """Run something at every start, as a hostile installation might."""
        (self.folder / "sitecustomize.py").write_text(_COUNTER.format(extra=extra))

    def ensured(self, code: str = "", name: str = "program.py") -> Path:
        """Write a program that asks for the strict level first."""
        return self.script(_ENSURE + code, name)

    def refused(self, before: str = "") -> Path:
        """Write a program that asks for the strict level and shows why it was refused."""
        return self.script(before + _REFUSED)

    def script(self, code: str, name: str = "program.py") -> Path:
        """Write a program."""
        path = self.folder / name
        path.write_text(code)
        return path

    def environ(self, variables: dict[str, str]) -> dict[str, str]:
        """Return an environment in which nothing is set that a level fixes, but these."""
        return {**self.base, **variables}

    def run(
        self, *arguments: str | Path, environ: dict[str, str], stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Python."""
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=self.environ(environ),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    @property
    def starts(self) -> list[str]:
        """The process of each start so far."""
        path = self.folder / "starts"
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def launchpad(tmp_path: Path) -> Launchpad:
    """Return a launchpad in an empty folder."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {*Launchpad.RIGHT, *leaking(os.environ)}
        and not name.startswith(("PYTHON", "COV_"))
    }
    own = {
        "PYTHONPATH": str(tmp_path),
        "PYTHONIOENCODING": "utf-8",
        "STARTS": str(tmp_path / "starts"),
    }
    pad = Launchpad(tmp_path, {**inherited, **own})
    pad.customize()
    return pad


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project with a declared and an undeclared file."""
    made = Project(tmp_path / "project")
    made.output.mkdir(parents=True)
    made.declared.write_text("a,b\n1,2\n3,4\n")
    made.secret.write_text("a,b\n5,6\n7,8\n")
    return made
