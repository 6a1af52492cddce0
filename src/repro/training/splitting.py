"""Held-out rows and folds, and whether the data can be trained on at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from repro.config.data import Task
from repro.config.splits import GroupSplit, PredefinedSplit, Split, TimeSplit
from repro.core.errors import DataError
from repro.seeding import name
from repro.training.folds import NO_FOLD, RepeatedFolds, masks
from repro.training.splitters import column_folds, held_out_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from repro.config.splits import AnySplit
    from repro.config.training import Selection
    from repro.seeding import SeedPath
    from repro.training.folds import Folds, ForwardFolds
    from repro.training.splitters import SplitColumns

    Rows = npt.NDArray[np.int64]
    Target = npt.NDArray[np.str_] | npt.NDArray[np.float64]

_FEWEST_FOLDS = 2
_LARGER = "raise split.test_size"


def split_rows(
    target: Target,
    task: Task,
    split: AnySplit,
    selection: Selection,
    split_seeds: Mapping[str, int],
    split_columns: SplitColumns | None = None,
) -> tuple[Rows, Rows]:
    """Choose the training and the held-out rows.

    Parameters
    ----------
    target : ndarray of shape (n_samples,)
    split_columns : SplitColumns, optional
        What rows are split by, unless they are drawn one by one.

    Returns
    -------
    train_rows, test_rows : ndarray of int64
        Positions in the table: ascending, or in the order in which they were drawn.

    Raises
    ------
    DataError
        If there is one class only, or too few rows (of a class) for the split and the folds.
    """
    _check_enough(target, task, split, selection)
    try:
        if isinstance(split, Split):
            train, test = _drawn(target, task, split, split_seeds)
        elif split_columns is not None:
            train, test = held_out_rows(target, split_columns, split_seeds)
    except ValueError as error:
        raise DataError(
            f"the rows cannot be split: {error}", advice="change split.limit or split.test_size"
        ) from error
    check_folds(target[train], task, split, selection)
    _check_held_out(target, test, task, split)
    if isinstance(split, Split) and split.order == "drawn":
        return train.astype(np.int64), test.astype(np.int64)
    return np.sort(train).astype(np.int64), np.sort(test).astype(np.int64)


def _drawn(target: Target, task: Task, split: Split, seeds: Mapping[str, int]) -> tuple[Rows, Rows]:
    strata = target if split.stratify and task is not Task.REGRESSION else None
    rows = _limited(strata, len(target), split.limit, seeds["split/limit"])
    train, test = train_test_split(
        rows,
        test_size=split.test_size,
        stratify=None if strata is None else strata[rows],
        random_state=seeds["split/rows"],
    )
    return train, test


def fold_rows(
    target: Target,
    task: Task,
    train_rows: Rows,
    selection: Selection,
    fold_seeds: Mapping[str, int],
    split_columns: SplitColumns | None = None,
) -> Folds:
    """Give every training row its fold, as the rows are split, as many times as is configured.

    Unless a column says more, rows are drawn, and stratified by class in a classification. Each
    draw has a seed of its own, so that more repeats leave the first ones as they are. Without folds
    every row is in none.

    Returns
    -------
    ndarray of int64, shape (n_train,), ForwardFolds or RepeatedFolds

    Raises
    ------
    DataError
        If a column does not give as many folds, or a fold lacks a class.
    """
    seeds = [fold_seeds[name(path)] for path in fold_paths(selection)]
    first, *later = (
        _one_draw(target, task, train_rows, selection, seed, split_columns) for seed in seeds
    )
    # Only folds that are drawn are repeated, as the configuration has checked.
    drawn = [folds for folds in later if isinstance(folds, np.ndarray)]
    if not drawn or not isinstance(first, np.ndarray):
        return first
    return RepeatedFolds((first, *drawn))


def fold_paths(selection: Selection) -> list[SeedPath]:
    """Name the seeds of folds, one for each draw."""
    later = range(1, selection.repeats)
    return [("fold", "rows"), *(("fold", "rows", number) for number in later)]


def _one_draw(
    target: Target,
    task: Task,
    train_rows: Rows,
    selection: Selection,
    seed: int,
    split_columns: SplitColumns | None,
) -> Rows | ForwardFolds:
    count = selection.folds
    if count is None:
        return np.full(len(train_rows), NO_FOLD, dtype=np.int64)
    if split_columns is None:
        return _drawn_folds(target, task, train_rows, count, seed)
    folds = column_folds(target, split_columns, train_rows, count, seed)
    if folds is None:
        folds = _drawn_folds(target, task, train_rows, count, seed)
    if task is not Task.REGRESSION:
        _check_classes(target[train_rows], folds, split_columns)
    return folds


def _drawn_folds(target: Target, task: Task, train_rows: Rows, count: int, seed: int) -> Rows:
    splitter = KFold if task is Task.REGRESSION else StratifiedKFold
    folds = splitter(n_splits=count, shuffle=True, random_state=seed)
    fold_of_row = np.empty(len(train_rows), dtype=np.int64)
    for number, (_, held_out) in enumerate(folds.split(train_rows, target[train_rows])):
        fold_of_row[held_out] = number
    return fold_of_row


def _check_classes(target: Target, folds: Rows | ForwardFolds, columns: SplitColumns) -> None:
    """Check that each fold has every class where it learns and where it scores."""
    classes = set(np.unique(target))
    for number, (inside, outside) in enumerate(masks(folds), start=1):
        for what, rows in (("learns from", inside), ("is scored on", outside)):
            lacking = sorted(classes - set(np.unique(target[rows])))
            if lacking:
                raise DataError(
                    f"fold {number} {what} {rows.sum()} rows, and none has class '{lacking[0]}'",
                    advice=_remedies(
                        "use fewer folds (--set selection.folds)",
                        _by_class(columns.split, Task.BINARY),
                        "use more rows of that class",
                    ),
                )


def _limited(strata: Target | None, total: int, limit: int | None, seed: int) -> Rows:
    rows = np.arange(total)
    if limit is None or limit >= total:
        return rows
    drawn: Rows
    drawn, _ = train_test_split(rows, train_size=limit, stratify=strata, random_state=seed)
    return drawn


def _check_held_out(target: Target, test: Rows, task: Task, split: AnySplit) -> None:
    classes = 2 if task is Task.REGRESSION else len(np.unique(target))
    held = len(test) if task is Task.REGRESSION else len(np.unique(target[test]))
    if held < classes:
        what = "rows" if task is Task.REGRESSION else "classes"
        larger = "hold out more rows" if isinstance(split, PredefinedSplit) else _LARGER
        raise DataError(
            f"the held-out part has {held} {what}, and {classes} are needed to judge a model",
            advice=_remedies(larger, _by_class(split, task)),
        )


def _check_enough(target: Target, task: Task, split: AnySplit, selection: Selection) -> None:
    if not isinstance(split, PredefinedSplit):
        _check_share(target, task, split, selection)
    if task is Task.REGRESSION:
        if target.min() == target.max():
            raise DataError(
                "the target is the same in every row", advice="there is nothing to learn"
            )
        return
    labels, counts = np.unique(target, return_counts=True)
    if len(labels) < len(("one", "other")):
        raise DataError(
            f"the target has one class only: '{labels[0]}'",
            advice="a classifier needs rows of at least two classes",
        )
    rarest = int(counts.argmin())
    folds = _parts(selection)
    if counts[rarest] < folds + 1:
        among = "the training rows" if selection.folds is None else f"each of {folds} folds"
        raise DataError(
            f"class '{labels[rarest]}' has {counts[rarest]} rows: fewer than one in {among} and the"
            " held-out rows",
            advice=_remedies(_folds(int(counts[rarest]) - 1), "use more rows of that class"),
        )


def _check_share(
    target: Target, task: Task, split: Split | GroupSplit | TimeSplit, selection: Selection
) -> None:
    rows = min(len(target), split.limit or len(target))
    held_out = int(np.ceil(split.test_size * rows))
    if rows - held_out < _parts(selection):
        raise DataError(
            f"{rows} rows are too few for {_parts(selection)} folds beside a held-out share of"
            f" {split.test_size}",
            advice=_remedies(_folds(rows - held_out), "use more data"),
        )
    classes = 0 if task is Task.REGRESSION else len(np.unique(target))
    if held_out < classes:
        raise DataError(
            f"a held-out share of {split.test_size} is {held_out} row{'s' if held_out > 1 else ''},"
            f" fewer than the {classes} classes",
            advice="raise split.test_size (--test-size)",
        )


def check_folds(target: Target, task: Task, split: AnySplit, selection: Selection) -> None:
    """Check that each class of some training rows has a row for each fold.

    Raises
    ------
    DataError
    """
    if task is Task.REGRESSION or selection.folds is None:
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
                _by_class(split, task),
                "use more rows of that class",
            ),
        )


def _parts(selection: Selection) -> int:
    """Return in how many parts each class must have a training row."""
    return 1 if selection.folds is None else selection.folds


def _by_class(split: AnySplit, task: Task) -> str:
    """Advise to keep classes in proportion, where the split does not."""
    if task is Task.REGRESSION:
        return ""
    if isinstance(split, Split):
        return "" if split.stratify else "set split.stratify: true"
    kind = split.kind
    return "use split.kind: stratified_group" if kind == "group" else ""


def _folds(most: int) -> str:
    """Advise on the number of folds, where any number would do."""
    return f"use fewer folds (--set selection.folds={most})" if most >= _FEWEST_FOLDS else ""


def _remedies(*remedies: str) -> str:
    return ", or ".join(filter(None, remedies))
