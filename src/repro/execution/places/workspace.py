"""The folder in which places keep their environments, trees, wheels and logs from call to call."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError
from repro.execution.places.commands import first_error, next_step, run
from repro.execution.places.interface import UnavailableError
from repro.store.lock import acquire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

INSIDE = Path(__file__).resolve().parent / "inside"
"""The programs that run at places with an environment of their own."""

ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
"""Namespaces of its own for a command: they take every mount and process with them."""

# Words that stand before the name of a tool.
_BEFORE = {*ALONE, sys.executable, "-P", "-m", "env"}


@dataclass(frozen=True)
class Workspace:
    """The folders of one place.

    Attributes
    ----------
    work : Path
        The folder of all places that share trees and wheels; absolute.
    name : str
        The name of the place among them, such as that of a cell.
    lock : str
        The name of the project's lock that is installed.
    """

    work: Path
    name: str
    lock: str = "requirements.txt"

    @property
    def folder(self) -> Path:
        """The folder with the environment, configuration and record."""
        return self.work / "cells" / self.name

    @property
    def trees(self) -> Path:
        """The folder with the trees of whole systems."""
        return self.work / "trees"

    @property
    def log(self) -> Path:
        """The output of the last command."""
        return self.work / "logs" / f"{self.name}.txt"

    def do(self, *command: str | Path) -> None:
        """Run a command that prepares the place.

        Raises
        ------
        UnavailableError
            If it fails.
        """
        if run(command, self.log):
            words = (str(word) for word in command)
            tool = Path(next(w for w in words if w not in _BEFORE and "=" not in w)).name
            raise UnavailableError(f"{tool} failed: {self.failure}")

    @property
    def failure(self) -> str:
        """The error of the last command, and what to do about it."""
        return f"{first_error(self.log)} (next: {next_step(self.log)})"


@contextmanager
def sole_use(folder: Path) -> Iterator[None]:
    """Keep a folder for this call until it ends.

    Raises
    ------
    PreconditionError
        If a different call works in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".in-use").open("a+b", buffering=0) as file:
        # A file system without locks protects nobody, and is no reason to refuse work.
        with suppress(OSError):
            if not acquire(file):
                raise PreconditionError(
                    f"{_holder(file)} works in {folder} already",
                    advice="wait for it, or choose a different folder with --work",
                )
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        yield


def _holder(file: IO[bytes]) -> str:
    try:
        file.seek(0)
        return f"process {file.read().decode()}"
    except OSError:
        # Windows lets nobody else read what is locked.
        return "a different process"
