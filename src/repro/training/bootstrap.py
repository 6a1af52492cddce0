"""Bootstrap percentile intervals (Efron, 1979), all resamples weighed at once.

A resample is a row of counts: how often each held-out row was drawn. Classes are resampled within
themselves, so that no resample lacks one. Streams come from ``numpy.random.RandomState``, whose
values NumPy has frozen (NEP 19).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from repro.config.data import Task
from repro.training import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from repro.config.training import Bootstrap
    from repro.training.scoring import Labels, Outcome, Scores

    Array = npt.NDArray[np.float64]

# Elements of one block of counts: 32 MiB, so that memory does not grow with the resamples.
_BLOCK = 2**22


def intervals(
    target: Labels,
    predicted: Labels,
    scores: Scores,
    outcome: Outcome,
    settings: Bootstrap,
    seed: int,
) -> dict[str, tuple[float, float]]:
    """Return the interval of every metric of ``metrics.evaluate``.

    Parameters
    ----------
    target, predicted : ndarray of shape (n_samples,)
    seed : int

    Returns
    -------
    dict of str to (low, high)
    """
    strata = [np.arange(len(target))]
    if outcome.task is not Task.REGRESSION:
        strata = [np.flatnonzero(target == label) for label in np.unique(target)]
    blocks = [
        _weighed(target, predicted, scores, outcome, counts)
        for counts in _draws(strata, settings.resamples, seed)
    ]
    tail = (1 - settings.confidence) / 2
    return {
        name: _percentiles(np.concatenate([block[name] for block in blocks]), tail)
        for name in blocks[0]
    }


def _percentiles(values: Array, tail: float) -> tuple[float, float]:
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _draws(strata: list[npt.NDArray[np.intp]], resamples: int, seed: int) -> Iterator[Array]:
    random = np.random.RandomState(seed)
    size = sum(len(rows) for rows in strata)
    step = max(1, _BLOCK // size)
    for start in range(0, resamples, step):
        height = min(step, resamples - start)
        counts = np.zeros((height, size))
        for rows in strata:
            drawn = rows[random.randint(0, len(rows), size=(height, len(rows)))]
            np.add.at(counts, (np.arange(height)[:, None], drawn), 1)
        yield counts


def _weighed(
    target: Labels, predicted: Labels, scores: Scores, outcome: Outcome, counts: Array
) -> Mapping[str, Array]:
    if outcome.task is Task.REGRESSION:
        return regression(np.asarray(target, dtype=np.float64), scores.values[:, 0], counts)
    names = outcome.classes
    truth = np.searchsorted(names, target)
    confusion = confusions(truth, np.searchsorted(names, predicted), len(names), counts)
    values = dict(from_confusions(confusion))
    if outcome.task is Task.BINARY:
        values |= of_label(confusion, names.index(str(outcome.positive)))
    indicators = metrics.indicators(target, outcome)
    columns = range(indicators.shape[1])
    for name, function in (("roc_auc", roc_auc), ("average_precision", average_precision)):
        parts = [function(indicators[:, k], scores.values[:, k], counts) for k in columns]
        values[name] = np.mean(parts, axis=0)
    if scores.kind == "probability":
        for name, loss in metrics.losses(target, scores, outcome).items():
            values[name] = _means(loss, counts)
    return values


def _means(values: Array, counts: Array) -> Array:
    # Not a matrix product: its bits would depend on the BLAS kernel.
    means: Array = (counts * values).sum(axis=1) / counts.sum(axis=1)
    return means


def regression(target: Array, predicted: Array, counts: Array) -> Mapping[str, Array]:
    """Weigh RMSE, MAE and R² by counts of shape (n_resamples, n_samples)."""
    error = target - predicted
    squared = _means(error**2, counts)
    centred = target - _means(target, counts)[:, None]
    spread = (counts * centred**2).sum(axis=1) / counts.sum(axis=1)
    # A resample of one repeated row has no spread; scikit-learn then gives 0 for a wrong guess.
    explained = np.divide(squared, spread, out=np.ones_like(squared), where=spread > 0)
    return {
        "rmse": np.sqrt(squared),
        "mae": _means(np.abs(error), counts),
        "r2": 1 - explained,
    }


def confusions(
    truth: npt.NDArray[np.intp], predicted: npt.NDArray[np.intp], classes: int, counts: Array
) -> Array:
    """Weigh confusion matrices: shape (n_resamples, n_classes, n_classes), rows are the truth."""
    cell = truth * classes + predicted
    table = np.zeros((len(counts), classes * classes))
    for number in np.unique(cell):
        table[:, number] = counts[:, cell == number].sum(axis=1)
    return table.reshape(len(counts), classes, classes)


def from_confusions(confusion: Array) -> Mapping[str, Array]:
    """Compute the label metrics of confusion matrices (n_resamples, n_classes, n_classes)."""
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    actual, guessed = confusion.sum(axis=2), confusion.sum(axis=1)
    recall, precision = _ratio(hits, actual), _ratio(hits, guessed)
    f1 = _ratio(2 * hits, actual + guessed)
    total = actual.sum(axis=1)
    # Macro averages go over the labels that occur as truth or guess, as in scikit-learn.
    present = (actual + guessed) > 0
    return {
        "accuracy": hits.sum(axis=1) / total,
        "balanced_accuracy": _ratio(recall.sum(axis=1), (actual > 0).sum(axis=1)),
        "f1_macro": _ratio(f1.sum(axis=1), present.sum(axis=1)),
        "f1_weighted": (f1 * actual).sum(axis=1) / total,
        "precision_macro": _ratio(precision.sum(axis=1), present.sum(axis=1)),
        "recall_macro": _ratio(recall.sum(axis=1), present.sum(axis=1)),
    }


def of_label(confusion: Array, label: int) -> Mapping[str, Array]:
    """Compute precision and recall of one label, by its position, from confusion matrices."""
    hits = confusion[:, label, label]
    return {
        "precision": _ratio(hits, confusion[:, :, label].sum(axis=1)),
        "recall": _ratio(hits, confusion[:, label, :].sum(axis=1)),
    }


def roc_auc(truth: Array, scores: Array, counts: Array) -> Array:
    """Weigh the area under the ROC curve: pairs in order, ties as half (Mann and Whitney, 1947)."""
    positive, negative = _by_score(truth, scores, counts)
    below = np.cumsum(negative, axis=1) - negative
    won = (positive * (below + negative / 2)).sum(axis=1)
    return _ratio(won, positive.sum(axis=1) * negative.sum(axis=1))


def average_precision(truth: Array, scores: Array, counts: Array) -> Array:
    """Weigh the step-wise sum of precision over gains in recall, from the largest score down."""
    positive, negative = (part[:, ::-1] for part in _by_score(truth, scores, counts))
    found = np.cumsum(positive, axis=1)
    precision = _ratio(found, found + np.cumsum(negative, axis=1))
    return _ratio((precision * positive).sum(axis=1), positive.sum(axis=1))


def _by_score(truth: Array, scores: Array, counts: Array) -> tuple[Array, Array]:
    """Sum the counts of positives and negatives over each distinct score, ascending."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    weights, hit = counts[:, order], truth[order]
    positive = np.add.reduceat(weights * hit, starts, axis=1)
    return positive, np.add.reduceat(weights * (1 - hit), starts, axis=1)


def _ratio(numerator: Array, denominator: Array) -> Array:
    return np.divide(
        numerator,
        denominator,
        out=np.zeros(np.shape(numerator)),
        where=np.asarray(denominator) > 0,
    )
