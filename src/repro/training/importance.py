"""Permutation importance: what the metric loses without the link between a column and the rows.

Each feature is shuffled over the held-out rows, several times, and the fitted model is scored again
(Breiman, Machine Learning 45, 2001). Features that hold the same information stand in for each
other, so that each of them may look unimportant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from repro.core.errors import DataError
from repro.core.records import FoldScores
from repro.training.measures import Evaluated, load_measures
from repro.training.preprocess import to_matrix
from repro.training.stages import predict
from repro.training.weights import of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd
    from sklearn.base import BaseEstimator

    from repro.config.training import Importance, Selection
    from repro.core.records import Threshold
    from repro.training.measures import Measure, Measures
    from repro.training.parallel import Workers
    from repro.training.scoring import Labels, Outcome
    from repro.training.weights import Weights


def permutation_importance(
    features: pd.DataFrame,
    target: Labels,
    test_rows: npt.NDArray[np.int64],
    preprocessor: BaseEstimator,
    estimator: BaseEstimator,
    threshold: Threshold,
    outcome: Outcome,
    selection: Selection,
    importance: Importance,
    importance_seeds: Mapping[str, int],
    workers: Workers,
    metrics: Measures | None = None,
    metric_weights: Weights | None = None,
) -> dict[str, FoldScores]:
    """Return by how much the metric of selection gets worse, for each feature and shuffle.

    Returns
    -------
    dict of str to FoldScores
        By feature, in the order of the columns; a fold is a shuffle. Positive where the metric
        gets worse, in its own unit.

    Raises
    ------
    DataError
        If the model does not have the metric.
    """
    measure = (metrics or load_measures(outcome.task)).named(selection.metric)
    rows = features.iloc[test_rows]
    fixed = (preprocessor, estimator, threshold, outcome, measure)
    known = (target[test_rows], of_rows(metric_weights, test_rows))
    whole = _scored(rows, *fixed, *known)
    sign = 1.0 if measure.metric.greater_is_better else -1.0
    names = [str(name) for name in features.columns]
    tasks = [
        (rows, name, importance_seeds["importance/shuffles"], importance.repeats, *fixed, *known)
        for name in names
    ]
    shuffled = workers.map(_shuffled, tasks, [f"without {name}" for name in names])
    return {
        name: summary([sign * (whole - value) for value in values])
        for name, values in zip(names, shuffled, strict=True)
    }


def _shuffled(
    rows: pd.DataFrame, name: str, seed: int, repeats: int, *fixed: object
) -> list[float]:
    # Every feature is shuffled in the same orders: none has the luckier ones.
    draw = np.random.Generator(np.random.PCG64(seed))
    values = []
    for _ in range(repeats):
        order = draw.permutation(len(rows))
        changed = rows.copy(deep=False)
        changed[name] = rows[name].take(order).set_axis(rows.index)
        values.append(_scored(changed, *fixed))  # type: ignore[arg-type]
    return values


def _scored(
    rows: pd.DataFrame,
    preprocessor: BaseEstimator,
    estimator: BaseEstimator,
    threshold: Threshold,
    outcome: Outcome,
    measure: Measure,
    truth: Labels,
    weights: Weights | None,
) -> float:
    scores, labels, _ = predict(estimator, to_matrix(preprocessor, rows), outcome, threshold)
    if reason := measure.undefined(scores):
        raise DataError(
            f"evaluation.importance: {measure.metric.name} {reason}",
            advice="select by a different metric, or set evaluation.importance to null",
        )
    return measure.value(Evaluated(truth, labels, scores, outcome, weights))


def losses(
    rows: pd.DataFrame,
    names: Sequence[str],
    seed: int,
    repeats: int,
    preprocessor: BaseEstimator,
    estimator: BaseEstimator,
    threshold: Threshold,
    outcome: Outcome,
    measure: Measure,
    truth: Labels,
    weights: Weights | None,
) -> dict[str, list[float]]:
    """Return by how much a metric gets worse for each feature and shuffle of some rows.

    Raises
    ------
    DataError
        If the model does not have the metric.
    """
    fixed = (preprocessor, estimator, threshold, outcome, measure, truth, weights)
    whole = _scored(rows, *fixed)
    sign = 1.0 if measure.metric.greater_is_better else -1.0
    return {
        name: [sign * (whole - value) for value in _shuffled(rows, name, seed, repeats, *fixed)]
        for name in names
    }


def summary(values: Sequence[float]) -> FoldScores:
    """Return values with their mean and their standard deviation."""
    return FoldScores(
        mean=float(np.mean(values)), std=float(np.std(values)), folds=tuple(map(float, values))
    )
