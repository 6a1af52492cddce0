"""The part of a record that a page shows, which takes a tenth of the memory of the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from repro.core.once import once

if TYPE_CHECKING:
    from repro.core.environment import Environment
    from repro.core.record import AnyRecord


class ShownRow(NamedTuple):
    """A held-out row, as ``Prediction`` has it."""

    row: int
    label: str | float
    scores: tuple[float, ...]
    margin: float | None


@dataclass(frozen=True)
class Shown:
    """The part of a record that a page shows; the rest is not needed once it was compared.

    Attributes
    ----------
    outputs : dict of str to str
        Digest of every stage output, by dotted name.
    environment : Environment
    rows : tuple of ShownRow
    """

    outputs: dict[str, str]
    environment: Environment
    rows: tuple[ShownRow, ...]

    @staticmethod
    def of(record: AnyRecord) -> Shown:
        """Take what is shown of a record."""
        rows = (ShownRow(row.row, row.label, row.scores, row.margin) for row in record.rows)
        return Shown(outputs_of(record), _shared(record.environment), tuple(rows))


def outputs_of(record: AnyRecord) -> dict[str, str]:
    """Return the digest of every stage output, by dotted name."""
    return {
        f"{stage.name}.{name}": digest
        for stage in record.stages.stages
        for name, digest in stage.outputs.items()
    }


@once
def _shared(environment: Environment) -> Environment:
    """Return the first of equal environments."""
    return environment
