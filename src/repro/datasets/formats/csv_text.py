"""Comma-separated text (RFC 4180), read strictly and in one pass.

The standard library's parser splits the rows, 512 at a time, and every batch is converted while it
is still in the processor's cache: twice as fast as to split everything first, and the text of
numbers never piles up. Unlike pandas, it notices short rows. A number is what Python's ``float``
makes of ASCII text without underscores, if that is finite; ``nan``, ``inf`` and ``1_000`` are text.
"""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from repro.core.cells import read_cells
from repro.core.errors import DataError
from repro.datasets.formats.interface import Body, RefusedColumnsError, no_rows
from repro.tables.cells import text_number
from repro.tables.marks import Marks
from repro.tables.numbers import EXACT, Fault, Refusals, fault_of

if TYPE_CHECKING:
    import _csv
    from collections.abc import Iterator, Mapping, Sequence

    from repro.datasets.formats.interface import Array, Kind

_BATCH = 512
_BOM = b"\xef\xbb\xbf"
# May find too much, such as an exponent of two digits: each cell is then looked at.
_LEADING_ZERO = re.compile(r",[ +-]*0[0-9]")


@dataclass(frozen=True)
class CsvTable:
    """A table in comma-separated text.

    Attributes
    ----------
    label : str
    names : tuple of str
    content : bytes
        UTF-8, with or without a byte-order mark.
    missing : frozenset of str
        The cells that mean a missing value.
    """

    label: str
    names: tuple[str, ...]
    content: bytes = field(repr=False)
    missing: frozenset[str]

    @classmethod
    def open(cls, label: str, content: bytes, missing: frozenset[str]) -> CsvTable:
        """Check the encoding and read the header.

        Raises
        ------
        DataError
            If the file is empty, is not UTF-8 text, or has no header.
        """
        if not content.removeprefix(_BOM):
            raise DataError(f"{label}: is empty", advice="export the data again, with a header")
        _check_encoding(label, content)
        try:
            header = next(_reader(content))
        except csv.Error as error:
            raise _malformed(label, 1, error) from error
        if not header:
            raise DataError(f"{label}: line 1 is empty", advice="begin with the column names")
        return cls(label, tuple(header), content, missing)

    @property
    def text_columns(self) -> frozenset[str]:
        """None: a cell of a CSV file has no type."""
        return frozenset()

    def read(self, kinds: Mapping[str, Kind]) -> Body:
        """Read columns as numbers or text; see ``RawTable.read``."""
        columns = {name: _BUILDERS[kind](self.missing) for name, kind in kinds.items()}
        wanted = [(self.names.index(name), column) for name, column in columns.items()]
        rows = 0
        for batch in self._batches():
            cells = list(zip(*batch, strict=True))
            for position, column in wanted:
                column.extend(cells[position])
            rows += len(batch)
        if not rows:
            raise no_rows(self.label)
        self._check_refused(columns)
        return Body(rows, {name: column.values() for name, column in columns.items()})

    def place(self, row: int) -> str:
        """Return ``line <n>``, counted from 1 with the header; a quoted cell may span lines."""
        reader = _reader(self.content)
        next(islice(reader, row, None))
        return f"line {reader.line_num + 1}"

    def _batches(self) -> Iterator[list[list[str]]]:
        reader, width, done = _reader(self.content), {len(self.names)}, 0
        next(reader)
        try:
            while batch := list(islice(reader, _BATCH)):
                if set(map(len, batch)) != width:
                    raise self._ragged(done, batch)
                yield batch
                done += len(batch)
        except csv.Error as error:
            raise _malformed(self.label, _line_of_error(self.content), error) from error

    def _ragged(self, done: int, batch: Sequence[Sequence[str]]) -> DataError:
        expected = len(self.names)
        offset, found = next((i, len(row)) for i, row in enumerate(batch) if len(row) != expected)
        what = f"expected {expected} fields, found {found}" if found else "is empty"
        advice = "put a cell that holds a comma in double quotes"
        if found < expected:
            advice = "complete or remove the row; missing cells are not filled in"
        return DataError(f"{self.label}: {self.place(done + offset)}: {what}", advice=advice)

    def _check_refused(self, columns: Mapping[str, _Numbers | _Texts]) -> None:
        found = {
            name: column.refusals
            for name, column in columns.items()
            if isinstance(column, _Numbers) and column.refusals.counts
        }
        if found:
            sentences = {name: refusals.sentence(self.place) for name, refusals in found.items()}
            raise RefusedColumnsError(self.label, sentences)


