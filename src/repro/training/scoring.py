"""Scores, labels and margins: from a fitted estimator to a decision about each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from repro.config.data import Task
from repro.core.errors import ConfigError

if TYPE_CHECKING:
    import numpy.typing as npt
    from sklearn.base import BaseEstimator

    Matrix = npt.NDArray[np.float64]
    Labels = npt.NDArray[np.str_] | npt.NDArray[np.float64]

EVEN_ODDS = 0.5
# What the last steps from decision scores to probabilities may lose.
_ROUNDING = 8 * np.finfo(np.float64).eps
# Estimators of scikit-learn whose ``predict`` takes the class of the largest probability, or of the
# largest number of which it is a growing function; and a gap that no rounding makes.
_TAKES_THE_LARGEST = frozenset(
    {
        "sklearn.ensemble._forest.ExtraTreesClassifier",
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
    }
)
_CLEAR = 1e-9


@dataclass(frozen=True)
class Scores:
    """The scores of an estimator for each row.

    Attributes
    ----------
    values : ndarray of float64, shape (n_samples, n_columns)
        Binary: one column, of the positive label. Multi-class: a column for each class, in order.
        Regression: one column, the prediction.
    kind : str
        ``probability``, ``decision`` (any real number) or ``value`` (a regression).
    """

    values: Matrix
    kind: str

    def take(self, rows: npt.NDArray[np.intp]) -> Scores:
        """Return the scores of some rows."""
        return Scores(self.values[rows], self.kind)


@dataclass(frozen=True)
class Outcome:
    """The task, its classes in sorted order, and the positive one of a binary task."""

    task: Task
    classes: tuple[str, ...]
    positive: str | None

    @property
    def negative(self) -> str:
        """The other label of a binary task."""
        return next(label for label in self.classes if label != self.positive)

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns of scores; a regression has none besides its prediction."""
        if self.task is Task.BINARY:
            return (str(self.positive),)
        return self.classes


def indicators(target: Labels, outcome: Outcome) -> npt.NDArray[np.float64]:
    """Return 1 where a row has the label of a score's column, of shape (n_samples, n_columns)."""
    hits: npt.NDArray[np.bool_] = np.asarray(target)[:, None] == np.asarray(outcome.columns)
    return hits.astype(np.float64)


def score(estimator: BaseEstimator, matrix: Matrix, outcome: Outcome) -> Scores:
    """Score all rows at once: a row scored alone may differ in its last bits.

    Parameters
    ----------
    matrix : ndarray of shape (n_samples, n_encoded)

    Raises
    ------
    ConfigError
        If the estimator of a classification has neither probabilities nor decision scores.
    """
    if outcome.task is Task.REGRESSION:
        return Scores(_column(estimator.predict(matrix)), "value")
    if hasattr(estimator, "predict_proba"):
        kind, values = "probability", estimator.predict_proba(matrix)
    elif hasattr(estimator, "decision_function"):
        kind, values = "decision", estimator.decision_function(matrix)
    else:
        name = type(estimator).__name__
        raise ConfigError(
            f"{name} with these parameters has neither predict_proba nor decision_function",
            advice="choose parameters by which it scores its classes, such as voting: soft",
        )
    values = np.asarray(values, dtype=np.float64)
    known = _classes_of(estimator, outcome)
    if outcome.task is Task.MULTICLASS:
        one_for_each = values.shape[1:] == (len(outcome.classes),)
        # Three classes have three pairs: the shape alone is ambiguous.
        if not one_for_each or getattr(estimator, "decision_function_shape", "ovr") != "ovr":
            raise ConfigError(
                f"{type(estimator).__name__} does not give one score for each class",
                advice="set decision_function_shape: ovr",
            )
        columns = [known.index(label) for label in outcome.classes]
        return Scores(np.ascontiguousarray(values[:, columns]), kind)
    positive = known.index(str(outcome.positive))
    if values.ndim == 1:
        return Scores(_column(values if positive == 1 else -values), kind)
    return Scores(_column(values[:, positive]), kind)


def _classes_of(estimator: BaseEstimator, outcome: Outcome) -> list[str]:
    """Return the classes in the order of the estimator's scores, which need not be sorted."""
    known = [str(label) for label in getattr(estimator, "classes_", outcome.classes)]
    if sorted(known) != sorted(outcome.classes):
        raise ConfigError(
            f"{type(estimator).__name__} has the classes {', '.join(known)}, and the target has"
            f" {', '.join(outcome.classes)}",
            advice="set classes_ to the labels passed to fit",
        )
    return known


