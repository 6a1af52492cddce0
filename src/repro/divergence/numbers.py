"""Checks of facts, numbers, predictions and files."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from repro.core.searched import SEARCH
from repro.core.verdict import Check, Kind, Outcome, excess_of
from repro.divergence.structure import same_value
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
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pydantic import JsonValue

    from repro.core.evidence import Evidence
    from repro.core.record import AnyRecord
    from repro.core.records import Prediction, Predictions


# Looked up once: there are hundreds of checks for each record.
_SAME, _WITHIN, _DIFFERS, _TIE = Outcome.SAME, Outcome.WITHIN, Outcome.DIFFERS, Outcome.TIE
_GREATEST = sys.float_info.max


def check_evidence(
    expected: Evidence, actual: Evidence, limits: Limits, *, metrics_only: bool = False
) -> Iterator[Check]:
    """Check every fact and number, missing ones included, then predictions and files.

    Parameters
    ----------
    metrics_only : bool
        Whether to leave out everything but metrics.

    A metric that only one side has is reported, if the sides share any.
    """
    only = unmatched(expected, actual)
    expected, actual = without(expected, only), without(actual, only)
    for name in _either(expected.facts, actual.facts):
        if not metrics_only or _kind(name) is Kind.METRIC:
            yield _check_fact(name, expected.facts, actual.facts)
    for name in _either(expected.numbers, actual.numbers):
        if not metrics_only or _kind(name) is Kind.METRIC:
            left, right = expected.numbers.get(name), actual.numbers.get(name)
            yield check_number(name, left, right, limits.of(name))
    for name, sentence in only.items():
        yield Check(
            name=f"metrics.test.{name}", expected=None, actual=None, outcome=Outcome.EXPLAINED,
            detail=sentence, kind=Kind.METRIC,
        )  # fmt: skip
    if not metrics_only:
        yield from _check_all_predictions(expected.predictions, actual.predictions, limits)
        for name in _either(expected.files, actual.files):
            yield _check_file(name, expected.files.get(name), actual.files.get(name))


def _kind(name: str) -> Kind:
    # A file that a command writes may be named like this, and a space follows its name.
    if name.partition(".")[0] == SEARCH and " " not in name:
        return Kind.TRIAL
    return Kind.DECISION if name.startswith("threshold.") else Kind.METRIC


def _either(left: Mapping[str, object], right: Mapping[str, object]) -> list[str]:
    return [*left, *(name for name in right if name not in left)]


def _check_fact(
    name: str, expected: Mapping[str, JsonValue], actual: Mapping[str, JsonValue]
) -> Check:
    for side, facts in (("the reference", expected), ("this training", actual)):
        if name not in facts:
            return _missing(name, side, (expected.get(name), actual.get(name)), _kind(name))
    return _check_equal(name, expected[name], actual[name], _kind(name))


def _check_all_predictions(
    expected: Predictions | None, actual: Predictions | None, limits: Limits
) -> Iterator[Check]:
    if expected is not None and actual is not None:
        yield from check_predictions(expected, actual, limits)
    elif expected is not None or actual is not None:
        side = "the reference" if expected is None else "this training"
        count = len((expected or actual).rows)  # type: ignore[union-attr]  # one of them is given
        pair: tuple[JsonValue, JsonValue] = (None, count) if expected is None else (count, None)
        yield _missing("predictions", side, pair, Kind.PREDICTION)


def _check_file(name: str, expected: str | None, actual: str | None) -> Check:
    dotted = f"files.{name}"
    if expected is None or actual is None:
        side = "the reference" if expected is None else "this training"
        return _missing(dotted, side, (expected, actual), Kind.FILE)
    outcome = Outcome.SAME if expected == actual else Outcome.DIFFERS
    detail = "" if expected == actual else f"the content of {name} differs"
    return Check(
        name=dotted, expected=expected, actual=actual, outcome=outcome, detail=detail,
        kind=Kind.FILE,
    )  # fmt: skip


def _missing(name: str, side: str, pair: tuple[JsonValue, JsonValue], kind: Kind) -> Check:
    expected, actual = pair
    return Check(
        name=name, expected=expected, actual=actual, outcome=Outcome.MISSING,
        detail=f"{name} is missing from {side}", kind=kind,
    )  # fmt: skip


def check_number(
    name: str, expected: float | None, actual: float | None, tolerance: Tolerance
) -> Check:
    """Check one number; one that is on one side only is missing, never equal."""
    if expected is None or actual is None:
        side = "the reference" if expected is None else "this training"
        return _missing(name, side, (expected, actual), _kind(name))
    measured = _measure(expected, actual, tolerance)
    return Check(
        name=name, expected=expected, actual=actual, kind=_kind(name), **measured._asdict()
    )


class _Measured(NamedTuple):
    """The fields of a check that follow from two numbers; checks themselves cost more to make."""

    outcome: Outcome
    difference: float
    allowed: float
    relative: float
    ulps: int


def _measure(expected: float, actual: float, tolerance: Tolerance) -> _Measured:
    allowed = tolerance.allowed(expected)
    if expected == actual and (expected or same_bits(expected, actual)):
        return _Measured(_SAME, 0.0, allowed, 0.0, 0)
    difference = abs(actual - expected)
    return _Measured(
        _WITHIN if difference <= allowed else _DIFFERS,
        # Of two numbers that are finite it need not be.
        min(difference, _GREATEST),
        allowed,
        relative_difference(expected, actual),
        ulps(expected, actual),
    )


def check_predictions(
    expected: Predictions, actual: Predictions, limits: Limits
) -> Iterator[Check]:
    """Check every prediction of the reference, joined by row, and how many rows there are."""
    yield _check_equal("held_out.rows", expected.total, actual.total, Kind.HELD_OUT)
    left: JsonValue = list(expected.scores)
    right: JsonValue = list(actual.scores)
    yield _check_equal("held_out.scores", left, right, Kind.HELD_OUT)
    here = {prediction.row: prediction for prediction in actual.rows}
    tolerance = limits.of("predictions")

    @cache
    def known() -> frozenset[str | float]:
        """Return the labels of this run, which only a tie asks for."""
        return frozenset(value for row in actual.rows for value in (row.label, row.truth))

    for row in _rows_of(expected, tolerance):
        yield _check_prediction(row, here, tolerance, known)


class _Row(NamedTuple):
    """A prediction of the reference, and what every comparison with it needs.

    Attributes
    ----------
    numbers : tuple of (float, float)
        Each number, and the difference from it that is allowed.
    """

    prediction: Prediction
    name: str
    plain: dict[str, JsonValue]
    numbers: tuple[tuple[float, float], ...]


def _rows_of(expected: Predictions, tolerance: Tolerance) -> tuple[_Row, ...]:
    """Return the rows of a reference, which many records are compared with one after the other."""
    last = _LAST[0]
    if last is None or last[0] is not expected or last[1] != tolerance:
        rows = []
        for row in expected.rows:
            numbers = tuple((number, tolerance.allowed(number)) for number in numbers_of(row))
            rows.append(_Row(row, f"predictions.{row.row}", _plain(row), numbers))
        last = _LAST[0] = expected, tolerance, tuple(rows)
    return last[2]


_LAST: list[tuple[Predictions, Tolerance, tuple[_Row, ...]] | None] = [None]


def _check_prediction(
    row: _Row,
    here: Mapping[int, Prediction],
    tolerance: Tolerance,
    known: Callable[[], frozenset[str | float]],
) -> Check:
    expected, name, plain, numbers = row
    actual = here.get(expected.row)
    if actual is None:
        return Check(
            name=name,
            expected=plain,
            actual=None,
            outcome=Outcome.MISSING,
            detail=f"row {expected.row} is not among the held-out rows of this run",
            kind=Kind.PREDICTION,
        )
    worst = None
    outcome, detail = _shape_outcome(expected, actual)
    if outcome is _SAME:
        outcome, worst = _worst(numbers, numbers_of(actual))
        outcome, detail = _label_outcome(expected, actual, outcome, tolerance)
        if outcome is _TIE and expected.label not in known():
            outcome, detail = (
                Outcome.DIFFERS,
                f"row {expected.row}: no label of this run is {expected.label}",
            )
    left, right, difference, allowed = worst or (0.0, 0.0, None, None)
    return Check(
        name,
        plain,
        _plain(actual),
        outcome,
        difference,
        allowed,
        relative_difference(left, right) if worst else None,
        ulps(left, right) if worst else None,
        detail,
        Kind.PREDICTION,
    )


def _worst(
    expected: Iterable[tuple[float, float]], actual: Iterable[float]
) -> tuple[Outcome, tuple[float, float, float, float] | None]:
    """Compare the numbers of a row.

    Returns
    -------
    Outcome
        Of all of them.
    (expected, actual, difference, allowed) or None
        Of the one whose difference is greatest in relation to what was allowed.
    """
    outcome, greatest, worst = _SAME, -1.0, None
    for (left, allowed), right in zip(expected, actual, strict=True):
        difference = 0.0
        if left != right or not (left or same_bits(left, right)):
            difference = abs(right - left)
            if not difference <= allowed:
                outcome = _DIFFERS
            elif outcome is _SAME:
                outcome = _WITHIN
            # Of two numbers that are finite it need not be.
            difference = min(difference, _GREATEST)
        excess = excess_of(difference, allowed)
        if excess > greatest:
            greatest, worst = excess, (left, right, difference, allowed)
    return outcome, worst


def _shape_outcome(expected: Prediction, actual: Prediction) -> tuple[Outcome, str]:
    row = expected.row
    if not same_value(expected.truth, actual.truth):
        values = f"reference {expected.truth}, this run {actual.truth}"
        return Outcome.DIFFERS, f"the true value of row {row} differs: {values}"
    if expected.weight != actual.weight:
        values = f"reference {expected.weight}, this run {actual.weight}"
        return Outcome.DIFFERS, f"the weight of row {row} differs: {values}"
    if (
        type(expected.label) is not type(actual.label)
        or len(expected.scores) != len(actual.scores)
        or (expected.margin is None) != (actual.margin is None)
    ):
        return _DIFFERS, f"row {row} has a label or scores of a different kind"
    return _SAME, ""


def _label_outcome(
    expected: Prediction, actual: Prediction, numbers: Outcome, tolerance: Tolerance
) -> tuple[Outcome, str]:
    if numbers is _DIFFERS:
        return numbers, ""
    if isinstance(expected.label, str) and expected.label != actual.label:
        if expected.margin is None or actual.margin is None or not actual.scores:
            flip = f"row {expected.row}: {expected.label} became {actual.label}, margin unknown"
            return Outcome.DIFFERS, flip
        # The greater one: a record alone cannot declare a tie.
        margin = max(expected.margin, actual.margin)
        flip = f"row {expected.row}: {expected.label} became {actual.label}, margin {margin:.3g}"
        near = margin <= max(tolerance.allowed(value) for value in actual.scores)
        return (Outcome.TIE, f"a tie, {flip}") if near else (Outcome.DIFFERS, flip)
    return numbers, ""


def numbers_of(prediction: Prediction) -> tuple[float, ...]:
    """Return every number of a prediction: the predicted one, the scores, and the margin."""
    margin = () if prediction.margin is None else (prediction.margin,)
    if isinstance(prediction.label, str):
        return (*prediction.scores, *margin)
    return (prediction.label, *prediction.scores, *margin)


def _plain(prediction: Prediction) -> dict[str, JsonValue]:
    return {"label": prediction.label, "scores": list(prediction.scores)}


def _check_equal(name: str, expected: JsonValue, actual: JsonValue, kind: Kind) -> Check:
    outcome = Outcome.SAME if expected == actual else Outcome.DIFFERS
    detail = "" if expected == actual else f"{name}: reference {expected}, this run {actual}"
    return Check(
        name=name, expected=expected, actual=actual, outcome=outcome, detail=detail, kind=kind
    )


def greatest_relative_difference(expected: AnyRecord, actual: AnyRecord) -> float:
    """Return the greatest relative difference of a metric or of a prediction's numbers."""
    checks = check_evidence(expected.evidence, actual.evidence, Limits(EXACT))
    return max((check.relative or 0.0 for check in checks), default=0.0)
