"""The test of a model against a guess that ignores the features, whatever the chosen metric.

Two things are asked of the held-out rows. Its gain over the constant guess must reach a least
share, in some measure that no constant can win: for a classification the ROC AUC, the balanced
accuracy, or the loss of its probabilities; for a regression the absolute or the squared error. And
its predictions must know something of the truth. If they do not, the true values could stand in any
other order: so they are shuffled, and the model has to beat most shuffles (a permutation test;
Fisher, The Design of Experiments, 1935). That holds for few rows, rare classes and outliers alike.

Several statistics are looked at, each in units of its spread over the shuffles, and the greatest
counts: on the same shuffles, so that looking at several does not make luck more likely (Westfall
and Young, Resampling-Based Multiple Testing, 1993).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from repro.config.data import Task
from repro.config.metrics import greater_is_better

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from repro.core.records import Estimate
    from repro.training.scoring import Labels, Outcome, Scores

    Array = npt.NDArray[np.float64]
    Order = npt.NDArray[np.intp]
    # From what stands for the true values, in some order, to one number for each statistic; and
    # what stands for them in their own order.
    Statistics = tuple[Callable[[Order], Array], Order]

_ERRORS = ("mae", "rmse")
_MEASURES = ("roc_auc", "balanced_accuracy", "log_loss", "brier")
# Shuffles for each one that luck may win; and the rows that all of them together may move.
_SHUFFLES, _FEWEST, _ROWS = 20, 4, 2 * 10**7
# What sums of the same numbers in a different order may differ by.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Luck:
    """The share of shuffles of the true values that fit the predictions as well as the real ones.

    Attributes
    ----------
    share : float
        Of the shuffles, the real order counted as one of them.
    shuffles : int
    allowed : float
        The share at and below which a model is not lucky.
    """

    share: float
    shuffles: int
    allowed: float

    @property
    def explains(self) -> bool:
        """True if luck alone may give such predictions."""
        return self.share > self.allowed


def gains(
    test_metrics: Mapping[str, Estimate], constant: Mapping[str, float], task: Task
) -> dict[str, float]:
    """Return the gain over the constant guess in each measure: 1 is perfect, 0 is the guess."""
    names = _ERRORS if task is Task.REGRESSION else _MEASURES
    return {
        name: _gain(name, test_metrics[name].value, constant[name])
        for name in names
        if name in test_metrics and name in constant
    }


def _gain(name: str, value: float, guess: float) -> float:
    if not greater_is_better(name):
        # Nothing is better than a guess without error, such as of targets too small to be squared.
        return 1 - value / guess if guess else 0.0
    return (value - guess) / (1 - guess)


def luck(
    truth: Labels,
    labels: Labels,
    scores: Scores,
    outcome: Outcome,
    *,
    allowed: float,
    resamples: int,
    seed: int,
) -> Luck | None:
    """Shuffle the true values of the held-out rows.

    Parameters
    ----------
    truth, labels : ndarray of shape (n_samples,)
    allowed : float
        The share of shuffles that may do as well.
    resamples : int
        Shuffles at least, unless there are many rows.

    Returns
    -------
    Luck or None
        None where the rows have too few orders for any model to beat enough of them.
    """
    if _fewest_share(truth) > allowed:
        return None
    regression = outcome.task is Task.REGRESSION
    made, order = _errors(truth, scores) if regression else _hits(truth, labels, scores, outcome)
    wanted = max(resamples, math.ceil(_SHUFFLES / allowed))
    shuffles = max(math.ceil(_FEWEST / allowed), min(wanted, _ROWS // len(truth)))
    random = np.random.RandomState(seed)
    found = np.array([made(order), *(made(random.permutation(order)) for _ in range(shuffles))])
    spread = found.std(axis=0)
    known = spread > _ROUNDING * np.abs(found).max(axis=0)
    greatest = np.zeros(len(found))
    if known.any():
        units = (found[:, known] - found[:, known].mean(axis=0)) / spread[known]
        greatest = units.max(axis=1)
    as_good = int((greatest >= greatest[0] - _ROUNDING).sum())
    return Luck(as_good / len(found), shuffles, allowed)


def _fewest_share(truth: Labels) -> float:
    """Return 1 over the number of different orders of the true values."""
    _, counts = np.unique(truth, return_counts=True)
    orders = math.lgamma(len(truth) + 1) - math.fsum(math.lgamma(n + 1) for n in counts)
    return math.exp(-orders)


def _hits(truth: Labels, labels: Labels, scores: Scores, outcome: Outcome) -> Statistics:
    """Return ROC AUC, balanced accuracy and, with probabilities, the Brier score, up to constants.

    Each is a sum over the rows of what a row adds if it has some class: the classes keep their
    counts in every order. The codes of the classes stand for the true values.
    """
    classes, rows = np.asarray(outcome.classes), np.arange(len(truth))
    codes = np.searchsorted(classes, truth)
    sizes = np.maximum(np.bincount(codes, minlength=len(classes)), 1)
    values = scores.values
    if outcome.task is Task.BINARY:
        positive = outcome.classes.index(str(outcome.positive))
        sign = np.where(np.arange(len(classes)) == positive, 1.0, -1.0)
        values = values * sign
        if scores.kind == "probability":
            values = values + (sign < 0)
    ranks = np.column_stack([rankdata(column) for column in values.T])
    parts = [
        ranks / (sizes * np.maximum(len(truth) - sizes, 1)),
        (np.asarray(labels)[:, None] == classes) / sizes,
    ]
    if scores.kind == "probability":
        parts.append(2 * values - (values**2).sum(axis=1, keepdims=True))
    if len(classes) == len(("one", "other")):
        second = np.stack([part[:, 1] - part[:, 0] for part in parts])
        return lambda order: second @ order, codes
    return lambda order: np.array([part[rows, order].sum() for part in parts]), codes


def _errors(truth: Labels, scores: Scores) -> Statistics:
    """Return rank correlation, squared and absolute error, up to constants, larger for better.

    The numbers of the rows stand for the true values.
    """
    target, guess = np.asarray(truth, dtype=np.float64), scores.values[:, 0]
    ranks = [rankdata(side) - (len(target) + 1) / 2 for side in (target, guess)]
    # In relation to the greatest, since squares leave what a float holds.
    unit = max(np.abs(target).max(), np.abs(guess).max()) or 1.0
    target, guess = target / unit, guess / unit
    centred = guess - guess.mean()

    def measured(order: npt.NDArray[np.intp]) -> Array:
        """Return the three measures of true values in a given order."""
        moved = target[order]
        ranked = (ranks[0][order] * ranks[1]).sum()
        return np.array([ranked, (moved * centred).sum(), -np.abs(moved - guess).sum()])

    return measured, np.arange(len(target))