def is_number(cell: str) -> bool:
    """Return whether a cell is a number; see ``repro.tables.numbers.fault_of``.

    Examples
    --------
    >>> [is_number(cell) for cell in ("-1.5e3", ".5", "1_000", "nan", "1e999", "")]
    [True, True, False, False, False, False]
    """
    return fault_of(cell) is None


class _Numbers:
    """Builds one numeric column and remembers what it had to refuse."""

    def __init__(self, missing: frozenset[str]) -> None:
        self._marks = Marks.of(missing)
        self._parts: list[Array] = []
        self._rows = 0
        self.refusals = Refusals()

    def extend(self, cells: Sequence[str]) -> None:
        try:
            values = self._quick(cells)
        except ValueError:
            values = self._careful(cells)
        self._parts.append(values)
        self._rows += len(cells)

    def values(self) -> Array:
        return np.concatenate(self._parts)

    def _quick(self, cells: Sequence[str]) -> Array:
        """Convert a batch, and leave it to the careful way if any cell may not be a number."""
        absent, missing = 0, self._marks.texts
        if missing.isdisjoint(cells):
            values = np.fromiter(map(float, cells), np.float64, len(cells))
        else:
            absent = sum(map(missing.__contains__, cells))
            numbers = (math.nan if cell in missing else float(cell) for cell in cells)
            values = np.fromiter(numbers, np.float64, len(cells))
        if _needs_care(cells) or len(cells) - (np.abs(values) < EXACT).sum() > absent:
            raise ValueError
        for number in self._marks.numbers:
            values[values == number] = np.nan
        return values

    def _careful(self, cells: Sequence[str]) -> Array:
        values = np.full(len(cells), np.nan)
        for offset, cell in enumerate(cells):
            outcome = text_number(cell, self._marks)
            if isinstance(outcome, Fault):
                self.refusals.add(outcome, self._rows + offset, repr(cell))
            else:
                values[offset] = outcome
        return values


def _needs_care(cells: Sequence[str]) -> bool:
    joined = ",".join(("", *cells))
    return not joined.isascii() or "_" in joined or _LEADING_ZERO.search(joined) is not None


class _Texts:
    """Builds one text column, in which equal cells are one object: categories repeat."""

    def __init__(self, missing: frozenset[str]) -> None:
        self._known: dict[str, str | None] = dict.fromkeys(missing)
        self._cells: list[str | None] = []

    def extend(self, cells: Sequence[str]) -> None:
        self._cells.extend(map(self._known.setdefault, cells, cells))

    def values(self) -> Array:
        return np.array(self._cells, dtype=object)


_BUILDERS: Mapping[Kind, type[_Numbers | _Texts]] = {"number": _Numbers, "text": _Texts}


def _reader(content: bytes) -> _csv.Reader:
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    return read_cells(text)


def _check_encoding(label: str, content: bytes) -> None:
    advice = "save the file as UTF-8"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"not UTF-8 at byte {error.start}"
        raise DataError(f"{label}: {what}", advice=advice) from error
    zero = content.find(b"\0")
    if zero >= 0:
        raise DataError(f"{label}: not text: a zero byte at byte {zero}", advice=advice)


def _line_of_error(content: bytes) -> int:
    reader, line = _reader(content), 0
    try:
        for _ in reader:
            line = reader.line_num
    except csv.Error:
        pass
    return line + 1


def _malformed(label: str, line: int, error: csv.Error) -> DataError:
    return DataError(
        f"{label}: the row that begins on line {line}: {error}",
        advice="close every double quote, and double those inside a quoted cell",
    )
