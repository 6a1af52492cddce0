"""Several files as one table: the rows of each after those of the one before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from repro.core.errors import DataError
from repro.datasets.formats.interface import Body, RefusedColumnsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from repro.datasets.formats.interface import Kind, RawTable


@dataclass(frozen=True)
class JoinedTable:
    """Tables with the same columns, one below the other.

    Attributes
    ----------
    label : str
        The name of all files together in messages.
    parts : tuple of RawTable
        At least one.
    """

    label: str
    parts: tuple[RawTable, ...]
    _rows: list[int] = field(default_factory=list, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, which all files have in the same order."""
        return self.parts[0].names

    @property
    def text_columns(self) -> frozenset[str]:
        """The columns whose type is text in any of the files."""
        return frozenset().union(*(part.text_columns for part in self.parts))

    def read(self, kinds: Mapping[str, Kind]) -> Body:
        """Read columns as numbers or text; see ``RawTable.read``."""
        bodies: list[Body] = []
        refusals: dict[str, str] = {}
        infinite: set[str] = set()
        for part in self.parts:
            try:
                bodies.append(part.read(kinds))
            except RefusedColumnsError as error:
                infinite |= error.infinite
                for name, what in error.refusals.items():
                    refusals.setdefault(name, f"{what} of {part.label}")
        if refusals:
            raise RefusedColumnsError(self.label, refusals, infinite)
        self._rows[:] = [body.rows for body in bodies]
        columns = {name: np.concatenate([body.columns[name] for body in bodies]) for name in kinds}
        return Body(sum(self._rows), columns)

    def place(self, row: int) -> str:
        """Say where a row is, with the name of its file."""
        if not self._rows:
            self.read({})
        for part, rows in zip(self.parts, self._rows, strict=True):
            if row < rows:
                return f"{part.place(row)} of {part.label}"
            row -= rows
        raise IndexError(row)


def joined(label: str, parts: Sequence[RawTable]) -> JoinedTable:
    """Put tables one below the other.

    Raises
    ------
    DataError
        If the columns of one differ from those of the first one, with the columns.
    """
    first = parts[0]
    problems = [
        f"{part.label}: {_difference(first.names, part.names)}, compared with {first.label}"
        for part in parts
        if part.names != first.names
    ]
    if problems:
        raise DataError("\n".join(problems), advice="give all files the same columns in one order")
    return JoinedTable(label, tuple(parts))


def _difference(expected: Sequence[str], actual: Sequence[str]) -> str:
    lacks = [repr(name) for name in expected if name not in actual]
    more = [repr(name) for name in actual if name not in expected]
    if not lacks and not more:
        place = next(i for i, (a, b) in enumerate(zip(expected, actual, strict=False)) if a != b)
        return f"the columns have a different order, from {actual[place]!r} on"
    said = [f"no column {', '.join(lacks)}"] if lacks else []
    return " and ".join(said + ([f"a column more, {', '.join(more)}"] if more else []))
