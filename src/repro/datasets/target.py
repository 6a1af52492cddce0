"""The column that is predicted: numbers without gaps, or the labels of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from repro.config.data import Task
from repro.core.errors import DataError
from repro.core.lookalike import equivalents
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from repro.config.data import DatasetEntry
    from repro.datasets.formats.interface import Array, Kind, RawTable

_SHOWN, _LONGEST = 5, 1000


def target_kind(task: Task) -> Kind:
    """Return how the target of a task is read."""
    return "number" if task is Task.REGRESSION else "text"


def checked_target(raw: RawTable, values: Array, entry: DatasetEntry, task: Task) -> Array:
    """Return a target that a task can be trained on.

    Parameters
    ----------
    raw : RawTable
        The table, for its name and the places of rows.
    values : ndarray of shape (n_samples,)
        Float64 with NaN, or object with None, for missing.
    entry : DatasetEntry
    task : Task

    Returns
    -------
    ndarray of shape (n_samples,)
        Float64 for a regression; otherwise the labels, as a NumPy array of Unicode text.

    Raises
    ------
    DataError
        If values are missing or blank, or the classes are not those of the task.
    """
    _check_present(raw, values, entry.target)
    if task is Task.REGRESSION:
        return values
    _check_no_blanks(raw, values, entry.target)
    labels = sorted(set(values))
    where = f"{raw.label}: target '{entry.target}'"
    longest = max(map(len, labels))
    if longest > _LONGEST:
        # Every row would take as much memory as the longest label.
        raise DataError(
            f"{where}: a label of {longest} characters, expected at most {_LONGEST}",
            advice="name the column that holds the classes",
        )
    if len(labels) < 2:
        raise DataError(
            f"{where}: only one class, {labels[0]!r}", advice="train on rows of two classes or more"
        )
    for sentence in equivalents(labels):
        raise DataError(f"{where}: labels {sentence}", advice="give each class one spelling")
    if task is Task.BINARY:
        _check_binary(where, labels, entry.positive)
    return values.astype(np.str_)


def _check_present(raw: RawTable, values: Array, target: str) -> None:
    missing = np.flatnonzero(pd.isna(values))
    if missing.size:
        noun = "value is" if missing.size == 1 else "values are"
        raise DataError(
            f"{raw.label}: target '{target}': {missing.size} {noun} missing, "
            f"first in {raw.place(int(missing[0]))}",
            advice="remove the rows without a target, or give them a label if that is a class",
        )


def _check_no_blanks(raw: RawTable, values: Array, target: str) -> None:
    blank = [row for row, label in enumerate(values) if not label.strip()]
    if blank:
        noun = "label is" if len(blank) == 1 else "labels are"
        places = ", ".join(raw.place(row) for row in blank[:_SHOWN])
        more = f" and {len(blank) - _SHOWN} more" if len(blank) > _SHOWN else ""
        raise DataError(
            f"{raw.label}: target '{target}': {len(blank)} {noun} blank, in {places}{more}",
            advice="remove the rows without a target, or give them a label",
        )


def _check_binary(where: str, labels: list[str], positive: str | None) -> None:
    found = ", ".join(map(repr, labels[:_SHOWN])) + (" …" if len(labels) > _SHOWN else "")
    if len(labels) != 2:
        raise DataError(
            f"{where}: a binary task has two labels, found {len(labels)}: {found}",
            advice="correct the labels, or choose the task multiclass, which has no positive label",
        )
    if positive not in labels:
        raise DataError(
            f"{where}: the positive label {positive!r} is not among {found}",
            advice=did_you_mean(str(positive), labels),
        )
