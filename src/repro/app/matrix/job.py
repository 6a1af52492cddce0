"""A training to be done in a cell, and the plan for it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.app.matrix.processes import first_error, next_step, run

if TYPE_CHECKING:
    from repro.app.matrix.cells import Cell

INSIDE = Path(__file__).resolve().parent / "inside"
"""The programs that run in cells."""

ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
"""Namespaces of its own for a command: they take every mount and process with them."""

# Words that stand before the name of a tool.
_BEFORE = {*ALONE, sys.executable, "-P", "-m", "env"}


class UnavailableError(Exception):
    """A way to train does not exist on this machine; the message gives the reason."""


@dataclass(frozen=True)
class Plan:
    """The command that trains in a cell.

    Attributes
    ----------
    title : str
        For a person, such as ``chroot of bookworm``.
    command : tuple of str
    end : tuple of str
        The command that ends it, if killing the first one is not enough.
    """

    title: str
    command: tuple[str, ...]
    end: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """A training to be done in a cell.

    Attributes
    ----------
    project : Path
        The project that is trained; absolute.
    work : Path
        The folder for everything that is kept from call to call; absolute.
    arguments : tuple of str
        For ``repro train``.
    """

    name: str
    cell: Cell
    project: Path
    work: Path
    arguments: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The folder with the environment, run and record of the cell."""
        return self.work / "cells" / self.name

    @property
    def log(self) -> Path:
        """The output of the last command."""
        return self.work / "logs" / f"{self.name}.txt"

    @property
    def lock(self) -> Path:
        """The lock of the cell.

        Raises
        ------
        UnavailableError
            If the project does not have it.
        """
        path = self.project / self.cell.lock
        if not path.is_file():
            raise UnavailableError(f"the project has no {path.name}")
        return path

    def training(self, *source: str) -> tuple[str, ...]:
        """Return the command that trains in a cell with the file names of this machine."""
        where = ("--project", str(self.project), "--cell", str(self.folder))
        return (str(INSIDE / "train.py"), *where, *source, *self._options)

    def training_inside(self, *source: str) -> tuple[str, ...]:
        """Return the command for a cell that has file names of its own."""
        where = ("--project", "/project", "--cell", "/cell")
        return ("/matrix/train.py", *where, *source, *self._options)

    @property
    def _options(self) -> tuple[str, ...]:
        level = ("--level", self.cell.level) if self.cell.level else ()
        # Last, since the last one counts: a cell that has a level is trained at no other.
        return ("--lock", self.cell.lock, "--", *self.arguments, *level)

    def do(self, *command: str | Path) -> None:
        """Run a command that prepares the cell.

        Raises
        ------
        UnavailableError
            If it fails.
        """
        if run(command, self.log):
            words = (str(word) for word in command)
            tool = Path(next(w for w in words if w not in _BEFORE and "=" not in w)).name
            reason = f"{tool} failed: {first_error(self.log)}"
            raise UnavailableError(f"{reason} (next: {next_step(self.log)})")
