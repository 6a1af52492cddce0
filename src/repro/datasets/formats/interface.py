"""The interface of a format: the names of columns, then the requested columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from repro.core.errors import DataError
from repro.tables.cells import Array, Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["Array", "Body", "Kind", "RawTable", "RefusedColumnsError", "no_rows"]


@dataclass(frozen=True, eq=False)
class Body:
    """The columns that were asked for.

    Attributes
    ----------
    rows : int
        At least one.
    columns : dict of str to ndarray of shape (rows,)
        Numbers are float64, NaN where missing and never infinite; text is object, None where
        missing.
    """

    rows: int
    columns: Mapping[str, Array]


class RawTable(Protocol):
    """A table in a file: named columns, not yet typed."""

    @property
    def label(self) -> str:
        """The name of the file in messages."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns in the file's order; duplicates and empty names are still possible."""

    @property
    def text_columns(self) -> frozenset[str]:
        """The columns whose type is text, in which digits are a name until a role says more."""

    def read(self, kinds: Mapping[str, Kind]) -> Body:
        """Read columns as numbers or text.

        Raises
        ------
        RefusedColumnsError
            If a column is not of its kind.
        DataError
            If the file is malformed or has no rows.
        """

    def place(self, row: int) -> str:
        """Say where a row is, counted from 0 below the header, in the words of the format."""


class RefusedColumnsError(DataError):
    """Columns that are not of the kind that was asked for.

    Parameters
    ----------
    label : str
        The name of the file.
    refusals : dict of str to str
        For each column, what was found, where, and how often.
    infinite : collection of str
        Columns of a numeric type that are refused as numbers for their infinities alone.
    """

    def __init__(
        self, label: str, refusals: Mapping[str, str], infinite: Collection[str] = ()
    ) -> None:
        self.infinite = frozenset(infinite)
        self.refusals = dict(refusals)
        sentences = [f"{label}: column '{name}': {what}" for name, what in refusals.items()]
        super().__init__(
            "\n".join(sentences),
            advice="correct the values, list such a mark under 'missing', or give the column "
            "a different role in configs/datasets.yaml",
        )


def no_rows(label: str) -> DataError:
    """Return the error of a file that has columns and nothing in them."""
    return DataError(f"{label}: has columns but no rows", advice="export the data again")
