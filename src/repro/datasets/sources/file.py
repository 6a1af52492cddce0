"""A table in the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.config.data import leads_outside
from repro.core.errors import ConfigError, PreconditionError
from repro.core.suggest import did_you_mean
from repro.datasets.sources.interface import Payload, payload_of

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.data import FileSource


@dataclass(frozen=True)
class File:
    """A file, by its path relative to the project."""

    project: Path
    source: FileSource

    @property
    def label(self) -> str:
        """The path, relative to the project."""
        return self.source.path

    def obtain(self, expected: str | None) -> Payload:
        """Read the file; see ``Source.obtain``."""
        if leads_outside(self.label):
            raise ConfigError(
                f"{self.label}: lies outside the project", advice="copy it into data/ first"
            )
        content = read_bytes(self.project / self.label, self.label)
        return payload_of(self.source.format, self.label, content, expected)


def read_bytes(path: Path, label: str) -> bytes:
    """Read a file.

    Raises
    ------
    PreconditionError
        If there is no such file, or it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PreconditionError(f"{label}: no such file", advice=_near(path)) from error
    except OSError as error:
        raise PreconditionError(
            f"{label}: cannot be read: {error.strerror}", advice="check the path and its rights"
        ) from error


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return "its folder is missing too; get the data, or correct the path"
    names = (entry.name for entry in path.parent.iterdir() if entry.is_file())
    near = did_you_mean(path.name, names)
    restore = "restore it (from version control: git checkout -- FILE), or correct its path"
    return f"{restore}; {near}" if near.startswith("did you mean") else restore
