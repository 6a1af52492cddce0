"""The data of an experiment: the table, its columns, and the target."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PureWindowsPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from repro.core.model import Record
from repro.core.pathname import checked_pathname, without_secrets

Pathname = Annotated[str, AfterValidator(checked_pathname)]


class Task(StrEnum):
    """The kind of prediction."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"

    @property
    def kind(self) -> str:
        """The key of ``estimators`` in a model family."""
        return "regression" if self is Task.REGRESSION else "classification"


def leads_outside(path: str) -> bool:
    """Return whether a relative path of a project leads out of it, on any system.

    Windows reads drives (``C:x``), hosts (``//host/share``), backslashes, and dots that spaces or
    more dots follow; what is refused there is refused everywhere, so that a record means one thing.

    Examples
    --------
    >>> [leads_outside(path) for path in ("data/a.csv", "../a.csv", "C:a.csv", "data/..b.csv")]
    [False, True, True, False]
    """
    if not path or "\\" in path or "\0" in path:
        return True
    dots = any(len(part) > 1 and not part.strip(". ") for part in path.split("/"))
    return dots or bool(PureWindowsPath(path).anchor)


class FileSource(Record):
    """A table in the project."""

    kind: Literal["file"]
    path: Pathname
    format: Literal["csv", "parquet"]

    @property
    def label(self) -> str:
        """The path, relative to the project."""
        return self.path


class SklearnSource(Record):
    """A data set shipped inside scikit-learn."""

    kind: Literal["sklearn"]
    name: Literal["breast_cancer", "diabetes", "digits", "iris", "wine"]

    @property
    def label(self) -> str:
        """The loader's name."""
        return f"sklearn.datasets.load_{self.name}"


class UrlSource(Record):
    """A table at any URL that fsspec opens (the ``fsspec`` extra)."""

    kind: Literal["url"]
    url: str
    format: Literal["csv", "parquet"]

    @property
    def label(self) -> str:
        """The URL without user, password and query, where secrets may stand."""
        return without_secrets(self.url)


Source = Annotated[FileSource | SklearnSource | UrlSource, Field(discriminator="kind")]


class Columns(Record):
    """The role of every column, by name or by shell pattern such as ``pixel_*``."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    ignored: tuple[str, ...]


class DatasetEntry(Record):
    """One entry of the registry ``configs/datasets.yaml``."""

    description: str
    source: Source
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    target: str
    positive: str | None
    columns: Columns
    missing: tuple[str, ...]
    licence: str
    origin: str


class Dataset(DatasetEntry):
    """The registry entry that an experiment names."""

    name: str
