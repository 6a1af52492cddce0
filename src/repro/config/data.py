"""The data of an experiment: the table, its columns, and the target."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from repro.config.tables import LAYOUTS, Dialect, Format, Layout, Markers, Workbook, is_standard
from repro.core.model import Later, Record
from repro.core.pathname import checked_pathname, without_secrets

Pathname = Annotated[str, AfterValidator(checked_pathname)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


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


class SourceDeclaration(Record):
    """A declared source of data, and what a record from somebody else may make of it.

    Attributes
    ----------
    opener : str
        ``module:class`` of what obtains the data (``datasets.sources.interface.Source``); it is
        called with the project and the declaration, and imported only then.
    place : str
        Where the data is, in a sentence.
    shipped : bool
        Whether it comes with an installed package, so that no project needs to declare it.
    movable : bool
        Whether a project that has the same bytes elsewhere may use its own.
    remote : bool
        Whether the data is fetched over a network.
    """

    opener: ClassVar[str]
    place: ClassVar[str]
    shipped: ClassVar[bool] = False
    movable: ClassVar[bool] = False
    remote: ClassVar[bool] = False

    @property
    def label(self) -> str:
        """The name of the data in messages and records."""
        raise NotImplementedError

    @property
    def is_outside(self) -> bool:
        """True if it is a path that leads out of the project."""
        return False


class TableSource(SourceDeclaration):
    """A table in one of the formats, and its layout."""

    if TYPE_CHECKING:
        format: Format

    dialect: Annotated[Dialect | None, Field(exclude_if=is_standard)] = None
    workbook: Annotated[Workbook | None, Field(exclude_if=is_standard)] = None

    @property
    def layout(self) -> Layout:
        """The declared layout, if any."""
        return self.dialect or self.workbook

    @model_validator(mode="after")
    def _layout_is_of_the_format(self) -> Self:
        for form, name in LAYOUTS.items():
            if form != self.format and getattr(self, name) is not None:
                raise ValueError(f"'{name}' is for format {form}, and the format is {self.format}")
        return self


class _InProject:
    """A source that is a path of the project."""

    if TYPE_CHECKING:
        path: Pathname

    @property
    def label(self) -> str:
        """The path, relative to the project."""
        return self.path

    @property
    def is_outside(self) -> bool:
        """True if the path leads out of the project."""
        return leads_outside(self.path)


class FileSource(_InProject, TableSource):
    """A table in the project."""

    opener = "repro.datasets.sources.file:File"
    place = "a file"
    movable = True

    kind: Literal["file"]
    path: Pathname
    format: Format


class SklearnSource(SourceDeclaration):
    """A data set shipped inside scikit-learn."""

    opener = "repro.datasets.sources.sklearn:Sklearn"
    place = "in scikit-learn"
    shipped = True

    kind: Literal["sklearn"]
    name: Literal["breast_cancer", "diabetes", "digits", "iris", "wine"]

    @property
    def label(self) -> str:
        """The loader's name."""
        return f"sklearn.datasets.load_{self.name}"


class UrlSource(TableSource):
    """A table at any URL that fsspec opens (the ``fsspec`` extra)."""

    opener = "repro.datasets.sources.url:Url"
    place = "at a URL"
    remote = True

    kind: Literal["url"]
    url: str
    format: Format

    @property
    def label(self) -> str:
        """The URL without user, password and query, where secrets may stand."""
        return without_secrets(self.url)


class Part(Record):
    """One of several files, with its own hash, so that the changed one can be named."""

    path: Pathname
    sha256: Sha256


class FilesSource(TableSource):
    """Several files of the project as one table, in this order."""

    opener = "repro.datasets.sources.files:Files"
    place = "in several files"
    movable = True

    kind: Literal["files"]
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]
    format: Format

    @property
    def label(self) -> str:
        """The first path, and how many follow it."""
        more = len(self.parts) - 1
        return self.parts[0].path + (f" and {more} more" if more else "")

    @property
    def is_outside(self) -> bool:
        """True if a path leads out of the project."""
        return any(leads_outside(part.path) for part in self.parts)


