"""The table that is trained on, and the digest of its content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from repro.config.data import Task
from repro.core.canonical import tagged_digest
from repro.core.errors import DataError
from repro.datasets.aside import read_aside
from repro.datasets.formats.interface import RefusedColumnsError
from repro.datasets.roles import assign_roles
from repro.datasets.target import checked_target, target_kind
from repro.digest.frames import digest_frame, digest_rows
from repro.tables.cells import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.config.data import DatasetEntry
    from repro.datasets.formats.interface import Array, Body, Kind, RawTable
    from repro.datasets.roles import Roles


@dataclass(frozen=True, eq=False)
class Table:
    """A data set as it is trained on.

    Attributes
    ----------
    features : DataFrame of shape (n_samples, n_features)
        In the file's order. Numeric columns are float64, NaN where missing, never infinite;
        categorical columns are text, NaN where missing. The index counts the rows from 0.
    target : ndarray of shape (n_samples,)
        Unicode text in a classification, float64 in a regression; never missing.
    numeric, categorical : tuple of str
        The features of each role.
    content : str
        Digest of names, order and values of features and target, and of ignored columns that rows
        are split or weighted by: the same for the same table, whatever format it was read from.
    unordered : str
        Digest of the same, whatever the order of the rows.
    sha256 : str
        Of the bytes of the file; of a data set without bytes, the hexadecimal part of ``content``
        as it is if rows are neither split nor weighted by a column.
    ignored : DataFrame of shape (n_samples, n_ignored), or None
        The ignored columns that are numbers or text, if they were asked for.
    """

    features: pd.DataFrame = field(repr=False)
    target: Array = field(repr=False)
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    content: str
    unordered: str
    sha256: str
    ignored: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def rows(self) -> int:
        """The number of samples."""
        return len(self.target)


def build(
    raw: RawTable,
    entry: DatasetEntry,
    task: Task,
    sha256: str | None,
    needed: Mapping[str, str] | None = None,
) -> Table:
    """Read a table as it is declared.

    Parameters
    ----------
    raw : RawTable
    entry : DatasetEntry
    task : Task
    sha256 : str or None
        Of the bytes that were read, where there are any.
    needed : mapping of str to str, optional
        The columns that rows are split or weighted by, each with the key that names it; with them,
        the ignored columns are read too.

    Raises
    ------
    DataError
        If the table is not what the declaration says, or cannot be trained on.
    """
    return digested(read(raw, entry, task, needed), entry, sha256, needed)


@dataclass(frozen=True, eq=False)
class Content:
    """The content of a table, without its digests.

    Attributes
    ----------
    features, target, ignored
        As those of ``Table``.
    roles : Roles
    """

    features: pd.DataFrame = field(repr=False)
    target: Array = field(repr=False)
    roles: Roles
    ignored: pd.DataFrame | None = field(default=None, repr=False)


def read(
    raw: RawTable, entry: DatasetEntry, task: Task, needed: Mapping[str, str] | None = None
) -> Content:
    """Read what ``build`` reads; the raw table is not needed any more.

    Raises
    ------
    DataError
        As ``build``.
    """
    roles = assign_roles(raw.label, raw.names, entry)
    body = raw.read({**_kinds(roles), entry.target: target_kind(task)})
    target = checked_target(raw, body.columns[entry.target], entry, task)
    features = to_frame(body, roles)
    _check_filled(raw.label, features)
    aside = None if needed is None else read_aside(raw, roles, needed)
    return Content(features, target, roles, aside)


def digested(
    read: Content, entry: DatasetEntry, sha256: str | None, needed: Mapping[str, str] | None = None
) -> Table:
    """Return the table with its digests; the parameters are those of ``build``."""
    roles, aside = read.roles, read.ignored
    frame = _whole(read.features, read.target, entry.target, roles.position)
    content = tagged_digest("table", {"frame": digest_frame(frame), "target": entry.target})
    sha256 = sha256 or content.rpartition(":")[2]
    if aside is not None and (by := [name for name in aside.columns if name in (needed or ())]):
        # A feature is in the content already. The tag is of before rows could have weights.
        frame = frame.join(aside[by])
        parts = {"frame": digest_frame(frame), "target": entry.target, "split_by": by}
        content = tagged_digest("table", parts)
    return Table(
        features=read.features,
        target=read.target,
        numeric=roles.numeric,
        categorical=roles.categorical,
        content=content,
        unordered=digest_rows(frame),
        sha256=sha256,
        ignored=aside,
    )


def read_features(raw: RawTable, roles: Roles) -> pd.DataFrame:
    """Read the features alone."""
    return to_frame(raw.read(_kinds(roles)), roles)


def likely_task(raw: RawTable, entry: DatasetEntry) -> Task:
    """Guess the task where only the data set is named.

    With a positive label it is binary; otherwise a regression if the target is all numbers. Digits
    that name classes look like numbers: name the task where it matters.

    Raises
    ------
    DataError
        If the declaration does not fit the columns of the table.
    """
    if entry.positive is not None:
        return Task.BINARY
    assign_roles(raw.label, raw.names, entry)
    if entry.target in raw.text_columns:
        return Task.MULTICLASS
    try:
        raw.read({entry.target: "number"})
    except RefusedColumnsError:
        return Task.MULTICLASS
    return Task.REGRESSION


def _kinds(roles: Roles) -> dict[str, Kind]:
    numeric = set(roles.numeric)
    return {name: "number" if name in numeric else "text" for name in roles.features}


def to_frame(body: Body, roles: Roles) -> pd.DataFrame:
    """Return the features as a frame of float64 and text, in the file's order."""
    categorical = set(roles.categorical)
    # Nobody else has the columns of a body. A copy of them would be there beside them.
    columns = {
        name: pd.Series(
            body.columns[name], dtype=TEXT if name in categorical else np.float64, copy=False
        )
        for name in roles.features
    }
    return pd.DataFrame(columns, copy=False)


def _check_filled(label: str, features: pd.DataFrame) -> None:
    empty = [name for name in features.columns if features[name].isna().all()]
    if empty:
        raise DataError(
            "\n".join(f"{label}: column '{name}' has no value in any row" for name in empty),
            advice="list it as ignored in configs/datasets.yaml",
        )


def _whole(features: pd.DataFrame, target: Array, name: str, position: int) -> pd.DataFrame:
    """Return features and target, the target in its place among the columns of the file."""
    frame = features.copy(deep=False)
    dtype = np.float64 if target.dtype.kind == "f" else TEXT
    frame.insert(position, name, pd.Series(target, dtype=dtype))
    return frame
