"""Columns that already have a type, read as numbers or text without losing anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from repro.datasets.formats.interface import Body, RefusedColumnsError, no_rows, not_finite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from repro.datasets.formats.interface import Array, Kind

_NOTHING = type(None)


class _NotOfKindError(Exception):
    """A column is not of the kind that was asked for; the message says what it is."""


@dataclass(frozen=True)
class TypedTable:
    """A table whose columns are arrays.

    Attributes
    ----------
    label : str
    names : tuple of str
    rows : int
    missing : frozenset of str
        The text that means a missing value, besides None and NaN.
    column : callable
        Returns the array of a column, given the kind that is asked for.
    """

    label: str
    names: tuple[str, ...]
    rows: int
    missing: frozenset[str]
    column: Callable[[str, Kind], Array] = field(repr=False)

    def read(self, kinds: Mapping[str, Kind]) -> Body:
        """Read columns as numbers or text; see ``RawTable.read``.

        Booleans are the numbers 0 and 1, or the text ``False`` and ``True``; whole numbers may be
        text. Other numbers are not text, for they have no one spelling.
        """
        if not self.rows:
            raise no_rows(self.label)
        columns: dict[str, Array] = {}
        refusals: dict[str, str] = {}
        for name, kind in kinds.items():
            try:
                columns[name] = self._read(self.column(name, kind), kind)
            except _NotOfKindError as error:
                refusals[name] = str(error)
        if refusals:
            raise RefusedColumnsError(self.label, refusals)
        return Body(self.rows, columns)

    def place(self, row: int) -> str:
        """Return ``row <n>``, counted from 0 as in the predictions of a run."""
        return f"row {row}"

    def _read(self, values: Array, kind: Kind) -> Array:
        return self._texts(values) if kind == "text" else self._numbers(values)

    def _numbers(self, values: Array) -> Array:
        booleans = values.dtype.kind == "O" and set(map(type, values)) <= {bool, _NOTHING}
        if not booleans and values.dtype.kind not in "biuf":
            raise _NotOfKindError(f"expected numbers, found {_described(values)}")
        numbers = values.astype(np.float64)
        infinite = np.flatnonzero(np.isinf(numbers))
        if infinite.size:
            shown, place = str(numbers[infinite[0]]), self.place(int(infinite[0]))
            raise _NotOfKindError(not_finite(infinite.size, shown, place))
        numbers[np.isnan(numbers)] = np.nan  # one bit pattern for missing, whatever the file had
        return numbers

    def _texts(self, values: Array) -> Array:
        if values.dtype.kind in "biu":
            return values.astype(str).astype(object)
        if values.dtype.kind != "O" or not set(map(type, values)) <= {str, bool, _NOTHING}:
            raise _NotOfKindError(f"expected text, found {_described(values)}")
        texts = [None if v is None or v in self.missing else str(v) for v in values]
        return np.array(texts, dtype=object)


def _described(values: Array) -> str:
    if values.dtype.kind != "O":
        return f"{values.dtype} values"
    kinds = {"text" if kind is str else kind.__name__ for kind in set(map(type, values))}
    return " and ".join(sorted(kinds - {"NoneType"})) + " values"
