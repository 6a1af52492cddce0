"""A table in the project."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.config.data import leads_outside
from repro.core.errors import ConfigError, PreconditionError
from repro.core.pathname import pathname_problem
from repro.core.suggest import did_you_mean
from repro.datasets.sources.interface import Payload, payload_of
from repro.digest.files import open_regular

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.data import FileSource, SqlSource


@dataclass(frozen=True)
class File:
    """A file, by its path relative to the project."""

    project: Path
    source: FileSource | SqlSource

    @property
    def label(self) -> str:
        """The path, relative to the project."""
        return self.source.label

    def obtain(self, expected: str | None) -> Payload:
        """Read the file; see ``Source.obtain``."""
        content = read_bytes(inside(self.project, self.label), self.label)
        return payload_of(self.source, self.label, content, expected)


def inside(project: Path, path: str) -> Path:
    """Return the place of a file of the project.

    Raises
    ------
    ConfigError
        If the path leads out of it.
    """
    if leads_outside(path):
        raise ConfigError(f"{path}: lies outside the project", advice="copy it into data/ first")
    return project / path


def read_bytes(path: Path, label: str) -> bytes:
    """Read a regular file.

    Raises
    ------
    ConfigError
        If the label cannot be the name of a file.
    PreconditionError
        If there is no such file, or it cannot be read, or is a folder, pipe, socket or device.
    """
    if problem := pathname_problem(label):
        raise ConfigError(f"{label!a} is not the name of a file: {problem}")
    try:
        with open_regular(path) as file:
            return file.read()
    except FileNotFoundError as error:
        raise PreconditionError(f"{label}: no such file", advice=_near(path)) from error
    except OSError as error:
        advice = "check the path and its rights"
        if error.errno == errno.EINVAL:
            advice = "copy the data into a file of the project, and name that"
        raise PreconditionError(
            f"{label}: cannot be read: {error.strerror}", advice=advice
        ) from error


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return "its folder is missing too; get the data, or correct the path"
    names = (entry.name for entry in path.parent.iterdir() if entry.is_file())
    near = did_you_mean(path.name, names)
    restore = "restore it (from version control: git checkout -- FILE), or correct its path"
    return restore if near.startswith(("known:", "none is")) else f"{restore}; {near}"
