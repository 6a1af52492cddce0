"""A table whose columns have other names than in its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.core.errors import DataError
from repro.datasets.formats.interface import Body, RefusedColumnsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.datasets.formats.interface import Kind, RawTable


@dataclass(frozen=True)
class RenamedTable:
    """Some columns of a table, under names of their own.

    Attributes
    ----------
    table : RawTable
    columns : dict of str to str
        The column of the table, by its new name, in the order of the new table.
    """

    table: RawTable
    columns: Mapping[str, str]

    @property
    def label(self) -> str:
        """The name of the file in messages."""
        return self.table.label

    @property
    def names(self) -> tuple[str, ...]:
        """The new names."""
        return tuple(self.columns)

    @property
    def text_columns(self) -> frozenset[str]:
        """The columns whose type is text."""
        texts = self.table.text_columns
        return frozenset(name for name, column in self.columns.items() if column in texts)

    def read(self, kinds: Mapping[str, Kind]) -> Body:
        """Read columns as numbers or text; see ``RawTable.read``."""
        try:
            body = self.table.read({self.columns[name]: kind for name, kind in kinds.items()})
        except RefusedColumnsError as error:
            names = {column: name for name, column in self.columns.items()}
            refusals = {names[column]: what for column, what in error.refusals.items()}
            infinite = [names[column] for column in error.infinite]
            raise RefusedColumnsError(self.label, refusals, infinite) from error
        return Body(body.rows, {name: body.columns[self.columns[name]] for name in kinds})

    def place(self, row: int) -> str:
        """Say where a row is, in the words of the file's format."""
        return self.table.place(row)


def renamed(table: RawTable, columns: Mapping[str, str], where: str) -> RawTable:
    """Give columns of a table new names; all others are left out.

    Parameters
    ----------
    where : str
        The name of the file that says so.

    Raises
    ------
    DataError
        If the table has no such column.
    """
    for name, column in columns.items():
        if column not in table.names:
            raise DataError(
                f"{where}: the field '{name}' is of the column '{column}', which {table.label}"
                " does not have",
                advice="get the file and its description from the same release",
            )
    return RenamedTable(table, columns)
