"""Comma-separated text (RFC 4180) and its dialects, read strictly and in one pass.

The standard library's parser splits the rows, 512 at a time, and every batch is converted while it
is still in the processor's cache: twice as fast as to split everything first, and the text of
numbers never piles up. Unlike pandas, it notices short rows. A number is what Python's ``float``
makes of ASCII text without underscores, if that is finite; ``nan``, ``inf`` and ``1_000`` are text.
In a dialect with other marks, a number is what they spell (``tables.notation``), and nothing else.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from repro.config.tables import Dialect
from repro.core.errors import DataError
from repro.datasets.formats.csv_plain import read_plain
from repro.datasets.formats.csv_rows import BOM, CsvRows, check_encoding
from repro.datasets.formats.interface import Body, RefusedColumnsError, no_rows
from repro.tables.cells import text_number
from repro.tables.marks import Marks, markers_of
from repro.tables.notation import Notation
from repro.tables.numbers import EXACT, Fault, Refusals, fault_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from repro.datasets.formats.interface import Array, Kind
    from repro.tables.marks import Missing

_BATCH = 512
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
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
        In the encoding of the dialect.
    missing : collection of str, or dict of str to collection of str
        The cells that mean a missing value: of all columns, or by column.
    dialect : Dialect
    """

    label: str
    names: tuple[str, ...]
    content: bytes = field(repr=False)
    missing: Missing
    dialect: Dialect = field(default_factory=Dialect)

    @classmethod
    def open(
        cls, label: str, content: bytes, missing: Missing, dialect: Dialect | None = None
    ) -> CsvTable:
        """Check the encoding and read the header.

        Raises
        ------
        DataError
            If the file is empty, is not text of the encoding, or has no header.
        """
        dialect = dialect or Dialect()
        if not content.removeprefix(BOM):
            raise DataError(f"{label}: is empty", advice="export the data again, with a header")
        check_encoding(label, content, dialect.encoding)
        rows = CsvRows(content, dialect)
        line = rows.line + 1
        try:
            header = next(rows, None)
        except csv.Error as error:
            raise malformed(label, line, error) from error
        if header is None:
            raise DataError(
                f"{label}: no line is left for the header",
                advice="correct 'skip_rows' or 'comment' of the dialect",
            )
        if not header:
            raise DataError(
                f"{label}: line {rows.line} is empty", advice="begin with the column names"
            )
        return cls(label, tuple(header), content, missing, dialect)

    @property
    def text_columns(self) -> frozenset[str]:
        """None: a cell of a CSV file has no type."""
        return frozenset()

    def read(self, kinds: Mapping[str, Kind]) -> Body:
        """Read columns as numbers or text; see ``RawTable.read``."""
        plain = read_plain(self.content, self.names, kinds, self.missing, self.dialect)
        if plain is not None:
            return Body(len(next(iter(plain.values()))), plain)
        columns = {name: self._builder(name, kind) for name, kind in kinds.items()}
        wanted = [(self.names.index(name), column) for name, column in columns.items()]
        rows = 0
        for batch in self.batches():
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
        rows = CsvRows(self.content, self.dialect)
        rows.batch(row + 1)
        next(rows, None)
        return f"line {rows.began}"

    def batches(self) -> Iterator[list[list[str]]]:
        """Yield rows, some at a time.

        Raises
        ------
        DataError
            If a row is too short or too long, or its quotes do not match.
        """
        reader, width, done = CsvRows(self.content, self.dialect), {len(self.names)}, 0
        next(reader)
        try:
            while batch := reader.batch(_BATCH):
                if set(map(len, batch)) != width:
                    raise self._ragged(done, batch)
                yield batch
                done += len(batch)
        except csv.Error as error:
            line = _line_of_error(self.content, self.dialect)
            raise malformed(self.label, line, error) from error

    def _builder(self, name: str, kind: Kind) -> _Numbers | _Texts:
        missing = markers_of(self.missing, name)
        if kind == "text":
            return _Texts(missing)
        notation = Notation(self.dialect.decimal, self.dialect.thousands)
        return _Numbers(missing) if notation.is_plain else _Spelled(missing, notation)

    def _ragged(self, done: int, batch: Sequence[Sequence[str]]) -> DataError:
        expected = len(self.names)
        offset, found = next((i, len(row)) for i, row in enumerate(batch) if len(row) != expected)
        what = f"expected {expected} fields, found {found}" if found else "is empty"
        mark = _DELIMITERS.get(self.dialect.delimiter, "delimiter")
        advice = f"put a cell that holds a {mark} in double quotes"
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


class _Spelled(_Numbers):
    """Builds a numeric column from numbers in the marks of a dialect."""

    def __init__(self, missing: frozenset[str], notation: Notation) -> None:
        super().__init__(missing)
        self._notation = notation

    def extend(self, cells: Sequence[str]) -> None:
        values = np.full(len(cells), np.nan)
        for offset, cell in enumerate(cells):
            outcome = self._number(cell)
            if isinstance(outcome, Fault):
                self.refusals.add(outcome, self._rows + offset, repr(cell))
            else:
                values[offset] = outcome
        self._parts.append(values)
        self._rows += len(cells)

    def _number(self, cell: str) -> float | Fault:
        # A marker is compared as it stands in the file.
        if cell in self._marks.texts:
            return math.nan
        plain = self._notation.plain(cell)
        return Fault.NOT_FINITE if plain is None else text_number(plain, self._marks)


class _Texts:
    """Builds one text column, in which equal cells are one object: categories repeat."""

    def __init__(self, missing: frozenset[str]) -> None:
        self._known: dict[str, str | None] = dict.fromkeys(missing)
        self._cells: list[str | None] = []

    def extend(self, cells: Sequence[str]) -> None:
        self._cells.extend(map(self._known.setdefault, cells, cells))

    def values(self) -> Array:
        return np.array(self._cells, dtype=object)


def _line_of_error(content: bytes, dialect: Dialect) -> int:
    reader = CsvRows(content, dialect)
    line = reader.line
    try:
        for _ in reader:
            line = reader.line
    except csv.Error:
        pass
    return line + 1


def malformed(label: str, line: int, error: csv.Error) -> DataError:
    """Return the error of a row that the parser of the standard library refuses."""
    return DataError(
        f"{label}: the row that begins on line {line}: {error}",
        advice="close every double quote, and double those inside a quoted cell",
    )
