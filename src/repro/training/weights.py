"""Weights of rows, read from a column and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.config.data import Task
from repro.core.errors import DataError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from repro.config.weights import Weights as Settings
    from repro.training.scoring import Labels

    Weights = npt.NDArray[np.float64]

_SHOWN, _LONGEST = 5, 80


@dataclass(frozen=True)
class RowWeights:
    """The weights of all rows of a table, and what they count in.

    Attributes
    ----------
    values : ndarray of float64, shape (n_samples,)
        Finite, not negative, and not all 0.
    settings : repro.config.weights.Weights
    """

    values: Weights
    settings: Settings

    @property
    def in_metrics(self) -> Weights | None:
        """The weights, if metrics are weighted too."""
        return self.values if self.settings.metrics else None


def weights_of(settings: Settings | None, columns: pd.DataFrame) -> RowWeights | None:
    """Read the weights of rows; None without any.

    Parameters
    ----------
    columns : DataFrame of shape (n_samples, n_columns)
        Has the column that the settings name.

    Raises
    ------
    DataError
        If a weight is missing, no finite number, or negative, or all of them are 0.
    """
    if settings is None:
        return None
    column = columns[settings.by]
    if column.dtype == np.float64:
        numbers = column.to_numpy(dtype=np.float64)
    else:
        numbers = np.array([_number(value) for value in column], dtype=np.float64)
    start, missing = f"weights.by: the column '{settings.by}'", column.isna().to_numpy()
    _refuse(f"{start} has no value", np.flatnonzero(missing))
    odd = np.flatnonzero(~np.isfinite(numbers))
    if odd.size:
        value = column.iloc[odd[0]]
        shown = repr(value)[:_LONGEST] if isinstance(value, str) else f"{value:g}"
        rows = np.flatnonzero(column == value)
        _refuse(f"{start} has {shown}, which is no finite number,", rows)
    negative = np.flatnonzero(numbers < 0)
    if negative.size:
        _refuse(f"{start} has a negative weight ({numbers[negative[0]]:g} first)", negative)
    if not numbers.any():
        raise DataError(
            f"{start} is 0 in each of the {len(numbers)} rows",
            advice="give the rows that are to count a weight above 0",
        )
    return RowWeights(numbers, settings)


def _number(value: object) -> float:
    if isinstance(value, str) and "_" in value:
        # Python reads 1_000 as a number, and no table does.
        return np.nan
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return np.nan


def _refuse(found: str, rows: npt.NDArray[np.intp]) -> None:
    if rows.size:
        shown = ", ".join(map(str, rows[:_SHOWN]))
        more = f" and {rows.size - _SHOWN} more" if rows.size > _SHOWN else ""
        raise DataError(
            f"{found} in {'row' if rows.size == 1 else 'rows'} {shown}{more}, counted from 0",
            advice="weights are finite numbers from 0: correct them, or leave these rows out of"
            " the data",
        )


def of_rows(weights: Weights | None, rows: npt.NDArray[Any]) -> Weights | None:
    """Return the weights of some rows, given by position or by a mask; None without weights."""
    return None if weights is None else weights[rows]


def check_counts(weights: Weights | None, target: Labels, task: Task, what: str) -> None:
    """Check that some weight is left in rows that are learned from or measured.

    Parameters
    ----------
    weights : ndarray of shape (n_rows,), or None
        None passes.
    target : ndarray of shape (n_rows,)
    what : str
        The rows, as a noun in the plural.

    Raises
    ------
    DataError
        If all weights of these rows, or of one of their classes, are 0.
    """
    if weights is None:
        return
    names = [""] if task is Task.REGRESSION else [str(name) for name in np.unique(target)]
    for name in names:
        if not weights[target == name if name else slice(None)].any():
            of = f" of class '{name}'" if name else ""
            raise DataError(
                f"weights.by: all {what}{of} have the weight 0",
                advice="give some of them a weight above 0, use more rows, or use fewer folds"
                " (--set selection.folds)",
            )
