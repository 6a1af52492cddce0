"""Metrics of the held-out rows, and their bootstrap intervals.

Points come from scikit-learn. The resamples of the bootstrap are weighed all at once by the
functions of ``repro.training.bootstrap``, which a test compares with scikit-learn's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn import metrics as sk

from repro.config.data import Task
from repro.training.scoring import labels as decide_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from repro.training.scoring import Labels, Outcome, Scores

LOWER_IS_BETTER = frozenset({"log_loss", "brier", "rmse", "mae"})
NEEDS_PROBABILITIES = "needs probabilities; this model gives decision scores"
LABEL_METRICS: dict[str, Callable[..., float]] = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "f1_macro": lambda y, p: sk.f1_score(y, p, average="macro", zero_division=0.0),
    "f1_weighted": lambda y, p: sk.f1_score(y, p, average="weighted", zero_division=0.0),
    "precision_macro": lambda y, p: sk.precision_score(y, p, average="macro", zero_division=0.0),
    "recall_macro": lambda y, p: sk.recall_score(y, p, average="macro", zero_division=0.0),
}


def evaluate(
    target: Labels, predicted: Labels, scores: Scores, outcome: Outcome
) -> tuple[dict[str, float], dict[str, str]]:
    """Compute every metric of the task.

    Returns
    -------
    values : dict of str to float
    undefined : dict of str to str
        Metrics that these scores have not, each with the reason.
    """
    if outcome.task is Task.REGRESSION:
        return _regression(target, predicted), {}
    values = {name: float(metric(target, predicted)) for name, metric in LABEL_METRICS.items()}
    if outcome.task is Task.BINARY:
        positive = {"pos_label": outcome.positive, "zero_division": 0.0}
        values["precision"] = float(sk.precision_score(target, predicted, **positive))
        values["recall"] = float(sk.recall_score(target, predicted, **positive))
    ranked, undefined = _score_metrics(target, scores, outcome)
    return values | ranked, undefined


def metric_of(
    name: str, target: Labels, scores: Scores, outcome: Outcome, predicted: Labels | None = None
) -> float:
    """Compute one metric, without a learned threshold.

    Parameters
    ----------
    predicted : ndarray of shape (n_samples,), optional
        Labels, where they do not follow from the scores.

    Raises
    ------
    KeyError
        If these scores do not have the metric.
    """
    if predicted is None:
        predicted = decide_labels(scores, outcome, None)
    if name in LABEL_METRICS:
        return float(LABEL_METRICS[name](target, predicted))
    if outcome.task is Task.REGRESSION:
        return _regression(target, predicted)[name]
    return _score_metrics(target, scores, outcome)[0][name]


def indicators(target: Labels, outcome: Outcome) -> npt.NDArray[np.float64]:
    """Return 1 where a row has the label of a score's column, of shape (n_samples, n_columns)."""
    hits: npt.NDArray[np.bool_] = np.asarray(target)[:, None] == np.asarray(outcome.columns)
    return hits.astype(np.float64)


def losses(target: Labels, scores: Scores, outcome: Outcome) -> dict[str, npt.NDArray[np.float64]]:
    """Return each row's part in the metrics that are means.

    The Brier score is ``(p - y)**2`` for the positive label of a binary task and its sum over the
    classes of a multi-class one (Brier, 1950). The log loss clips probabilities by the machine
    epsilon, as ``sklearn.metrics.log_loss`` does.
    """
    if outcome.task is Task.REGRESSION:
        error = np.asarray(target, dtype=np.float64) - scores.values[:, 0]
        return {"squared": error**2, "absolute": np.abs(error)}
    truth = indicators(target, outcome)
    brier = ((scores.values - truth) ** 2).sum(axis=1)
    epsilon = np.finfo(np.float64).eps
    clipped = np.clip(scores.values, epsilon, 1 - epsilon)
    if outcome.task is Task.BINARY:
        likelihood = np.where(truth == 1, clipped, 1 - clipped)[:, 0]
    else:
        likelihood = (clipped / clipped.sum(axis=1, keepdims=True))[truth == 1]
    return {"log_loss": -np.log(likelihood), "brier": brier}


def _score_metrics(
    target: Labels, scores: Scores, outcome: Outcome
) -> tuple[dict[str, float], dict[str, str]]:
    truth = indicators(target, outcome)
    columns = range(truth.shape[1])
    values = {
        "roc_auc": _mean(sk.roc_auc_score(truth[:, k], scores.values[:, k]) for k in columns),
        "average_precision": _mean(
            sk.average_precision_score(truth[:, k], scores.values[:, k]) for k in columns
        ),
    }
    if scores.kind != "probability":
        return values, dict.fromkeys(("log_loss", "brier"), NEEDS_PROBABILITIES)
    parts = losses(target, scores, outcome)
    return values | {name: float(part.mean()) for name, part in parts.items()}, {}


def _mean(values: object) -> float:
    return float(np.mean(list(values)))  # type: ignore[call-overload]


def _regression(target: Labels, predicted: Labels) -> dict[str, float]:
    return {
        "rmse": float(sk.root_mean_squared_error(target, predicted)),
        "mae": float(sk.mean_absolute_error(target, predicted)),
        "r2": float(sk.r2_score(target, predicted)),
    }
