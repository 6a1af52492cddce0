"""Held-out rows and folds, and whether the data can be trained on at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from repro.config.data import Task
from repro.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from repro.config.training import Selection, Split

    Rows = npt.NDArray[np.int64]
    Target = npt.NDArray[np.str_] | npt.NDArray[np.float64]

_FEWEST_FOLDS = 2


def split_rows(
    target: Target, task: Task, split: Split, selection: Selection, split_seeds: Mapping[str, int]
) -> tuple[Rows, Rows]:
    """Choose the training and the held-out rows.

    Parameters
    ----------
    target : ndarray of shape (n_samples,)

    Returns
    -------
    train_rows, test_rows : ndarray of int64
        Positions in the table, ascending.

    Raises
    ------
    DataError
        If there is one class only, or too few rows (of a class) for the split and the folds.
    """
    _check_enough(target, task, split, selection)
    strata = target if split.stratify and task is not Task.REGRESSION else None
    try:
        rows = _limited(strata, len(target), split.limit, split_seeds["split/limit"])
        train, test = train_test_split(
            rows,
            test_size=split.test_size,
            stratify=None if strata is None else strata[rows],
            random_state=split_seeds["split/rows"],
        )
    except ValueError as error:
        raise DataError(
            f"the rows cannot be split: {error}", advice="change split.limit or split.test_size"
        ) from error
    _check_folds(target[train], task, split, selection)
    _check_held_out(target, test, task, split)
    return np.sort(train).astype(np.int64), np.sort(test).astype(np.int64)


def fold_rows(
    target: Target,
    task: Task,
    train_rows: Rows,
    selection: Selection,
    fold_seeds: Mapping[str, int],
) -> Rows:
    """Give every training row its fold, stratified by class in a classification.

    Returns
    -------
    ndarray of int64, shape (n_train,)
    """
    splitter = KFold if task is Task.REGRESSION else StratifiedKFold
    seed = fold_seeds["fold/rows"]
    folds = splitter(n_splits=selection.folds, shuffle=True, random_state=seed)
    fold_of_row = np.empty(len(train_rows), dtype=np.int64)
    for number, (_, held_out) in enumerate(folds.split(train_rows, target[train_rows])):
        fold_of_row[held_out] = number
    return fold_of_row


def _limited(strata: Target | None, total: int, limit: int | None, seed: int) -> Rows:
    rows = np.arange(total)
    if limit is None or limit >= total:
        return rows
    drawn: Rows
    drawn, _ = train_test_split(rows, train_size=limit, stratify=strata, random_state=seed)
    return drawn


def _check_held_out(target: Target, test: Rows, task: Task, split: Split) -> None:
    classes = 2 if task is Task.REGRESSION else len(np.unique(target))
    held = len(test) if task is Task.REGRESSION else len(np.unique(target[test]))
    if held < classes:
        what = "rows" if task is Task.REGRESSION else "classes"
        raise DataError(
            f"the held-out part has {held} {what}, and {classes} are needed to judge a model",
            advice=_remedies(
                "raise split.test_size",
                "" if split.stratify or task is Task.REGRESSION else "set split.stratify: true",
            ),
        )


def _check_enough(target: Target, task: Task, split: Split, selection: Selection) -> None:
    rows = min(len(target), split.limit or len(target))
    held_out = int(np.ceil(split.test_size * rows))
    if rows - held_out < selection.folds:
        raise DataError(
            f"{rows} rows are too few for {selection.folds} folds beside a held-out share of"
            f" {split.test_size}",
            advice=_remedies(_folds(rows - held_out), "use more data"),
        )
    if task is Task.REGRESSION:
        if target.min() == target.max():
            raise DataError(
                "the target is the same in every row", advice="there is nothing to learn"
            )
        return
    labels, counts = np.unique(target, return_counts=True)
    if held_out < len(labels):
        raise DataError(
            f"a held-out share of {split.test_size} is {held_out} row{'s' if held_out > 1 else ''},"
            f" fewer than the {len(labels)} classes",
            advice="raise split.test_size (--test-size)",
        )
    if len(labels) < len(("one", "other")):
        raise DataError(
            f"the target has one class only: '{labels[0]}'",
            advice="a classifier needs rows of at least two classes",
        )
    rarest = int(counts.argmin())
    if counts[rarest] < selection.folds + 1:
        raise DataError(
            f"class '{labels[rarest]}' has {counts[rarest]} rows: fewer than one in each of"
            f" {selection.folds} folds and the held-out rows",
            advice=_remedies(_folds(int(counts[rarest]) - 1), "use more rows of that class"),
        )


def _check_folds(target: Target, task: Task, split: Split, selection: Selection) -> None:
    if task is Task.REGRESSION:
        return
    labels, counts = np.unique(target, return_counts=True)
    rarest = int(counts.argmin())
    if counts[rarest] < selection.folds:
        raise DataError(
            f"class '{labels[rarest]}' has {counts[rarest]} training rows: fewer than"
            f" {selection.folds} folds",
            advice=_remedies(
                _folds(int(counts[rarest])),
                "raise split.limit" if split.limit is not None else "",
                "" if split.stratify else "set split.stratify: true",
                "use more rows of that class",
            ),
        )


def _folds(most: int) -> str:
    """Advise on the number of folds, where any number would do."""
    return f"use fewer folds (--set selection.folds={most})" if most >= _FEWEST_FOLDS else ""


def _remedies(*remedies: str) -> str:
    return ", or ".join(filter(None, remedies))
