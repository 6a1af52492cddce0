"""A project of a test, in which commands run sealed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from repro.launch.seal.command import Allowed, available_seal, read_report, sealed_command

ROOT = Path(__file__).resolve().parents[1]
SEAL = available_seal()
PYTHON = sys.executable
named = pytest.mark.skipif(
    not (SEAL.files and SEAL.names), reason=SEAL.reason or "everything is sealed"
)
own_network = pytest.mark.skipif(SEAL.network != "loopback", reason=SEAL.reason or "sealed")
# Each prints a value if the file can be read, and the kind of the error otherwise.
TRIED = """
import sys
def attempt(read):
    try:
        print("read", read())
    except Exception as error:
        print("refused", type(error).__name__)
"""


@dataclass(frozen=True)
class Project:
    """A folder with a declared and an undeclared file, and one for output."""

    folder: Path

    @property
    def declared(self) -> Path:
        return self.folder / "declared.csv"

    @property
    def secret(self) -> Path:
        return self.folder / "secret.csv"

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def report(self) -> Path:
        return self.folder.parent / "report"

    def command(self, *argv, **more):
        allowed = {"read": (self.declared,), "write": (self.output,), **more}
        return sealed_command([str(each) for each in argv], Allowed(**allowed), self.report)

    def run(self, *argv, environ=None, **more):
        """Run a command sealed; return it when it ended."""
        return subprocess.run(
            self.command(*argv, **more),
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": "", **(environ or {})},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def python(self, code, *arguments, **more):
        """Run Python code sealed; it must succeed."""
        program = self.folder.parent / "program.py"
        program.write_text(code)
        more["read"] = (self.declared, program, *more.get("read", ()))
        done = self.run(PYTHON, "-P", program, *arguments, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, kind):
        """Return the names of what was refused."""
        return {each.name for each in self.refusals() if each.kind == kind}

    def refusals(self):
        """Return what was refused, without the folder that an editable install puts on the path."""
        found = read_report(self.report).refusals
        return [each for each in found if each.name != str(ROOT / "src")]
