"""The metrics of stored predictions, recomputed from plain values without NumPy.

They are those of ``repro.training.metrics`` but for rounding, which a test holds: a record is
checked wherever it is read, and scikit-learn takes longer to import than that may take. Intervals
are drawn, and are not recomputed.
"""

from __future__ import annotations

import math
import sys
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from repro.core.records import Prediction, Predictions

_Counts: TypeAlias = dict[str, float]
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
    if not any(map(_weight, rows)):
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
    truth, label, hit = _counts(rows)
    classes, total = sorted(label), math.fsum(truth.values())
    recall = {name: _share(hit[name], truth.get(name, 0.0)) for name in classes}
    precision = {name: _share(hit[name], label[name]) for name in classes}
    # 2pr / (p + r), without a quotient of quotients.
    f1 = {name: _share(2 * hit[name], truth.get(name, 0.0) + label[name]) for name in classes}
    found = {
        "accuracy": _share(math.fsum(hit.values()), total),
        "balanced_accuracy": _mean([recall[name] for name in truth]),
        "f1_macro": _mean(list(f1.values())),
        "f1_weighted": math.fsum(f1[name] * truth[name] for name in truth) / total,
        "precision_macro": _mean(list(precision.values())),
        "recall_macro": _mean(list(recall.values())),
    }
    if len(columns) == 1:
        found["precision"] = precision.get(columns[0], 0.0)
        found["recall"] = recall.get(columns[0], 0.0)
    return found


def _counts(rows: Sequence[Prediction]) -> tuple[_Counts, _Counts, _Counts]:
    """Count each class among true values, among labels, and where both are it, by weight."""
    classes = {str(value) for row in rows for value in (row.truth, row.label)}
    label: _Counts = dict.fromkeys(classes, 0.0)
    hit: _Counts = dict.fromkeys(classes, 0.0)
    truth: _Counts = {}
    for row in rows:
        expected, found, weight = str(row.truth), str(row.label), _weight(row)
        truth[expected] = truth.get(expected, 0.0) + weight
        label[found] += weight
        if expected == found:
            hit[expected] += weight
    return truth, label, hit


def _of_scores(rows: Sequence[Prediction], columns: Sequence[str]) -> Iterator[tuple[str, float]]:
    areas, averages = [], []
    for position, name in enumerate(columns):
        ranked = [(row.scores[position], row.truth == name, _weight(row)) for row in rows]
        positives, others = (
            math.fsum(weight for _, hit, weight in ranked if hit == side) for side in (True, False)
        )
        if positives and others:
            area, average = _ranking(ranked, positives, others)
            areas.append(area)
            averages.append(average)
    if len(areas) == len(columns):
        yield "roc_auc", _mean(areas)
        yield "average_precision", _mean(averages)
    if all(0.0 <= score <= 1.0 for row in rows for score in row.scores):
        yield "brier", _mean([_squares(row, columns) for row in rows], rows)
        likelihoods = [_likelihood(row, columns) for row in rows]
        if None not in likelihoods:
            known = [-math.log(each) for each in likelihoods if each is not None]
            yield "log_loss", _mean(known, rows)


def _ranking(
    ranked: Sequence[tuple[float, bool, float]], positives: float, negatives: float
) -> tuple[float, float]:
    """Return the area under the ROC curve and the average precision; ties share a threshold."""
    found, seen, area, average = 0.0, 0.0, 0.0, []
    for _, tied in groupby(sorted(ranked, reverse=True), key=lambda pair: pair[0]):
        sides: dict[bool, float] = {True: 0.0, False: 0.0}
        for _, hit, weight in tied:
            sides[hit] += weight
        new, others = sides[True], sides[False]
        area += others * (found + new / 2)
        found, seen = found + new, seen + new + others
        average.append(new * _share(found, seen))
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
    centre = _mean(truth, rows)
    squared = _mean([error**2 for error in errors], rows)
    total = _mean([(value - centre) ** 2 for value in truth], rows)
    yield "rmse", math.sqrt(squared)
    yield "mae", _mean([abs(error) for error in errors], rows)
    if total > _TINY and math.sqrt(total) * _ILL_CONDITIONED > abs(centre):
        yield "r2", 1 - squared / total


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _weight(row: Prediction) -> float:
    return 1 if row.weight is None else row.weight


def _mean(values: Sequence[float], rows: Sequence[Prediction] = ()) -> float:
    """Return the mean, weighted where the rows have weights."""
    if not rows or rows[0].weight is None:
        return math.fsum(values) / len(values)
    weights = [_weight(row) for row in rows]
    pairs = zip(weights, values, strict=True)
    return math.fsum(weight * value for weight, value in pairs) / math.fsum(weights)
