"""Splits that follow from a column: groups that stay together, time, and a predefined part.

Every split is the one that scikit-learn's splitter of the same kind makes, row for row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    PredefinedSplit,
    StratifiedGroupKFold,
    TimeSeriesSplit,
    train_test_split,
)

from repro.config import splits
from repro.core.errors import DataError
from repro.training.folds import NO_FOLD, ForwardFolds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Rows = npt.NDArray[np.int64]
    Target = npt.NDArray[np.str_] | npt.NDArray[np.float64]
    Column = npt.NDArray[Any]

_PARTS = ("train", "test")
# A share is that of one of several folds if it differs from it by rounding, as 0.33 from 1/3.
_ROUNDING = 0.02
_SHOWN = 5


@dataclass(frozen=True)
class SplitColumns:
    """A split by a column, and the values of the columns that it names.

    Attributes
    ----------
    split : GroupSplit, TimeSplit or PredefinedSplit
    by : ndarray of shape (n_samples,)
        Of ``split.by``: float64 or text, never missing.
    folds_by : ndarray of shape (n_samples,), or None
        Of ``split.folds_by``, which training rows alone need.
    """

    split: splits.ColumnSplit
    by: Column
    folds_by: Column | None

    def take(self, rows: npt.NDArray[Any]) -> SplitColumns:
        """Return the values of some rows, given by position or by a mask."""
        folds = None if self.folds_by is None else self.folds_by[rows]
        return SplitColumns(self.split, self.by[rows], folds)

    @property
    def together(self) -> Column | None:
        """The values whose rows no split of the training rows may separate."""
        return self.folds_by if isinstance(self.split, splits.PredefinedSplit) else self.groups

    @property
    def groups(self) -> Column | None:
        """The values whose rows belong together."""
        return self.by if isinstance(self.split, splits.GroupSplit) else None


def columns_of(split: splits.AnySplit, columns: pd.DataFrame) -> SplitColumns | None:
    """Return the columns that rows are split by; None if rows are drawn one by one.

    Parameters
    ----------
    columns : DataFrame of shape (n_samples, n_columns)
        Has every column that the split names.

    Raises
    ------
    DataError
        If a value is missing.
    """
    if isinstance(split, splits.Split):
        return None
    folds = split.folds_by if isinstance(split, splits.PredefinedSplit) else None
    return SplitColumns(
        split,
        _whole(columns[split.by], "split.by"),
        None if folds is None else _plain(columns[folds]),
    )


def held_out_rows(
    target: Target, columns: SplitColumns, seeds: Mapping[str, int]
) -> tuple[Rows, Rows]:
    """Return the training rows and the held-out rows, ascending.

    Raises
    ------
    DataError
        If the column cannot be split by.
    ValueError
        If scikit-learn refuses the split.
    """
    split = columns.split
    stratified = isinstance(split, splits.GroupSplit) and split.kind == "stratified_group"
    rows = _limited(len(target), split.limit, target if stratified else None, seeds["split/limit"])
    by = columns.by[rows]
    if isinstance(split, splits.TimeSplit):
        train, test = latest(by, split, split.test_size)
    elif isinstance(split, splits.PredefinedSplit):
        train, test = _predefined(by, split.by)
    else:
        train, test = _grouped(target[rows], by, split, seeds["split/rows"])
    return np.sort(rows[train]), np.sort(rows[test])


def column_folds(
    target: Target, columns: SplitColumns, train_rows: Rows, count: int, seed: int
) -> Rows | ForwardFolds | None:
    """Return the folds that match a split; None where the split says nothing about folds.

    Raises
    ------
    DataError
        If there are too few groups, rows, or values for the folds.
    """
    split, by = columns.split, columns.by[train_rows]
    if isinstance(split, splits.TimeSplit):
        return _forward(by, split, count)
    if isinstance(split, splits.PredefinedSplit):
        if columns.folds_by is None:
            return None
        return _declared(columns.folds_by[train_rows], str(split.folds_by), count)
    groups = len(np.unique(by))
    if groups < count:
        raise DataError(
            f"split.by: the column '{split.by}' has {groups} value{'s' if groups > 1 else ''} in"
            f" the training rows: fewer than {count} folds",
            advice=f"use fewer folds (--set selection.folds={groups})"
            if groups > 1
            else "use a column with more values",
        )
    if split.kind == "group":
        splitter: Any = GroupKFold(n_splits=count)
    else:
        splitter = StratifiedGroupKFold(n_splits=count, shuffle=True, random_state=seed)
    return _numbered(splitter.split(by, target[train_rows], by), len(by))


def _numbered(parts: Any, size: int) -> Rows:
    fold_of_row = np.full(size, NO_FOLD, dtype=np.int64)
    for number, (_, held_out) in enumerate(parts):
        fold_of_row[held_out] = number
    return fold_of_row


def _limited(total: int, limit: int | None, strata: Target | None, seed: int) -> Rows:
    rows = np.arange(total, dtype=np.int64)
    if limit is None or limit >= total:
        return rows
    drawn, _ = train_test_split(rows, train_size=limit, stratify=strata, random_state=seed)
    return np.sort(drawn)


def _grouped(
    target: Target, groups: Column, split: splits.GroupSplit, seed: int
) -> tuple[Rows, Rows]:
    names = np.unique(groups)
    if len(names) < len(_PARTS):
        raise DataError(
            f"split.by: the column '{split.by}' has one value only, {_spelled(names[0])}: no group"
            " can be held out",
            advice="name a column whose values are several groups of rows",
        )
    if split.kind == "group":
        splitter: Any = GroupShuffleSplit(test_size=split.test_size, random_state=seed)
    else:
        parts = _parts(split.test_size)
        splitter = StratifiedGroupKFold(n_splits=parts, shuffle=True, random_state=seed)
    train, test = next(splitter.split(groups, target, groups))
    return train, test


def _parts(share: float) -> int:
    """Return of how many equal parts a share is one."""
    parts = round(1 / share)
    if parts < len(_PARTS) or abs(share * parts - 1) > _ROUNDING:
        raise DataError(
            f"split.test_size: a stratified group split holds out one of several folds, so"
            f" {share:g} must be 1/2, 1/3, 1/4 and so on",
            advice=f"set it to {1 / max(parts, len(_PARTS)):.3g} (--test-size), or use split.kind:"
            " group",
        )
    return parts


def latest(times: Column, split: splits.TimeSplit, share: float) -> tuple[Rows, Rows]:
    """Hold out the latest rows; rows of one time keep the order of the file.

    Raises
    ------
    DataError
        If the values have no order.
    """
    order = np.argsort(_sortable(times, split.by), kind="stable")
    held_out = int(np.ceil(share * len(order)))
    train = order[: max(0, len(order) - held_out - split.gap)]
    return train, order[len(order) - held_out :]


def _forward(times: Column, split: splits.TimeSplit, count: int) -> ForwardFolds:
    order = np.argsort(_sortable(times, split.by), kind="stable")
    scored = np.full(len(order), NO_FOLD, dtype=np.int64)
    learned = np.full(len(order), count, dtype=np.int64)
    try:
        parts = list(TimeSeriesSplit(n_splits=count, gap=split.gap).split(order))
    except ValueError as error:
        raise DataError(
            f"split.gap: {len(order)} training rows are too few for {count} folds in time with"
            f" a gap of {split.gap} rows",
            advice="use fewer folds (--set selection.folds), a smaller split.gap, or more data",
        ) from error
    for number, (inside, outside) in reversed(list(enumerate(parts))):
        scored[order[outside]] = number
        learned[order[inside]] = number
    return ForwardFolds(scored, learned)


def _sortable(times: Column, name: str) -> Column:
    """Return values whose order is that of time: numbers, or instants of ISO 8601."""
    if times.dtype.kind == "f":
        return times
    instants = pd.to_datetime(times, format="ISO8601", errors="coerce", utc=True)
    odd = np.flatnonzero(instants.isna())
    if odd.size:
        raise DataError(
            f"split.by: '{name}' cannot be put in order: {odd.size} of {len(times)} values are"
            f" neither numbers nor dates such as 2024-03-31, first {_spelled(times[odd[0]])}",
            advice="write dates as ISO 8601 has them, year first",
        )
    return instants.to_numpy(dtype="datetime64[ns]")


def _predefined(labels: Column, name: str) -> tuple[Rows, Rows]:
    found = {str(label) for label in np.unique(labels)}
    odd = sorted(found - {*_PARTS})
    if odd:
        raise DataError(
            f"split.by: the column '{name}' has {_some(odd)}, expected 'train' or 'test' in every"
            " row",
            advice="correct the values, or name a different column",
        )
    if missing := sorted({*_PARTS} - found):
        raise DataError(
            f"split.by: no row has '{missing[0]}' in the column '{name}'",
            advice="mark the rows of both parts",
        )
    fold_of_row = np.where(labels == "test", 0, NO_FOLD)
    train, test = next(PredefinedSplit(fold_of_row).split())
    return train, test


def _declared(values: Column, name: str, count: int) -> Rows:
    missing = pd.isna(values)
    if missing.any():
        raise DataError(
            f"split.folds_by: the column '{name}' has no value in {missing.sum()} training rows",
            advice="give every training row its fold",
        )
    names, fold_of_row = np.unique(values, return_inverse=True)
    if len(names) != count:
        raise DataError(
            f"split.folds_by: the column '{name}' has {len(names)} values in the training rows, and"
            f" selection.folds is {count}",
            advice=f"set selection.folds to {len(names)}"
            if len(names) > 1
            else "give the training rows at least two folds",
        )
    return _numbered(PredefinedSplit(fold_of_row).split(), len(values))


def _whole(column: pd.Series[Any], key: str) -> Column:
    missing = np.flatnonzero(column.isna())
    if missing.size:
        raise DataError(
            f"{key}: the column '{column.name}' has no value in {missing.size}"
            f" row{'s' if missing.size > 1 else ''}, first in row {missing[0]}",
            advice="fill it in, or leave these rows out of the data",
        )
    return _plain(column)


def _plain(column: pd.Series[Any]) -> Column:
    """Return numbers as float64; text as Unicode, or as objects where some are missing."""
    if column.dtype == np.float64:
        return column.to_numpy(dtype=np.float64)
    texts: Column = column.to_numpy(dtype=object)
    return texts if column.isna().any() else texts.astype(str)


def _spelled(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else f"{value}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
