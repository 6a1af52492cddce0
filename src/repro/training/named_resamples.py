"""Declared metrics of all bootstrap resamples at once, by counts of (n_resamples, n_samples)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from repro.config.data import Task
from repro.training import costs
from repro.training.bootstrap import by_score, confusions_of, means, rankings, ratio
from repro.training.scoring import indicators

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from repro.training.bootstrap import Resamples
    from repro.training.ordered import Ranking
    from repro.training.scoring import Labels

    Array = npt.NDArray[np.float64]


def fbeta(drawn: Resamples, *, beta: float, average: str, zero_division: float) -> Array:
    """Compute the F-beta score; ``zero_division`` is where a class is neither true nor guessed."""
    confusion = confusions_of(drawn)
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    actual, guessed = confusion.sum(axis=2), confusion.sum(axis=1)
    weighed = beta**2 * actual + guessed
    of_class = np.where(weighed > 0, ratio((1 + beta**2) * hits, weighed), zero_division)
    if average == "binary":
        outcome = drawn.rows.outcome
        positive: Array = of_class[:, outcome.classes.index(str(outcome.positive))]
        return positive
    # A macro average goes over the labels that occur as truth or guess, as in scikit-learn.
    share = actual if average == "weighted" else ((actual + guessed) > 0).astype(np.float64)
    return ratio((of_class * share).sum(axis=1), share.sum(axis=1))


def matthews_corrcoef(drawn: Resamples) -> Array:
    """Compute the Matthews correlation coefficient (Gorodkin, 2004); 0 where it has no value."""
    confusion = confusions_of(drawn)
    hits = np.trace(confusion, axis1=1, axis2=2)
    actual, guessed = confusion.sum(axis=2), confusion.sum(axis=1)
    total = actual.sum(axis=1)
    both = hits * total - (actual * guessed).sum(axis=1)
    left, right = (total**2 - (side**2).sum(axis=1) for side in (actual, guessed))
    # One label alone leaves nothing but what the sums lose.
    least = total**2 * 16 * confusion.shape[1] * np.finfo(np.float64).eps
    varied = (left > least) & (right > least)
    return ratio(both, np.where(varied, np.sqrt(np.abs(left * right)), 0.0))


def recall_at_k(drawn: Resamples, *, k: int) -> Array:
    """Compute the share of positives among the ``k`` greatest scores."""
    return _recall_of_first(*_sides(drawn), k)


def precision_at_recall(drawn: Resamples, *, recall: float) -> Array:
    """Compute the greatest precision of thresholds that reach a recall."""
    return _precision_reaching(*_sides(drawn), recall)


def expected_calibration_error(drawn: Resamples, *, bins: int) -> Array:
    """Compute the expected calibration error."""
    rows = drawn.rows
    if rows.outcome.task is Task.BINARY:
        hit, sure = _ranked(drawn)
    else:
        hit, sure = confidence(rows.target, rows.scores.values, rows.outcome.classes)
    return calibration_errors(hit, sure, drawn.counts, bins)


def cost(drawn: Resamples, *, matrix: Mapping[str, Mapping[str, float]]) -> Array:
    """Compute the mean cost of a row."""
    return means(costs.of_rows(drawn.rows.target, drawn.rows.predicted, matrix), drawn.counts)


def mean_absolute_percentage_error(drawn: Resamples) -> Array:
    """Compute the mean of the errors in relation to the true values.

    They are divided by the machine epsilon at least, as scikit-learn does.
    """
    target, guess = _numbers(drawn)
    return means(
        np.abs(guess - target) / np.maximum(np.abs(target), np.finfo(np.float64).eps), drawn.counts
    )


def mean_pinball_loss(drawn: Resamples, *, alpha: float) -> Array:
    """Compute the pinball loss of a quantile."""
    target, guess = _numbers(drawn)
    error = target - guess
    return means(np.where(error >= 0, alpha * error, (alpha - 1) * error), drawn.counts)


def quantile_coverage(drawn: Resamples) -> Array:
    """Compute the share of true values at or below their predictions."""
    target, guess = _numbers(drawn)
    return means((target <= guess).astype(np.float64), drawn.counts)


def recall_of_first(truth: Array, scores: Array, counts: Array, k: int) -> Array:
    """Weigh the recall of the ``k`` greatest scores; a tie at the end of them counts in part."""
    return _recall_of_first(*by_score(truth, scores, counts), k)


def _recall_of_first(positive: Array, negative: Array, k: int) -> Array:
    positive, negative = positive[:, ::-1], negative[:, ::-1]
    size = positive + negative
    before = np.cumsum(size, axis=1) - size
    taken = np.clip(ratio(k - before, size), 0.0, 1.0)
    return ratio((positive * taken).sum(axis=1), positive.sum(axis=1))


def precision_reaching(truth: Array, scores: Array, counts: Array, recall: float) -> Array:
    """Weigh the greatest precision of thresholds whose recall is at least a given one."""
    return _precision_reaching(*by_score(truth, scores, counts), recall)


def _precision_reaching(positive: Array, negative: Array, recall: float) -> Array:
    positive, negative = positive[:, ::-1], negative[:, ::-1]
    found = np.cumsum(positive, axis=1)
    precision = ratio(found, found + np.cumsum(negative, axis=1))
    # The last sum is the total, whatever was lost on the way to it.
    reached = ratio(found, np.broadcast_to(found[:, -1:], found.shape)) >= recall
    best: Array = np.where(reached, precision, 0.0).max(axis=1)
    return best


def confidence(target: Labels, values: Array, classes: Sequence[str]) -> tuple[Array, Array]:
    """Return whether the class of the greatest probability is right, and that probability."""
    guess = np.asarray(classes)[np.argmax(values, axis=1)]
    return (np.asarray(target) == guess).astype(np.float64), values.max(axis=1)


def calibration_errors(hit: Array, sure: Array, counts: Array, bins: int) -> Array:
    """Weigh the distance of the mean probability from the share of hits, over bins."""
    edges = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    bin_of_row = np.searchsorted(edges, sure, side="left")
    total = np.zeros(len(counts))
    for number in np.unique(bin_of_row):
        inside = bin_of_row == number
        total += np.abs((counts[:, inside] * (hit[inside] - sure[inside])).sum(axis=1))
    return ratio(total, counts.sum(axis=1))


def _sides(drawn: Resamples) -> tuple[Array, Array]:
    ranking: Ranking = drawn.rows.once(rankings)[0]
    return ranking.sides(drawn.counts)


def _ranked(drawn: Resamples) -> tuple[Array, Array]:
    truth = indicators(drawn.rows.target, drawn.rows.outcome)
    return truth[:, 0], drawn.rows.scores.values[:, 0]


def _numbers(drawn: Resamples) -> tuple[Array, Array]:
    return np.asarray(drawn.rows.target, dtype=np.float64), drawn.rows.scores.values[:, 0]
