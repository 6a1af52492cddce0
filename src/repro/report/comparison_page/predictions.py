"""Predictions of the candidates, each beside the reference's of the same row."""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from repro.report.drawn import Pair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from repro.core.comparison import Candidate
    from repro.core.record import AnyRecord
    from repro.core.records import Prediction
    from repro.report.comparison_page.groups import Bunch
    from repro.report.comparison_page.shown import ShownRow

_ROWS = 40


class Row(NamedTuple):
    """A prediction worth a look."""

    name: str
    expected: Prediction
    actual: ShownRow
    pair: Pair


def pairs_of(groups: Sequence[Bunch], reference: AnyRecord) -> tuple[list[Pair], list[Row]]:
    """Join predictions by row, where they were compared.

    Returns
    -------
    pairs : list of Pair
        All of them, to draw.
    rows : list of Row
        Those to look at: flipped ones, then those that moved most in relation to their margin.
    """
    pairs: list[Pair] = []
    return pairs, nsmallest(_ROWS, _seen(_rows(groups, reference), pairs), key=_weight)


def _rows(groups: Sequence[Bunch], reference: AnyRecord) -> Iterator[Row]:
    names = reference.predictions.scores if reference.predictions else ()
    expected = {row.row: (row, _score(row, row.label, names)) for row in reference.rows}
    return (
        Row(member.name, there, row, pair)
        for group in groups
        for member in group.members
        if member.candidate and _compares(member.candidate)
        for row in member.record.rows
        if row.row in expected
        for there, left in [expected[row.row]]
        if (pair := _pair(there, left, row, names, group.letter)) is not None
    )


def _seen(rows: Iterable[Row], pairs: list[Pair]) -> Iterator[Row]:
    """Keep every pair; of the rows that carry them, only a few stay in memory."""
    for row in rows:
        pairs.append(row.pair)
        yield row


def _compares(candidate: Candidate) -> bool:
    tally = candidate.tallies["predictions"]
    return tally.total > 0


def _weight(row: Row) -> tuple[bool, float, int]:
    margin = row.pair.margin or 0.0
    return (
        not row.pair.flipped,
        -row.pair.moved / (margin + row.pair.moved or 1.0),
        row.expected.row,
    )


def _pair(
    expected: Prediction,
    left: float | None,
    actual: ShownRow,
    names: Sequence[str],
    letter: str,
) -> Pair | None:
    right = _score(actual, expected.label, names)
    if left is None or right is None:
        return None
    flipped = isinstance(expected.label, str) and expected.label != actual.label
    there, here = expected.margin, actual.margin
    if there is None or here is None:
        moved = abs(left - right)
    else:
        moved = there + here if flipped else abs(there - here)
    return Pair(left, right, there, moved, flipped, letter)


def _score(row: Prediction | ShownRow, label: str | float, names: Sequence[str]) -> float | None:
    """Return the predicted number, the only score, or that of the reference's class."""
    if not isinstance(row.label, str):
        return row.label
    place = names.index(label) if len(names) > 1 and label in names else 0
    return row.scores[place] if place < len(row.scores) else None
