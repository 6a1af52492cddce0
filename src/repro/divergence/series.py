"""Checks of long series, by the digests at their marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.verdict import Check, Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from repro.core.record import Series


def check_series(expected: Sequence[Series], actual: Sequence[Series]) -> Iterator[Check]:
    """Check every series of two sides; one that is on one side only is missing."""
    left, right = ({series.name: series for series in side} for side in (expected, actual))
    for name in [*left, *(name for name in right if name not in left)]:
        one, other = left.get(name), right.get(name)
        if one is None or other is None:
            side = "the reference" if one is None else "this training"
            detail, outcome = f"series {name} is missing from {side}", Outcome.MISSING
        else:
            detail = _difference(one, other)
            outcome = Outcome.DIFFERS if detail else Outcome.SAME
        yield Check(
            name=f"series.{name}",
            expected=one.length if one else None,
            actual=other.length if other else None,
            outcome=outcome,
            detail=detail,
            kind=Kind.SERIES,
        )


def _difference(expected: Series, actual: Series) -> str:
    """Describe between which two marks two series diverge; empty if they agree."""
    last = 0
    for mark in sorted(expected.marks.keys() & actual.marks.keys(), key=int):
        if expected.marks[mark] != actual.marks[mark]:
            return f"series {expected.name} diverges between values {last + 1} and {mark}"
        last = int(mark)
    if expected.length != actual.length:
        lengths = f"reference {expected.length}, this run {actual.length}"
        return (
            f"series {expected.name} agrees up to value {last}, and its length differs: {lengths}"
        )
    return ""
