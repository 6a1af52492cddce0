"""Rows of a fit that it does not learn from, to stop early by: drawn as the rows are split.

They come from the rows that the fit is given, and so never from the held-out rows or from those
that a fold scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold, train_test_split

from repro.config.splits import GroupSplit, TimeSplit
from repro.core.errors import DataError
from repro.training.splitters import latest
from repro.training.wrapping import is_of_labels

if TYPE_CHECKING:
    import numpy.typing as npt

    from repro.config.training import EarlyStopping
    from repro.training.scoring import Labels
    from repro.training.splitters import SplitColumns

    Rows = npt.NDArray[np.int64]

VALIDATION = "validation"
"""The last part of the name of a seed by which validation rows are drawn."""
_FEWEST = 2


@dataclass(frozen=True)
class Parts:
    """Positions among the rows of one fit, ascending.

    Attributes
    ----------
    learned, validated : ndarray of int64
        The rows that a fit learns from, and those that it is validated on. Of a split by time with
        a gap, rows between them are in neither.
    """

    learned: Rows
    validated: Rows


def parts_of(
    family: str,
    settings: EarlyStopping | None,
    target: Labels,
    seed: int | None,
    columns: SplitColumns | None,
) -> Parts | None:
    """Divide the rows of one fit; None where the family does not stop early.

    Rows of one group stay together, a split by time validates on the latest rows, and classes are
    in proportion unless a column decides.

    Parameters
    ----------
    target : ndarray of shape (n_rows,)
    seed : int or None
        Of the draw; None where the family does not stop early.
    columns : SplitColumns, optional
        What these rows are split by, unless they are drawn one by one.

    Raises
    ------
    DataError
        If the rows are too few, or too few groups.
    """
    if settings is None:
        return None
    try:
        learned, validated = _divided(target, settings.fraction, seed, columns)
    except ValueError as error:
        raise _too_few(family, settings, f"{len(target)} rows cannot be split: {error}") from error
    lacking = sorted({*np.unique(target)} - {*np.unique(target[learned])})
    if is_of_labels(target) and lacking:
        raise _too_few(family, settings, f"no row to learn from has class '{lacking[0]}'")
    if len(learned) < _FEWEST or not len(validated):
        what = f"{len(learned)} rows to learn from and {len(validated)} to validate on"
        raise _too_few(family, settings, f"of {len(target)} rows there are {what}")
    return Parts(np.sort(learned).astype(np.int64), np.sort(validated).astype(np.int64))


def _too_few(family: str, settings: EarlyStopping, reason: str) -> DataError:
    return DataError(
        f"models.{family}.early_stopping.fraction: {settings.fraction:g} leaves too few rows in a"
        f" fit: {reason}",
        advice="change the fraction, use more rows, or use no early stopping (--set"
        f" models.{family}.early_stopping=null)",
    )


def _divided(
    target: Labels, fraction: float, seed: int | None, columns: SplitColumns | None
) -> tuple[Rows, Rows]:
    rows = np.arange(len(target), dtype=np.int64)
    if columns is not None and isinstance(columns.split, TimeSplit):
        return latest(columns.by, columns.split, fraction)
    groups = None if columns is None else columns.together
    if groups is None:
        strata = target if is_of_labels(target) else None
        learned, validated = train_test_split(
            rows, test_size=fraction, stratify=strata, random_state=seed
        )
        return learned, validated
    if len(np.unique(groups)) < _FEWEST:
        raise ValueError("they are of one group")
    splitter: Any = GroupShuffleSplit(test_size=fraction, random_state=seed)
    if columns is not None and _is_stratified(columns) and is_of_labels(target):
        # One of several folds: of the number whose share is nearest.
        parts = min(max(_FEWEST, round(1 / fraction)), len(np.unique(groups)))
        splitter = StratifiedGroupKFold(n_splits=parts, shuffle=True, random_state=seed)
    learned, validated = next(splitter.split(rows, target, groups))
    return learned, validated


def _is_stratified(columns: SplitColumns) -> bool:
    return isinstance(columns.split, GroupSplit) and columns.split.kind == "stratified_group"
