"""From a declaration to a table: obtained, checked, and only then read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from repro.config.data import TableSource
from repro.config.tables import Dialect
from repro.core.errors import DataError
from repro.datasets.formats import format_of, open_table
from repro.datasets.formats.typed import TypedTable
from repro.datasets.hashing import check_sha256
from repro.datasets.misread import naming_the_dialect
from repro.datasets.roles import assign_new_rows, check_present
from repro.datasets.sources import open_source
from repro.datasets.sources.file import read_bytes
from repro.datasets.table import build, digested, likely_task, read, read_features
from repro.tables.cells import TEXT
from repro.tables.errors import TableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.config.data import Dataset, DatasetEntry, SourceDeclaration, Task
    from repro.config.tables import Layout
    from repro.datasets.formats.interface import Kind, RawTable
    from repro.datasets.table import Table
    from repro.tables.declared import DeclaredTable
    from repro.tables.marks import Missing


@dataclass(frozen=True)
class Hashes:
    """The identity of a data set.

    Attributes
    ----------
    sha256 : str
        What ``sha256`` in ``configs/datasets.yaml`` must say: the SHA-256 of the file's bytes, or,
        for a data set of scikit-learn, the hexadecimal part of ``content``.
    content : str
        The digest of the table.
    """

    sha256: str
    content: str


def load(
    project: Path, dataset: Dataset, task: Task, needed: Mapping[str, str] | None = None
) -> Table:
    """Read the data set of an experiment.

    Parameters
    ----------
    project : Path
        The folder that paths are relative to.
    dataset : Dataset
    task : Task
    needed : mapping of str to str, optional
        The columns that rows are split or weighted by, each with the key that names it, which may
        be empty; with them, the ignored columns are read too.

    Raises
    ------
    ConfigError
        If a column to split or to weight by does not exist.
    DataError
        If its hash is not the declared one, which is checked before anything is parsed, or the
        table is not what the declaration says.
    PreconditionError
        If the data, or a package that reads it, is missing.
    """
    return load_entry(project, dataset, task, needed)


def load_entry(
    project: Path,
    entry: DatasetEntry,
    task: Task | None,
    needed: Mapping[str, str] | None = None,
) -> Table:
    """Read a data set of the registry, as ``load`` does; without a task, the likely one."""
    payload = open_source(project, entry.source).obtain(entry.sha256)
    label, sha256, raw = payload.label, payload.sha256, payload.parse(entry.missing)
    content = read(raw, entry, task or likely_task(raw, entry), needed)
    # They hold the bytes of the file, which the digests have no use for.
    del payload, raw
    table = digested(content, entry, sha256, needed)
    check_sha256(label, table.sha256, entry.sha256)
    return table


def hash_source(project: Path, entry: DatasetEntry, task: Task | None = None) -> Hashes:
    """Compute the hashes of a data set, whatever its declared hash.

    Parameters
    ----------
    project : Path
    entry : DatasetEntry
    task : Task, optional
        Classes and numbers have different digests; without it, the likely task is taken: binary if
        a positive label is declared, regression if the target is all numbers, else multiclass.

    Raises
    ------
    DataError, PreconditionError
        As in ``load``.
    """
    payload = open_source(project, entry.source).obtain(None)
    raw = payload.parse(entry.missing)
    table = build(raw, entry, task or likely_task(raw, entry), payload.sha256)
    return Hashes(table.sha256, table.content)


def read_new_rows(path: Path, dataset: DatasetEntry) -> pd.DataFrame:
    """Read the features of later rows, which have no declared hash, as strictly as a data set.

    Parameters
    ----------
    path : Path
        A file whose name ends as that of a known format. The target and ignored columns may be
        absent; a feature may be missing in every row.
    dataset : DatasetEntry

    Returns
    -------
    DataFrame of shape (n_samples, n_features)
        Typed as ``Table.features``, in the file's order.

    Raises
    ------
    ConfigError
        If the name of the file ends otherwise.
    DataError
        If a declared feature is absent, or a column is not what the declaration says.
    PreconditionError
        If the file, or a package that reads it, is missing.
    """
    label = path.as_posix()
    raw = _opened(path, dataset.missing, dataset.source)
    return read_features(raw, assign_new_rows(label, raw.names, dataset))


def read_columns(
    path: Path, table: DeclaredTable, source: SourceDeclaration | None = None
) -> pd.DataFrame:
    """Read what a model uses of a file that has no declared hash, as strictly as a data set.

    Parameters
    ----------
    path : Path
        A file whose name ends as that of a known format; columns that are not used are not read.
    table : DeclaredTable
        The first step of the model's pipeline.
    source : SourceDeclaration, optional
        Of the data set that the model was trained on: a file of the same format is read in the
        same dialect.

    Returns
    -------
    DataFrame of shape (n_samples, n_features)
        As the step returns it.

    Raises
    ------
    ConfigError
        If the name of the file ends otherwise.
    DataError
        If a column is absent, named twice, or not of its role.
    PreconditionError
        If the file, or a package that reads it, is missing.
    """
    label, kinds = path.as_posix(), table.kinds()
    form = format_of(label)
    layout = _layout(form, source)
    content = read_bytes(path, label)
    if form != "csv":
        return _admitted(open_table(form, label, content, table.missing, layout), table, kinds)
    with naming_the_dialect(label, content, layout if isinstance(layout, Dialect) else None):
        return _admitted(open_table(form, label, content, table.missing, layout), table, kinds)


def _admitted(raw: RawTable, table: DeclaredTable, kinds: Mapping[str, Kind]) -> pd.DataFrame:
    check_present(raw.label, raw.names, tuple(kinds))
    if isinstance(raw, TypedTable):
        return _coerced(raw.label, raw.frame(tuple(kinds)), table)
    columns = raw.read(kinds).columns.items()
    series = {
        name: pd.Series(values, dtype=TEXT if kinds[name] == "text" else np.float64)
        for name, values in columns
    }
    return table.admit(pd.DataFrame(series))


def _opened(path: Path, missing: Missing, source: SourceDeclaration | None) -> RawTable:
    label = path.as_posix()
    form = format_of(label)
    return open_table(form, label, read_bytes(path, label), missing, _layout(form, source))


def _layout(form: str, source: SourceDeclaration | None) -> Layout:
    """Return the declared layout of a file of the same format."""
    if isinstance(source, TableSource) and source.format == form:
        return source.layout
    return None


def _coerced(label: str, frame: pd.DataFrame, table: DeclaredTable) -> pd.DataFrame:
    try:
        return table.admit_typed(frame)
    except TableError as error:
        sentences = "\n".join(f"{label}: {line}" for line in error.message.splitlines())
        advice = "correct the values, or write the column as the text that training saw"
        raise DataError(sentences, advice=advice) from error
