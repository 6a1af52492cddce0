"""The spread of the numbers of trainings that should agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from repro.divergence.numbers import numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.core.record import AnyRecord


class Spread(NamedTuple):
    """The range of a number over some trainings, and its greatest magnitude in them."""

    width: float
    size: float

    def exceeds(self, limit: float) -> bool:
        """Return whether the range exceeds a limit, in itself and in relation to the size."""
        return self.width > limit and self.width > limit * self.size


def spreads(records: Sequence[AnyRecord]) -> dict[str, Spread]:
    """Return the spread of every metric, of the decision rule and of all predictions together.

    Parameters
    ----------
    records : sequence of AnyRecord
        Of one experiment with one seed; one at least.

    Returns
    -------
    dict of str to Spread
        By dotted name. ``predictions`` has the greatest range that a score, a predicted number or a
        margin has in any row, and the greatest magnitude among them all; nothing of a command has
        that name.
    """
    numbers = [record.evidence.numbers for record in records]
    shared = [name for name in numbers[0] if all(name in each for each in numbers)]
    found = {name: _spread([each[name] for each in numbers]) for name in shared}
    predicts = any(record.rows for record in records)
    return found | ({"predictions": _of_predictions(records)} if predicts else {})


def flips(records: Sequence[AnyRecord]) -> int:
    """Count the rows whose class is not the same in every record; of commands, the facts."""
    labels: dict[int | str, set[str]] = {}
    for record in records:
        for prediction in record.rows:
            if isinstance(prediction.label, str):
                labels.setdefault(prediction.row, set()).add(prediction.label)
        if record.is_command:
            for name, value in record.evidence.facts.items():
                labels.setdefault(name, set()).add(repr(value))
    return sum(len(each) > 1 for each in labels.values())


def _of_predictions(records: Sequence[AnyRecord]) -> Spread:
    rows: dict[int, list[tuple[float, ...]]] = {}
    for record in records:
        for prediction in record.rows:
            rows.setdefault(prediction.row, []).append(numbers_of(prediction))
    parts = [_spread(values) for row in rows.values() for values in zip(*row, strict=True)]
    return Spread(
        max((part.width for part in parts), default=0.0),
        max((part.size for part in parts), default=0.0),
    )


def _spread(values: Iterable[float]) -> Spread:
    values = list(values)
    return Spread(max(values) - min(values), max(map(abs, values)))
