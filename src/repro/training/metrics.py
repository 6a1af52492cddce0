"""Metrics of the held-out rows, and the functions of those that scikit-learn has not.

Points come from the functions that ``repro.config.metrics`` declares, most of them scikit-learn's.
The resamples of the bootstrap are weighed all at once by the functions of
``repro.training.bootstrap``, which a test compares with scikit-learn's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from repro.config.data import Task
from repro.training.measures import Evaluated, load_measures
from repro.training.scoring import indicators

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from repro.training.measures import Measures
    from repro.training.scoring import Labels, Outcome, Scores
    from repro.training.weights import Weights

    Array = npt.NDArray[np.float64]


def evaluate(
    target: Labels,
    predicted: Labels,
    scores: Scores,
    outcome: Outcome,
    measures: Measures | None = None,
    weights: Weights | None = None,
) -> tuple[dict[str, float], dict[str, str]]:
    """Compute every metric of the task.

    Parameters
    ----------
    measures : Measures, optional
        The built-in ones by default.
    weights : ndarray of shape (n_samples,), optional
        If metrics are weighted.

    Returns
    -------
    values : dict of str to float
    undefined : dict of str to str
        Metrics that these scores have not, each with the reason.
    """
    rows = Evaluated(target, predicted, scores, outcome, weights)
    found = measures or load_measures(outcome.task)
    undefined = {each.metric.name: each.undefined(scores) for each in found.loaded}
    values = {each.metric.name: each.value(rows) for each in found.defined(scores)}
    return values, {name: reason for name, reason in undefined.items() if reason}


def losses(target: Labels, scores: Scores, outcome: Outcome) -> dict[str, Array]:
    """Return each row's part in the metrics that are means."""
    if outcome.task is Task.REGRESSION:
        error = np.asarray(target, dtype=np.float64) - scores.values[:, 0]
        return {"squared": error**2, "absolute": np.abs(error)}
    truth = indicators(target, outcome)
    return {
        "log_loss": _log_losses(truth, scores.values),
        "brier": _brier_losses(truth, scores.values),
    }


def log_loss(
    y_true: Labels,
    y_prob: Array,
    *,
    labels: Sequence[str] = (),
    sample_weight: Array | None = None,
) -> float:
    """Compute the log loss of probabilities.

    They are clipped by the machine epsilon, as ``sklearn.metrics.log_loss`` does.
    """
    return _mean(_log_losses(*_columns(y_true, y_prob, labels)), sample_weight)


def brier(
    y_true: Labels,
    y_prob: Array,
    *,
    labels: Sequence[str] = (),
    sample_weight: Array | None = None,
) -> float:
    """Compute the Brier score of probabilities.

    It is ``(p - y)**2`` for the positive label of a binary task and its sum over the classes of a
    multi-class one (Brier, 1950).
    """
    return _mean(_brier_losses(*_columns(y_true, y_prob, labels)), sample_weight)


def _mean(losses: Array, weights: Array | None) -> float:
    return float(losses.mean() if weights is None else np.average(losses, weights=weights))


def _columns(y_true: Labels, y_prob: Array, labels: Sequence[str]) -> tuple[Array, Array]:
    """Return true values and probabilities, a column for each score."""
    if y_prob.ndim == 1:
        return np.asarray(y_true, dtype=np.float64).reshape(-1, 1), y_prob.reshape(-1, 1)
    return (np.asarray(y_true)[:, None] == np.asarray(labels)).astype(np.float64), y_prob


def _log_losses(truth: Array, values: Array) -> Array:
    epsilon = np.finfo(np.float64).eps
    clipped = np.clip(values, epsilon, 1 - epsilon)
    if clipped.shape[1] == 1:
        likelihood = np.where(truth == 1, clipped, 1 - clipped)[:, 0]
    else:
        likelihood = (clipped / clipped.sum(axis=1, keepdims=True))[truth == 1]
    return -np.log(likelihood)


def _brier_losses(truth: Array, values: Array) -> Array:
    parts: Array = ((values - truth) ** 2).sum(axis=1)
    return parts
