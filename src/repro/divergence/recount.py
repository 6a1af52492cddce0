"""The metrics of stored predictions, recomputed from plain values without NumPy.

They are those of ``repro.training.metrics`` but for rounding, which a test holds: a record is
checked wherever it is read, and scikit-learn takes longer to import than that may take. Intervals
are drawn, and are not recomputed.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from repro.core.records import Prediction, Predictions

_EPSILON = sys.float_info.epsilon
# Beyond this ratio of mean to spread, rounding decides what the spread is.
_ILL_CONDITIONED = 1e5
# Smaller squares have lost digits.
_TINY = sys.float_info.min / _EPSILON
# Sums of a million terms differ by less, in whatever order they are added.
_RELATIVE = 1e-8


def recount(predictions: Predictions) -> dict[str, float]:
    """Recompute the metrics of a whole set of predictions.

    Returns
    -------
    dict of str to float
        By the names in ``Metrics.test``. Left out is what these rows do not define.
    """
    rows = predictions.rows
    if not rows:
        return {}
    if not predictions.scores:
        try:
            return dict(_of_numbers(rows))
        except OverflowError:
            return {}
    found = _of_labels(rows, predictions.scores)
    return found | dict(_of_scores(rows, predictions.scores))


def agrees(recorded: float, recounted: float) -> bool:
    """Return whether two values of a metric differ by no more than the order of sums can make."""
    return math.isclose(recorded, recounted, rel_tol=_RELATIVE, abs_tol=_RELATIVE**2) or (
        # A share near 1, or an r2: what is left to 1 was computed.
        abs(recorded - recounted) <= _RELATIVE * abs(1 - recorded)
    )


def _of_labels(rows: Sequence[Prediction], columns: Sequence[str]) -> dict[str, float]:
    pairs = Counter((str(row.truth), str(row.label)) for row in rows)
    truth, label, hit = _counts(pairs)
    classes = sorted(truth | label)
    recall = {name: _share(hit[name], truth[name]) for name in classes}
    precision = {name: _share(hit[name], label[name]) for name in classes}
    # 2pr / (p + r), in whole numbers.
    f1 = {name: _share(2 * hit[name], truth[name] + label[name]) for name in classes}
    found = {
        "accuracy": _share(hit.total(), len(rows)),
        "balanced_accuracy": _mean([recall[name] for name in truth]),
        "f1_macro": _mean(list(f1.values())),
        "f1_weighted": math.fsum(f1[name] * truth[name] for name in classes) / len(rows),
        "precision_macro": _mean(list(precision.values())),
        "recall_macro": _mean(list(recall.values())),
    }
    if len(columns) == 1:
        found["precision"] = precision.get(columns[0], 0.0)
        found["recall"] = recall.get(columns[0], 0.0)
    return found


def _counts(pairs: Counter[tuple[str, str]]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Count each class among true values, among labels, and where both are it."""
    truth: Counter[str] = Counter()
    label: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    for (expected, found), times in pairs.items():
        truth[expected] += times
        label[found] += times
        if expected == found:
            hit[expected] += times
    return truth, label, hit


def _of_scores(rows: Sequence[Prediction], columns: Sequence[str]) -> Iterator[tuple[str, float]]:
    areas, averages = [], []
    for position, name in enumerate(columns):
        ranked = [(row.scores[position], row.truth == name) for row in rows]
        positives = sum(hit for _, hit in ranked)
        if 0 < positives < len(rows):
            area, average = _ranking(ranked, positives)
            areas.append(area)
            averages.append(average)
    if len(areas) == len(columns):
        yield "roc_auc", _mean(areas)
        yield "average_precision", _mean(averages)
    if all(0.0 <= score <= 1.0 for row in rows for score in row.scores):
        yield "brier", _mean([_squares(row, columns) for row in rows])
        likelihoods = [_likelihood(row, columns) for row in rows]
        if None not in likelihoods:
            yield "log_loss", _mean([-math.log(each) for each in likelihoods if each is not None])


def _ranking(ranked: Sequence[tuple[float, bool]], positives: int) -> tuple[float, float]:
    """Return the area under the ROC curve and the average precision; ties share a threshold."""
    negatives = len(ranked) - positives
    found, seen, area, average = 0, 0, 0.0, []
    for _, tied in groupby(sorted(ranked, reverse=True), key=lambda pair: pair[0]):
        hits = [hit for _, hit in tied]
        new, others = sum(hits), len(hits) - sum(hits)
        area += others * (found + new / 2)
        found, seen = found + new, seen + len(hits)
        average.append(new * found / seen)
    return area / (positives * negatives), math.fsum(average) / positives


def _squares(row: Prediction, columns: Sequence[str]) -> float:
    pairs = zip(row.scores, columns, strict=True)
    return math.fsum((score - (row.truth == name)) ** 2 for score, name in pairs)


def _likelihood(row: Prediction, columns: Sequence[str]) -> float | None:
    """Return the probability of the true class; None where it has no column."""
    clipped = [min(max(score, _EPSILON), 1 - _EPSILON) for score in row.scores]
    if len(columns) == 1:
        return clipped[0] if row.truth == columns[0] else 1 - clipped[0]
    if row.truth not in columns:
        return None
    return clipped[columns.index(str(row.truth))] / math.fsum(clipped)


def _of_numbers(rows: Sequence[Prediction]) -> Iterator[tuple[str, float]]:
    truth = [float(row.truth) for row in rows]
    errors = [value - float(row.label) for value, row in zip(truth, rows, strict=True)]
    centre = _mean(truth)
    squared, total = _of_squares(errors), _of_squares([value - centre for value in truth])
    yield "rmse", math.sqrt(squared / len(rows))
    yield "mae", _mean([abs(error) for error in errors])
    spread = math.sqrt(total / len(rows))
    if total > _TINY and spread * _ILL_CONDITIONED > abs(centre):
        yield "r2", 1 - squared / total


def _of_squares(values: Sequence[float]) -> float:
    return math.fsum(value**2 for value in values)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