def predict_labels(
    estimator: BaseEstimator, matrix: Matrix, outcome: Outcome, scores: Scores
) -> Labels:
    """Return the labels that the estimator itself predicts.

    They need not follow from its scores: in a tie, by a threshold of its own, or by votes. Where
    they must, a second prediction is spared.

    Parameters
    ----------
    matrix : ndarray of shape (n_samples, n_encoded)
    scores : Scores
        What the estimator gave for the same rows.

    Raises
    ------
    ConfigError
        If it predicts a label that is not in the data.
    """
    if _labels_follow(estimator, scores, outcome):
        return labels(scores, outcome, None)
    classes = np.asarray(outcome.classes)
    found = np.asarray(estimator.predict(matrix)).reshape(-1).astype(str)
    positions = np.minimum(np.searchsorted(classes, found), len(classes) - 1)
    chosen: Labels = classes[positions]
    unknown = np.flatnonzero(chosen != found)
    if unknown.size:
        raise ConfigError(
            f"{type(estimator).__name__} predicts '{found[unknown[0]]}', which is not one of the"
            f" target's {len(classes)} classes",
            advice="return from predict the labels passed to fit",
        )
    return chosen


def _labels_follow(estimator: BaseEstimator, scores: Scores, outcome: Outcome) -> bool:
    """Return whether labels follow from probabilities: the class takes the largest, and no tie."""
    kind = f"{type(estimator).__module__}.{type(estimator).__qualname__}"
    if kind not in _TAKES_THE_LARGEST or scores.kind != "probability":
        return False
    gaps = margins(scores, outcome, None)
    return gaps is not None and bool((gaps > _CLEAR).all())


def boundary(scores: Scores, threshold: float | None) -> float:
    """Return the score at and above which the positive label is predicted."""
    if threshold is not None:
        return threshold
    return EVEN_ODDS if scores.kind == "probability" else 0.0


def labels(scores: Scores, outcome: Outcome, threshold: float | None) -> Labels:
    """Decide on each row by its scores alone.

    In a binary task the positive label is predicted at and above the boundary; elsewhere equal
    scores of several classes go to the first of them.

    Returns
    -------
    ndarray of shape (n_samples,)
        Text labels, or predictions of a regression.
    """
    if outcome.task is Task.REGRESSION:
        return scores.values[:, 0]
    if outcome.task is Task.MULTICLASS:
        chosen: Labels = np.asarray(outcome.classes)[np.argmax(scores.values, axis=1)]
        return chosen
    above = scores.values[:, 0] >= boundary(scores, threshold)
    return np.where(above, str(outcome.positive), outcome.negative)


def contradicts(labels: Labels, scores: Scores, outcome: Outcome) -> bool:
    """Check whether some label is not among those with the largest score, by more than rounding."""
    classes, values = np.asarray(outcome.classes), scores.values
    if outcome.task is Task.BINARY:
        # One column for each class: the larger one is that of the side of the boundary.
        sides = np.where(classes == outcome.positive, 1.0, -1.0)
        values = (values - boundary(scores, None)) * sides
    chosen = np.searchsorted(classes, labels)
    gap = values.max(axis=1) - values[np.arange(len(chosen)), chosen]
    return bool((gap > _ROUNDING * np.maximum(1.0, np.abs(values).max(axis=1))).any())


def margins(scores: Scores, outcome: Outcome, threshold: float | None) -> Matrix | None:
    """Return how far each row is from a different label, in units of the score.

    Returns
    -------
    ndarray of float64, shape (n_samples,), or None
        Binary: distance to the boundary. Multi-class: between the two largest scores. Of an
        estimator whose own labels do not follow from its scores it is the same: then a label that
        changes far from this boundary counts as changed, never as a tie.
    """
    if outcome.task is Task.REGRESSION:
        return None
    if outcome.task is Task.BINARY:
        return np.abs(scores.values[:, 0] - boundary(scores, threshold))
    ranked = np.sort(scores.values, axis=1)
    return ranked[:, -1] - ranked[:, -2]


def _column(values: npt.NDArray[np.float64]) -> Matrix:
    return np.asarray(values, dtype=np.float64).reshape(-1, 1)