class OutsideSource(TableSource):
    """A table outside of the project; only this machine's cache knows where."""

    opener = "repro.datasets.sources.outside:Outside"
    place = "a file outside of the project"
    movable = True

    kind: Literal["outside"]
    name: Annotated[str, Field(pattern=r"^[^/\\\x00]+$")]
    format: Format

    @property
    def label(self) -> str:
        """The name of the file, without its folder."""
        return self.name


class SqlSource(_InProject, TableSource):
    """The result of a query, kept as a file of the project: training asks no database."""

    opener = "repro.datasets.sources.file:File"
    place = "the result of a query"
    movable = True

    kind: Literal["sql"]
    path: Pathname
    format: Format
    url: str
    query: str


class CroissantSource(_InProject, TableSource):
    """A record set that a Croissant file of the project describes."""

    opener = "repro.datasets.sources.croissant:Croissant"
    place = "described by a Croissant file"
    movable = True

    kind: Literal["croissant"]
    path: Pathname
    record_set: str
    format: Format

    @property
    def label(self) -> str:
        """The path of the description, and the record set."""
        return f"{self.path}#{self.record_set}"


class DvcSource(_InProject, TableSource):
    """A table of the project that DVC keeps (``dvc`` is a program of its own)."""

    opener = "repro.datasets.sources.dvc:Dvc"
    place = "a file that DVC keeps"
    movable = True
    remote = True

    kind: Literal["dvc"]
    path: Pathname
    format: Format


Source = Annotated[
    CroissantSource
    | DvcSource
    | FileSource
    | FilesSource
    | OutsideSource
    | SqlSource
    | SklearnSource
    | UrlSource,
    Field(discriminator="kind"),
]


class Columns(Record):
    """The role of every column, by name or by shell pattern such as ``pixel_*``."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    ignored: tuple[str, ...]


class OtherTarget(Record):
    """A column that can be predicted in place of the target; it is never a feature."""

    task: Task
    positive: str | None = Later


class DatasetEntry(Record):
    """One entry of the registry ``configs/datasets.yaml``.

    Attributes
    ----------
    targets : dict of str to OtherTarget, or None
        Columns that can be predicted in place of ``target``.
    """

    description: str
    source: Source
    sha256: Sha256
    target: str
    positive: str | None
    columns: Columns
    missing: Markers
    licence: str
    origin: str
    targets: Annotated[dict[str, OtherTarget], Field(min_length=1)] | None = Later

    @property
    def all_targets(self) -> tuple[str, ...]:
        """Every column that can be predicted, the usual target first; none of them is a feature."""
        return (self.target, *(self.targets or ()))

    @model_validator(mode="after")
    def _targets_fit(self) -> Self:
        if self.targets and isinstance(self.source, SklearnSource):
            raise ValueError(
                "targets: a data set inside scikit-learn has one target, which its hash covers;"
                " write it to a file first"
            )
        for name, target in (self.targets or {}).items():
            if name == self.all_targets[0]:
                raise ValueError(
                    f"targets: '{name}' is the target already; remove it from 'targets'"
                )
            if (target.task is Task.BINARY) != (target.positive is not None):
                lacks = target.task is Task.BINARY
                raise ValueError(
                    f"targets.{name}: a {target.task} task {'needs' if lacks else 'has no use for'}"
                    f" a 'positive' label"
                )
        return self


class Dataset(DatasetEntry):
    """The registry entry that an experiment names.

    Attributes
    ----------
    usual_target : str or None
        The declared target, if one of the other ones is predicted; ``target`` is that one.
    """

    name: str
    usual_target: str | None = Later

    @property
    def all_targets(self) -> tuple[str, ...]:
        """Every column that can be predicted, the usual target first; none of them is a feature."""
        usual = self.target if self.usual_target is None else self.usual_target
        return (usual, *(self.targets or ()))
