"""Bootstrap percentile intervals (Efron, 1979), all resamples weighed at once.

A resample is a row of counts: how often each held-out row was drawn. Classes are resampled within
themselves, so that no resample lacks one. Streams come from ``numpy.random.RandomState``, whose
values NumPy has frozen (NEP 19).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.config.data import Task
from repro.training import metrics
from repro.training.measures import Evaluated, load_measures, resolve
from repro.training.ordered import Cells, Ranking
from repro.training.scoring import indicators

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from repro.config.training import Bootstrap
    from repro.training.measures import Measure, Measures
    from repro.training.scoring import Labels, Outcome, Scores

    Array = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.intp]

# Elements of one block of counts: 32 MiB, so that memory does not grow with the resamples. It has a
# say in which rows a resample has, since a block is drawn stratum by stratum.
_BLOCK = 2**22
# Elements that are weighed at a time: they and what is made of them stay in the processor's cache.
_PIECE = 2**16
# Resamples at a time at least: NumPy sums a single row in a different order.
_TOGETHER = 2


@dataclass(frozen=True)
class Resamples:
    """Rows and how often each of them is in each resample.

    Attributes
    ----------
    rows : Evaluated
    counts : ndarray of float64, shape (n_resamples, n_samples)
        Times the weight of the row, for functions that compute all resamples at once.
    """

    rows: Evaluated
    counts: Array


def intervals(
    target: Labels,
    predicted: Labels,
    scores: Scores,
    outcome: Outcome,
    settings: Bootstrap,
    seed: int,
    measures: Measures | None = None,
    *,
    groups: npt.NDArray[Any] | None = None,
    weights: Array | None = None,
) -> dict[str, tuple[float, float]]:
    """Return the interval of every metric of ``metrics.evaluate``.

    Parameters
    ----------
    target, predicted : ndarray of shape (n_samples,)
    seed : int
    measures : Measures, optional
        The built-in ones by default.
    groups : ndarray of shape (n_samples,), optional
        Rows of one value are drawn together, since they are not independent (the cluster
        bootstrap of Field and Welsh, 2007).
    weights : ndarray of float64, shape (n_samples,), optional
        A row that is drawn brings its weight. Rows of the weight 0 are not drawn, so that no
        resample lacks a class.

    Returns
    -------
    dict of str to (low, high)
    """
    rows = Evaluated(target, predicted, scores, outcome, weights)
    if weights is not None:
        rows, counted = rows.take(np.flatnonzero(weights)), weights > 0
        target, groups = rows.target, None if groups is None else groups[counted]
    strata = [np.arange(len(target))]
    if outcome.task is not Task.REGRESSION:
        strata = [np.flatnonzero(target == label) for label in np.unique(target)]
    group_of_row = None if groups is None else np.unique(groups, return_inverse=True)[1]
    if group_of_row is not None:
        strata = strata_of_groups(strata, group_of_row)
    defined = (measures or load_measures(outcome.task)).defined(scores)
    blocks = [
        weigh(Resamples(rows, counts), defined)
        for counts in draw_counts(strata, settings.resamples, seed, group_of_row)
    ]
    tail = (1 - settings.confidence) / 2
    return {
        name: percentiles(np.concatenate([block[name] for block in blocks]), tail)
        for name in blocks[0]
    }


def percentiles(values: Array, tail: float) -> tuple[float, float]:
    """Return the two values beyond which a share of the resamples lies on each side."""
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def strata_of_groups(
    strata: list[npt.NDArray[np.intp]], group_of_row: npt.NDArray[np.intp]
) -> list[npt.NDArray[np.intp]]:
    """Return the groups that have rows in the same strata, for each such combination."""
    has = np.zeros((group_of_row.max() + 1, len(strata)), dtype=np.bool_)
    for number, rows in enumerate(strata):
        has[group_of_row[rows], number] = True
    kinds, kind = np.unique(has, axis=0, return_inverse=True)
    return [np.flatnonzero(kind == number) for number in range(len(kinds))]


def draw_counts(
    strata: list[npt.NDArray[np.intp]],
    resamples: int,
    seed: int,
    group_of_row: npt.NDArray[np.intp] | None = None,
) -> Iterator[Array]:
    """Yield counts of rows, some resamples at a time; with groups the strata are of groups."""
    random = np.random.RandomState(seed)
    size = sum(len(members) for members in strata)
    rows = size if group_of_row is None else len(group_of_row)
    step = max(1, _BLOCK // rows)
    for start in range(0, resamples, step):
        height = min(step, resamples - start)
        counts = np.empty((height, size))
        for members in strata:
            _draw(counts, members, random)
        for some in _pieces(height, rows):
            yield counts[some] if group_of_row is None else counts[some][:, group_of_row]


def _draw(counts: Array, members: npt.NDArray[np.intp], random: np.random.RandomState) -> None:
    """Draw as many members of a stratum as it has, in each row of counts."""
    size = len(members)
    for some in _pieces(len(counts), size):
        part = counts[some]
        drawn = random.randint(0, size, size=(len(part), size))
        drawn += np.arange(len(part))[:, None] * size
        times = np.bincount(drawn.reshape(-1), minlength=drawn.size).reshape(drawn.shape)
        for row, found in zip(part, times, strict=True):
            row[members] = found


def _pieces(height: int, width: int) -> Iterator[slice]:
    """Divide resamples: none is alone unless it is the only one."""
    step = max(_TOGETHER, _PIECE // width)
    starts = range(0, max(1, height - _TOGETHER + 1), step)
    return map(slice, starts, [*starts[1:], height])


def weigh(drawn: Resamples, measures: Sequence[Measure]) -> Mapping[str, Array]:
    """Compute metrics of all resamples; those that are computed together, once.

    Parameters
    ----------
    drawn : Resamples
        Counts without the weights of the rows.
    """
    weighed = Resamples(drawn.rows, drawn.rows.weighed(drawn.counts))
    together = dict.fromkeys(each.metric.resampled for each in measures if each.metric.resampled)
    values = {target: resolve(target)(weighed) for target in together}
    return {
        each.metric.name: values[each.metric.resampled][each.metric.name]
        if each.metric.resampled
        else _alone(each, drawn, weighed)
        for each in measures
    }


def _alone(measure: Measure, drawn: Resamples, weighed: Resamples) -> Array:
    metric = measure.metric
    if not metric.vectorised:
        return np.array([measure.resampled(drawn.rows, counts) for counts in drawn.counts])
    options = dict(metric.options)
    if metric.average is not None:
        options["average"] = metric.average
    values: Array = resolve(metric.vectorised)(weighed, **options)
    return values


def resampled_errors(drawn: Resamples) -> Mapping[str, Array]:
    """Compute the metrics of a regression."""
    target = np.asarray(drawn.rows.target, dtype=np.float64)
    return regression(target, drawn.rows.scores.values[:, 0], drawn.counts)


def resampled_labels(drawn: Resamples) -> Mapping[str, Array]:
    """Compute the metrics of all labels together."""
    return from_confusions(confusions_of(drawn))


def resampled_positive(drawn: Resamples) -> Mapping[str, Array]:
    """Compute the metrics of the positive label."""
    outcome = drawn.rows.outcome
    return of_label(confusions_of(drawn), outcome.classes.index(str(outcome.positive)))


def confusions_of(drawn: Resamples) -> Array:
    """Weigh the confusion matrices of resamples, as ``confusions``."""
    cells: Cells = drawn.rows.once(_cells)
    return cells.confusions(drawn.counts, weighted=drawn.rows.weights is not None)


def resampled_ranking(drawn: Resamples) -> Mapping[str, Array]:
    """Compute the metrics of scores: means over the columns, each against the rest."""
    sides = [ranking.sides(drawn.counts) for ranking in drawn.rows.once(rankings)]
    return {
        name: np.mean([one(*side) for side in sides], axis=0)
        for name, one in (("roc_auc", _area), ("average_precision", _precision))
    }


def resampled_losses(drawn: Resamples) -> Mapping[str, Array]:
    """Compute the metrics of probabilities that are means over rows."""
    parts = drawn.rows.once(_losses)
    return {name: means(part, drawn.counts) for name, part in parts.items()}


def _cells(rows: Evaluated) -> Cells:
    names = rows.outcome.classes
    truth, guess = (np.searchsorted(names, side) for side in (rows.target, rows.predicted))
    return Cells.of(truth, guess, len(names))


def _losses(rows: Evaluated) -> Mapping[str, Array]:
    return metrics.losses(rows.target, rows.scores, rows.outcome)


def rankings(rows: Evaluated) -> list[Ranking]:
    """Sort rows by each column of their scores."""
    truth, values = indicators(rows.target, rows.outcome), rows.scores.values
    return [Ranking.of(truth[:, k], values[:, k]) for k in range(truth.shape[1])]


def means(values: Array, counts: Array) -> Array:
    """Weigh the mean of a value of each row."""
    # Not a matrix product: its bits would depend on the BLAS kernel.
    found: Array = (counts * values).sum(axis=1) / counts.sum(axis=1)
    return found


def regression(target: Array, predicted: Array, counts: Array) -> Mapping[str, Array]:
    """Weigh RMSE, MAE and R² by counts of shape (n_resamples, n_samples)."""
    error = target - predicted
    squared = means(error**2, counts)
    centred = target - means(target, counts)[:, None]
    spread = (counts * centred**2).sum(axis=1) / counts.sum(axis=1)
    # A resample of one repeated row has no spread; scikit-learn then gives 0 for a wrong guess.
    explained = np.divide(squared, spread, out=np.ones_like(squared), where=spread > 0)
    return {
        "rmse": np.sqrt(squared),
        "mae": means(np.abs(error), counts),
        "r2": 1 - explained,
    }


def confusions(
    truth: npt.NDArray[np.intp], predicted: npt.NDArray[np.intp], classes: int, counts: Array
) -> Array:
    """Weigh confusion matrices: shape (n_resamples, n_classes, n_classes), rows are the truth."""
    return Cells.of(truth, predicted, classes).confusions(counts)


def from_confusions(confusion: Array) -> Mapping[str, Array]:
    """Compute the label metrics of confusion matrices (n_resamples, n_classes, n_classes)."""
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    actual, guessed = confusion.sum(axis=2), confusion.sum(axis=1)
    recall, precision = ratio(hits, actual), ratio(hits, guessed)
    f1 = ratio(2 * hits, actual + guessed)
    total = actual.sum(axis=1)
    # Macro averages go over the labels that occur as truth or guess, as in scikit-learn.
    present = (actual + guessed) > 0
    return {
        "accuracy": hits.sum(axis=1) / total,
        "balanced_accuracy": ratio(recall.sum(axis=1), (actual > 0).sum(axis=1)),
        "f1_macro": ratio(f1.sum(axis=1), present.sum(axis=1)),
        "f1_weighted": (f1 * actual).sum(axis=1) / total,
        "precision_macro": ratio(precision.sum(axis=1), present.sum(axis=1)),
        "recall_macro": ratio(recall.sum(axis=1), present.sum(axis=1)),
    }


def of_label(confusion: Array, label: int) -> Mapping[str, Array]:
    """Compute precision and recall of one label, by its position, from confusion matrices."""
    hits = confusion[:, label, label]
    return {
        "precision": ratio(hits, confusion[:, :, label].sum(axis=1)),
        "recall": ratio(hits, confusion[:, label, :].sum(axis=1)),
    }


def roc_auc(truth: Array, scores: Array, counts: Array) -> Array:
    """Weigh the area under the ROC curve: pairs in order, ties as half (Mann and Whitney, 1947)."""
    return _area(*by_score(truth, scores, counts))


def _area(positive: Array, negative: Array) -> Array:
    below = np.cumsum(negative, axis=1) - negative
    won = (positive * (below + negative / 2)).sum(axis=1)
    return ratio(won, positive.sum(axis=1) * negative.sum(axis=1))


def average_precision(truth: Array, scores: Array, counts: Array) -> Array:
    """Weigh the step-wise sum of precision over gains in recall, from the largest score down."""
    return _precision(*by_score(truth, scores, counts))


def _precision(positive: Array, negative: Array) -> Array:
    positive, negative = positive[:, ::-1], negative[:, ::-1]
    found = np.cumsum(positive, axis=1)
    total = found + np.cumsum(negative, axis=1)
    # Nothing is found among no rows. A division of all is quicker than one of some.
    precision = found / np.where(total > 0, total, 1.0)
    return ratio((precision * positive).sum(axis=1), positive.sum(axis=1))


def by_score(truth: Array, scores: Array, counts: Array) -> tuple[Array, Array]:
    """Sum the counts of positives and negatives over each distinct score, ascending."""
    return Ranking.of(truth, scores).sides(counts)


def ratio(numerator: Array, denominator: Array) -> Array:
    """Divide, with 0 where the denominator is not above 0."""
    return np.divide(
        numerator,
        denominator,
        out=np.zeros(np.shape(numerator)),
        where=np.asarray(denominator) > 0,
    )
