"""Paired differences between candidates: the selected one and each other one on the same rows.

Out-of-fold rows are resampled, each fold and class within itself, and both candidates are measured
on the same resamples of each fold (the paired bootstrap: Efron and Tibshirani, 1993; Koehn, EMNLP
2004). A difference is one of means over the folds, as models are selected by them.

The intervals say how much a difference depends on which rows were scored. They do not say how much
it depends on the rows that the models were fitted on, and nothing corrects for the selected
candidate being the best of several on these same rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from repro.config.data import Task
from repro.core.records import Estimate
from repro.training.bootstrap import (
    Resamples,
    draw_counts,
    percentiles,
    strata_of_groups,
    weigh,
)
from repro.training.folds import scored_in
from repro.training.measures import load_measures
from repro.training.selecting import TrainingRows
from repro.training.weights import of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from repro.config.training import Evaluation, Selection
    from repro.training.folds import Folds
    from repro.training.measures import Evaluated, Measure, Measures
    from repro.training.out_of_fold import OutOfFold
    from repro.training.scoring import Labels, Outcome
    from repro.training.splitters import SplitColumns
    from repro.training.weights import Weights

    Array = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.int64]


def paired_differences(
    out_of_fold: Mapping[str, OutOfFold],
    selected: str,
    target: Labels,
    outcome: Outcome,
    train_rows: Rows,
    fold_of_row: Folds,
    selection: Selection,
    evaluation: Evaluation,
    differences_seeds: Mapping[str, int],
    metrics: Measures | None = None,
    split_columns: SplitColumns | None = None,
    metric_weights: Weights | None = None,
) -> dict[str, Estimate]:
    """Compare the selected candidate with each other one in the metric of selection.

    With folds that are drawn several times, those of the first draw count. Groups of rows are
    resampled as a whole.

    Returns
    -------
    dict of str to Estimate
        The selected candidate's mean less that of each other candidate, by its name.
    """
    settings = evaluation.bootstrap
    if settings is None:
        return {}
    weights = of_rows(metric_weights, train_rows)
    fold = scored_in(fold_of_row)
    # Rows of the weight 0 are not drawn, so that no resample lacks a class.
    rows = np.flatnonzero((fold >= 0) & (True if weights is None else weights > 0))
    training = TrainingRows(target[train_rows], weights, outcome)
    parts = {name: training.evaluated(part).take(rows) for name, part in out_of_fold.items()}
    group_of_row = _groups(split_columns, train_rows[rows])
    strata = _strata(fold[rows], parts[selected].target, outcome)
    if group_of_row is not None:
        strata = strata_of_groups(strata, group_of_row)
    seed = differences_seeds["differences/bootstrap"]
    measure = (metrics or load_measures(outcome.task)).named(selection.metric)
    inside = _folds(fold[rows])
    sides = {name: [part.take(each) for each in inside] for name, part in parts.items()}
    blocks = [
        _means(sides, inside, counts, measure)
        for counts in draw_counts(strata, settings.resamples, seed, group_of_row)
    ]
    drawn = {name: np.concatenate([block[name] for block in blocks]) for name in parts}
    points = {name: _mean(part, fold[rows], measure) for name, part in parts.items()}
    tail = (1 - settings.confidence) / 2
    return {
        name: _estimate(points[selected] - points[name], drawn[selected] - drawn[name], tail)
        for name in parts
        if name != selected
    }


def _groups(columns: SplitColumns | None, rows: Rows) -> npt.NDArray[np.intp] | None:
    """Return the group of each row as a number; None where rows are drawn one by one."""
    if columns is None or columns.groups is None:
        return None
    return np.unique(columns.groups[rows], return_inverse=True)[1]


def _estimate(value: float, drawn: Array, tail: float) -> Estimate:
    low, high = percentiles(drawn, tail)
    return Estimate(value=value, low=low, high=high)


def _strata(fold: Rows, target: Labels, outcome: Outcome) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each fold, and of each class in it."""
    regression = outcome.task is Task.REGRESSION
    classes = np.zeros(len(fold)) if regression else np.unique(target, return_inverse=True)[1]
    kinds, kind = np.unique(np.column_stack([fold, classes]), axis=0, return_inverse=True)
    return [np.flatnonzero(kind.reshape(-1) == number) for number in range(len(kinds))]


def _folds(fold: Rows) -> Sequence[npt.NDArray[np.intp]]:
    return [np.flatnonzero(fold == number) for number in np.unique(fold)]


def _mean(part: Evaluated, fold: Rows, measure: Measure) -> float:
    return float(np.mean([measure.value(part.take(rows)) for rows in _folds(fold)]))


def _means(
    sides: Mapping[str, Sequence[Evaluated]],
    folds: Sequence[npt.NDArray[np.intp]],
    counts: Array,
    measure: Measure,
) -> dict[str, Array]:
    """Return the mean over the folds on each resample, by candidate."""
    name = measure.metric.name
    return {
        family: np.mean(
            [
                weigh(Resamples(part, counts[:, rows]), [measure])[name]
                for part, rows in zip(parts, folds, strict=True)
            ],
            axis=0,
        )
        for family, parts in sides.items()
    }
