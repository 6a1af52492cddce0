"""Checks of metrics, thresholds and predictions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from repro.core.canonical import same_value
from repro.core.verdict import Check, Outcome
from repro.divergence.tolerance import (
    EXACT,
    Limits,
    Tolerance,
    relative_difference,
    same_bits,
    ulps,
)
from repro.divergence.unmatched import unmatched, without

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

    from repro.core.records import Metrics, Prediction, Predictions, RecordFile, Threshold


def check_metrics(expected: Metrics, actual: Metrics, limits: Limits) -> Iterator[Check]:
    """Check the selected model and every number of the metrics, missing ones included.

    A metric that only one side has is reported, if the sides share any.
    """
    only = unmatched(expected, actual)
    expected, actual = without(expected, only), without(actual, only)
    for name in ("model", "task", "selection_metric"):
        yield _check_equal(f"metrics.{name}", getattr(expected, name), getattr(actual, name))
    yield _check_equal("metrics.undefined", dict(expected.undefined), dict(actual.undefined))
    yield _check_equal("metrics.findings", _doubts(expected), _doubts(actual))
    left, right = flatten(expected), flatten(actual)
    for name in [*left, *(name for name in right if name not in left)]:
        dotted = f"metrics.{name}"
        yield check_number(dotted, left.get(name), right.get(name), limits.of(dotted))
    for name, sentence in only.items():
        yield Check(
            name=f"metrics.test.{name}",
            expected=None,
            actual=None,
            outcome=Outcome.EXPLAINED,
            detail=sentence,
        )


def _doubts(metrics: Metrics) -> list[JsonValue]:
    return [finding.kind for finding in metrics.findings]


def flatten(metrics: Metrics) -> dict[str, float]:
    """Give every number of the metrics its dotted name."""
    numbers: dict[str, float] = {}
    for name, estimate in metrics.test.items():
        numbers[f"test.{name}"] = estimate.value
        numbers[f"test.{name}.low"] = estimate.low
        numbers[f"test.{name}.high"] = estimate.high
    numbers |= {f"constant.{name}": value for name, value in metrics.constant.items()}
    for family, scores in metrics.cross_validation.items():
        numbers[f"cross_validation.{family}.mean"] = scores.mean
        numbers[f"cross_validation.{family}.std"] = scores.std
        for position, value in enumerate(scores.folds, start=1):
            numbers[f"cross_validation.{family}.fold_{position}"] = value
    return numbers


def check_threshold(expected: Threshold, actual: Threshold, limits: Limits) -> Iterator[Check]:
    """Check the learned decision rule."""
    for name in ("rule", "target", "reached"):
        yield _check_equal(f"threshold.{name}", getattr(expected, name), getattr(actual, name))
    for name in ("threshold", "precision", "recall"):
        ours, theirs = getattr(expected, name), getattr(actual, name)
        if ours is not None or theirs is not None:
            dotted = f"threshold.{name}"
            yield check_number(dotted, ours, theirs, limits.of(dotted))


def check_number(
    name: str, expected: float | None, actual: float | None, tolerance: Tolerance
) -> Check:
    """Check one number; one that is on one side only is missing, never equal."""
    if expected is None or actual is None:
        side = "the reference" if expected is None else "this training"
        return Check(
            name=name,
            expected=expected,
            actual=actual,
            outcome=Outcome.MISSING,
            detail=f"{name} is missing from {side}",
        )
    measured = _measure(expected, actual, tolerance)
    return Check(name=name, expected=expected, actual=actual, **measured._asdict())


class _Measured(NamedTuple):
    """The fields of a check that follow from two numbers; checks themselves cost more to make."""

    outcome: Outcome
    difference: float
    allowed: float
    relative: float
    ulps: int

    @property
    def excess(self) -> float:
        """The difference in relation to what was allowed."""
        return _excess(self.difference, self.allowed)


def _measure(expected: float, actual: float, tolerance: Tolerance) -> _Measured:
    allowed = tolerance.allowed(expected)
    if same_bits(expected, actual):
        return _Measured(Outcome.SAME, 0.0, allowed, 0.0, 0)
    difference = abs(actual - expected)
    return _Measured(
        Outcome.WITHIN if difference <= allowed else Outcome.DIFFERS,
        # Of two numbers that are finite it need not be.
        min(difference, sys.float_info.max),
        allowed,
        relative_difference(expected, actual),
        ulps(expected, actual),
    )


def check_predictions(
    expected: Predictions, actual: Predictions, limits: Limits
) -> Iterator[Check]:
    """Check every prediction of the reference, joined by row, and how many rows there are."""
    yield _check_equal("held_out.rows", expected.total, actual.total)
    yield _check_equal("held_out.scores", list(expected.scores), list(actual.scores))
    here = {prediction.row: prediction for prediction in actual.rows}
    tolerance = limits.of("predictions")
    known = frozenset(value for row in actual.rows for value in (row.label, row.truth))
    for prediction in expected.rows:
        yield _check_prediction(prediction, here, tolerance, known)


def _check_prediction(
    expected: Prediction,
    here: Mapping[int, Prediction],
    tolerance: Tolerance,
    known: frozenset[str | float],
) -> Check:
    name, actual = f"predictions.{expected.row}", here.get(expected.row)
    if actual is None:
        return Check(
            name=name,
            expected=_plain(expected),
            actual=None,
            outcome=Outcome.MISSING,
            detail=f"row {expected.row} is not among the held-out rows of this run",
        )
    numbers: list[_Measured] = []
    outcome, detail = _shape_outcome(expected, actual)
    if outcome is Outcome.SAME:
        pairs = zip(numbers_of(expected), numbers_of(actual), strict=True)
        numbers = [_measure(left, right, tolerance) for left, right in pairs]
        outcome, detail = _label_outcome(expected, actual, numbers, tolerance)
        if outcome is Outcome.TIE and expected.label not in known:
            outcome, detail = (
                Outcome.DIFFERS,
                f"row {expected.row}: no label of this run is {expected.label}",
            )
    worst = max(numbers, key=lambda measured: measured.excess, default=None)
    return Check(
        name=name,
        expected=_plain(expected),
        actual=_plain(actual),
        outcome=outcome,
        difference=worst.difference if worst else None,
        allowed=worst.allowed if worst else None,
        relative=worst.relative if worst else None,
        ulps=worst.ulps if worst else None,
        detail=detail,
    )


def _shape_outcome(expected: Prediction, actual: Prediction) -> tuple[Outcome, str]:
    row = expected.row
    if not same_value(expected.truth, actual.truth):
        values = f"reference {expected.truth}, this run {actual.truth}"
        return Outcome.DIFFERS, f"the true value of row {row} differs: {values}"
    kinds = [
        (type(side.label), len(side.scores), side.margin is None) for side in (expected, actual)
    ]
    if kinds[0] != kinds[1]:
        return Outcome.DIFFERS, f"row {row} has a label or scores of a different kind"
    return Outcome.SAME, ""


def _label_outcome(
    expected: Prediction, actual: Prediction, numbers: list[_Measured], tolerance: Tolerance
) -> tuple[Outcome, str]:
    outcomes = {measured.outcome for measured in numbers}
    if Outcome.DIFFERS in outcomes:
        return Outcome.DIFFERS, ""
    if isinstance(expected.label, str) and expected.label != actual.label:
        if expected.margin is None or actual.margin is None or not actual.scores:
            flip = f"row {expected.row}: {expected.label} became {actual.label}, margin unknown"
            return Outcome.DIFFERS, flip
        # The greater one: a record alone cannot declare a tie.
        margin = max(expected.margin, actual.margin)
        flip = f"row {expected.row}: {expected.label} became {actual.label}, margin {margin:.3g}"
        near = margin <= max(tolerance.allowed(value) for value in actual.scores)
        return (Outcome.TIE, f"a tie, {flip}") if near else (Outcome.DIFFERS, flip)
    return (Outcome.SAME if outcomes <= {Outcome.SAME} else Outcome.WITHIN), ""


def numbers_of(prediction: Prediction) -> tuple[float, ...]:
    """Return every number of a prediction: the predicted one, the scores, and the margin."""
    margin = () if prediction.margin is None else (prediction.margin,)
    if isinstance(prediction.label, str):
        return (*prediction.scores, *margin)
    return (prediction.label, *prediction.scores, *margin)


def _plain(prediction: Prediction) -> dict[str, JsonValue]:
    return {"label": prediction.label, "scores": list(prediction.scores)}


def _check_equal(name: str, expected: JsonValue, actual: JsonValue) -> Check:
    outcome = Outcome.SAME if expected == actual else Outcome.DIFFERS
    detail = "" if expected == actual else f"{name}: reference {expected}, this run {actual}"
    return Check(name=name, expected=expected, actual=actual, outcome=outcome, detail=detail)


def greatest_relative_difference(expected: RecordFile, actual: RecordFile) -> float:
    """Return the greatest relative difference of a metric or of a prediction's numbers."""
    exact = Limits(EXACT)
    checks = [
        *check_metrics(expected.metrics, actual.metrics, exact),
        *check_predictions(expected.predictions, actual.predictions, exact),
    ]
    return max((check.relative or 0.0 for check in checks), default=0.0)


def excess(check: Check) -> float:
    """Return a difference in relation to what was allowed, to rank checks by."""
    return _excess(check.difference or 0.0, check.allowed or 0.0)


def _excess(difference: float, allowed: float) -> float:
    if not difference:
        return 0.0
    return difference / allowed if allowed else float("inf")
