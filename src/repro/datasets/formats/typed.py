"""Columns that already have a type, read as numbers or text without losing anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from repro.datasets.formats.interface import Body, RefusedColumnsError, no_rows
from repro.tables.cells import CellsError, in_row, to_numbers, to_texts
from repro.tables.marks import Marks, markers_of
from repro.tables.numbers import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from repro.datasets.formats.interface import Array, Kind
    from repro.tables.cells import Cells
    from repro.tables.marks import Missing


@dataclass(frozen=True)
class TypedTable:
    """A table whose columns have types.

    Attributes
    ----------
    label : str
    names : tuple of str
    rows : int
    missing : collection of str, or dict of str to collection of str
        The text that means a missing value, besides None and NaN: of all columns, or by column.
    text_columns : frozenset of str
        The columns whose type is text.
    column : callable
        Returns the cells of a column.
    where : callable
        Words the place of a row for messages.
    """

    label: str
    names: tuple[str, ...]
    rows: int
    missing: Missing
    text_columns: frozenset[str]
    column: Callable[[str], Cells] = field(repr=False)
    where: Callable[[int], str] = field(default=in_row, repr=False)

    def read(self, kinds: Mapping[str, Kind]) -> Body:
        """Read columns as numbers or text; see ``RawTable.read`` and ``repro.tables.cells``."""
        if not self.rows:
            raise no_rows(self.label)
        columns: dict[str, Array] = {}
        refusals: dict[str, CellsError] = {}
        for name, kind in kinds.items():
            cells, marks = self.column(name), Marks.of(markers_of(self.missing, name))
            try:
                if kind == "text":
                    columns[name] = to_texts(cells, marks)
                else:
                    columns[name] = to_numbers(cells, marks, self.where)
            except CellsError as error:
                refusals[name] = error
        if refusals:
            infinite = [name for name, error in refusals.items() if _is_infinite(name, error, self)]
            sentences = {name: str(error) for name, error in refusals.items()}
            raise RefusedColumnsError(self.label, sentences, infinite)
        return Body(self.rows, columns)

    def frame(self, names: Sequence[str]) -> pd.DataFrame:
        """Return columns as they are, for whoever knows more of them than their role."""
        return pd.DataFrame({name: _series(self.column(name)) for name in names})

    def place(self, row: int) -> str:
        """Return ``row <n>``, counted from 0 as in predictions, or as the file does."""
        return self.where(row)


def _series(cells: Cells) -> pd.Series[Any]:
    if cells.values.dtype.kind in "iu" and cells.absent.any():
        # NumPy has no whole number that is missing.
        values = cells.values.astype(object)
        values[cells.absent] = None
        return pd.Series(values, dtype=object)
    return pd.Series(cells.values, dtype=cells.values.dtype)


def _is_infinite(name: str, error: CellsError, table: TypedTable) -> bool:
    return error.faults == {Fault.NOT_FINITE} and name not in table.text_columns
