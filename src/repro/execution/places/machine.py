"""Places that use a Python of this machine."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from repro.execution.places.commands import succeeds
from repro.execution.places.installed import Installed, Plan
from repro.execution.places.wheels import wheels


@dataclass(frozen=True)
class SameMachine(Installed):
    """The environment that runs this, for a cell of this machine's kind and this Python.

    Attributes
    ----------
    system, machine : str
        Of the cell, in the words of Python's ``platform``.
    python : str
        Major and minor version.
    """

    system: str
    machine: str
    python: str

    @property
    def title(self) -> str:
        """The name of the place for people."""
        return "native"

    def obstacle(self, project: Path) -> str:  # noqa: ARG002 - as every place
        """Return how this machine or this Python differs; empty if neither does."""
        found = (platform.system(), platform.machine(), "{}.{}".format(*sys.version_info))
        asked = (self.system, self.machine, self.python)
        if found == asked:
            return ""
        cell, machine = (f"{s} on {m} with Python {v}" for s, m, v in (asked, found))
        return f"the cell is {cell}; this machine is {machine}"

    def prepare(self, project: Path, level: str) -> Plan:
        """Return the command; nothing has to be made."""
        return Plan((sys.executable, *self.training(project, level, "--python", sys.executable)))


@dataclass(frozen=True)
class Interpreter(Installed):
    """A Python of a version that is installed on this machine."""

    system: str
    machine: str
    python: str

    @property
    def title(self) -> str:
        """The name of the place for people."""
        return f"Python {self.python}"

    def obstacle(self, project: Path) -> str:  # noqa: ARG002 - as every place
        """Return why no Python of this machine will do; empty if one does."""
        if (platform.system(), platform.machine()) != (self.system, self.machine):
            return "a Python on this machine cannot stand in for a different system"
        return "" if _found(self.python) else f"no Python {self.python} with venv is installed"

    def prepare(self, project: Path, level: str) -> Plan:
        """Fetch the wheels."""
        found = wheels(self.workspace, project, self.python, self.machine)
        training = self.training(project, level, "--wheels", str(found))
        return Plan((_found(self.python), *training))


@cache
def _found(version: str) -> str:
    name = f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(name), *map(str, sorted(pyenv.glob(f"{version}.*/bin/{name}")))]
    # A name alone promises nothing: pyenv puts one in the path for every version it knows of.
    says = f"import sys, venv, ensurepip; sys.exit('{version}' != '%d.%d' % sys.version_info[:2])"
    return next((path for path in found if path and succeeds(path, "-c", says)), "")


def missing_tools(**packages: str) -> str:
    """Return which tools are not installed, and what to install; empty if all are.

    Parameters
    ----------
    **packages : str
        Debian's package of each tool, with ``_`` for the ``-`` of a tool.

    Examples
    --------
    >>> missing_tools(no_such_tool="one", nor_this="two")
    'no-such-tool and nor-this: not installed (apt install one two)'
    """
    names = {tool.replace("_", "-"): package for tool, package in packages.items()}
    missing = {tool: package for tool, package in names.items() if shutil.which(tool) is None}
    if not missing:
        return ""
    return f"{' and '.join(missing)}: not installed (apt install {' '.join(missing.values())})"
