"""Held-out predictions, compared with the rest of their record.

Each column of ``predictions.csv`` was an output of a stage, so that its digest is recorded. Scores
lead to margins and, where a threshold decides, to labels. The module imports nothing slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from repro.digest.columns import digest_floats, digest_integers, digest_texts
from repro.digest.plain import digest_plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.core.records import Prediction, Predictions, Threshold

# As in ``repro.training.scoring``, which imports NumPy.
_EVEN_ODDS = 0.5
# Kinds of scores, each with the score at and above which a binary task has its positive label.
_BOUNDARIES = {"probability": _EVEN_ODDS, "decision": 0.0}
_SIDES = 2


@dataclass(frozen=True)
class _Scores:
    """The digests of the fields of ``repro.training.scoring.Scores``."""

    values: str
    kind: str


def digests_of_columns(predictions: Predictions) -> dict[str, tuple[str, ...]]:
    """Return the digests that the columns of a run's predictions can have.

    Returns
    -------
    dict of str to tuple of str
        By dotted name in a record, such as ``predictions.margin``. Several where a record does not
        say all that was digested: scores are probabilities or not. None where the width of the
        text is not known: it is that of the longest class, which a held-out row need not have.
    """
    kinds: dict[str, Callable[[Predictions], tuple[str, ...]]] = {
        "row": _row_digests,
        "label": _label_digests,
        "scores": _score_digests,
        "margin": _margin_digests,
    }
    found = {}
    for name, digests in kinds.items():
        try:
            found[f"predictions.{name}"] = digests(predictions)
        except (OverflowError, UnicodeEncodeError):
            # What no array holds was no stage's.
            found[f"predictions.{name}"] = ("",)
    return found


def _row_digests(predictions: Predictions) -> tuple[str, ...]:
    return (digest_integers(row.row for row in predictions.rows),)


def _label_digests(predictions: Predictions) -> tuple[str, ...]:
    labels = [row.label for row in predictions.rows]
    texts = [label for label in labels if isinstance(label, str)]
    if not texts:
        return (digest_floats(_numbers(labels), (len(labels),)),)
    if len(texts) != len(labels):
        return ("",)
    classes = _classes(predictions)
    return (digest_texts(texts, max(map(len, classes))),) if classes else ()


def _numbers(labels: list[str | float]) -> list[float]:
    return [float(label) for label in labels]


def _classes(predictions: Predictions) -> set[str]:
    """Return every class of the data set; none where that cannot be known."""
    if len(predictions.scores) != 1:
        # Each class has a column, and what is no class has no digest that is recorded.
        return {*predictions.scores, *(str(row.label) for row in predictions.rows)}
    seen = {str(value) for row in predictions.rows for value in (row.label, row.truth)}
    return seen if seen - {*predictions.scores} else set()


def _score_digests(predictions: Predictions) -> tuple[str, ...]:
    rows, columns = predictions.rows, len(predictions.scores)
    if columns:
        numbers = chain.from_iterable(row.scores for row in rows)
        values = digest_floats(numbers, (len(rows), columns))
    else:
        labels = [row.label for row in rows]
        values = digest_floats(_numbers(labels), (len(labels), 1))
    kinds = _BOUNDARIES if columns else ("value",)
    return tuple(digest_plain(_Scores(values, digest_plain(kind)), str) for kind in kinds)


def _margin_digests(predictions: Predictions) -> tuple[str, ...]:
    margins = [row.margin for row in predictions.rows if row.margin is not None]
    if not margins:
        return (digest_plain(None),)
    return (digest_floats(margins, (len(margins),)),)


def find_odd_row(predictions: Predictions, threshold: Threshold) -> str:
    """Return a sentence about a prediction that no training makes; empty without one.

    The margin follows from the scores. So does the label where a threshold decides; by the rule
    ``argmax`` it is the estimator's own.
    """
    regression = not predictions.scores
    kind = float if regression else str
    expected = (len(predictions.scores), regression, kind, kind)
    for row in predictions.rows:
        if (len(row.scores), row.margin is None, type(row.label), type(row.truth)) != expected:
            return f"row {row.row}: it does not have the columns that the record names"
    if found := _odd_weight(predictions):
        return found
    if regression:
        return ""
    if len(predictions.scores) > 1:
        return next(filter(None, (_odd_class(row, predictions) for row in predictions.rows)), "")
    return _odd_side(predictions, threshold)


def _odd_weight(predictions: Predictions) -> str:
    """Say that only some rows have a weight, or that all rows are known and all weights are 0."""
    rows = predictions.rows
    weights = [row.weight for row in rows if row.weight is not None]
    if weights and len(weights) < len(rows):
        odd = next(row for row in rows if row.weight is None)
        return f"row {odd.row}: it has no weight, and other rows have one"
    if weights and len(rows) == predictions.total and not any(weights):
        return f"row {rows[0].row}: its weight is 0, and so is that of every row"
    return ""


def _odd_class(row: Prediction, predictions: Predictions) -> str:
    if row.label not in predictions.scores:
        return f"row {row.row}: its label {row.label!r} has no score"
    second, first = sorted(row.scores)[-2:]
    if row.margin != first - second:
        return f"row {row.row}: its margin does not follow from its scores"
    return ""


def _odd_side(predictions: Predictions, threshold: Threshold) -> str:
    limit = threshold.threshold
    boundaries = set(_BOUNDARIES.values()) if limit is None else {limit}
    (positive,), decided = predictions.scores, limit is not None and threshold.rule != "argmax"
    classes = {positive, *(value for row in predictions.rows for value in (row.label, row.truth))}
    if len(classes) > _SIDES:
        return f"there are {len(classes)} classes, but a row has one score, as if there were two"
    for row in predictions.rows:
        (score,) = row.scores
        # All scores are of one kind, so that one boundary has to remain.
        boundaries = {each for each in boundaries if abs(score - each) == row.margin}
        if not boundaries:
            return f"row {row.row}: its margin does not follow from its score"
        if decided and limit is not None and (row.label == positive) != (score >= limit):
            return f"row {row.row}: its label {row.label!r} does not follow from its score"
    return ""
