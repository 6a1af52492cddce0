"""Excel workbooks, by the ``excel`` extra: one sheet, with the column names in one row.

The values are those that Excel computed and stored. A formula without one is an error: nothing is
computed while reading.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.config.tables import Workbook
from repro.core.errors import ConfigError, DataError, PreconditionError
from repro.core.suggest import did_you_mean
from repro.datasets.formats.typed import TypedTable
from repro.tables.cells import Cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.datasets.formats.interface import Array
    from repro.tables.marks import Missing

# A sheet of a million rows takes a few hundred megabytes; an archive made to fill memory far more.
_LARGEST = 4 << 30
_MIDNIGHT = time()


@dataclass(frozen=True)
class Sheet:
    """The cells of one sheet, without empty columns and rows at its end.

    Attributes
    ----------
    name : str
    others : tuple of str
        All sheets of the workbook.
    rows : list of tuple
    """

    name: str
    others: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


def open_excel(
    label: str, content: bytes, missing: Missing, workbook: Workbook | None = None
) -> TypedTable:
    """Read a sheet.

    Raises
    ------
    PreconditionError
        If openpyxl is not installed.
    ConfigError
        If the workbook has no such sheet.
    DataError
        If the bytes are not a workbook, a row in the middle is empty, or a formula has no value.
    """
    workbook = workbook or Workbook()
    sheet = read_sheet(label, content, workbook.sheet)
    header, *rows = sheet.rows[workbook.header_row - 1 :] or [()]
    where = f"{label}: sheet '{sheet.name}'"
    if not any(value is not None for value in header):
        raise DataError(
            f"{where}: row {workbook.header_row} is empty",
            advice="declare the row of the column names: workbook: {header_row: N} under 'source'",
        )
    for number, row in enumerate(rows, start=workbook.header_row + 1):
        if all(value is None for value in row):
            raise DataError(f"{where}: row {number} is empty", advice="remove the row")
    names = tuple("" if value is None else str(value) for value in header)
    columns = [_column([row[place] for row in rows]) for place in range(len(names))]
    texts = frozenset(
        name for name, cells in zip(names, columns, strict=True) if _is_text(cells.values)
    )
    first = workbook.header_row + 1
    return TypedTable(
        label,
        names,
        len(rows),
        missing,
        texts,
        lambda name: columns[names.index(name)],
        lambda row: f"row {row + first} of sheet '{sheet.name}'",
    )


def read_sheet(label: str, content: bytes, name: str) -> Sheet:
    """Read one sheet, the first if no name is given.

    Raises
    ------
    ConfigError, DataError, PreconditionError
        As ``open_excel``.
    """
    book = _opened(label, content, values=True)
    names = tuple(book.sheetnames)
    if name and name not in names:
        raise ConfigError(f"{label}: no sheet '{name}'", advice=did_you_mean(name, names))
    if not names:
        raise DataError(f"{label}: has no sheet", advice="export the data again")
    name = name or names[0]
    rows = _rows(book[name])
    if not rows:
        raise DataError(f"{label}: sheet '{name}' is empty", advice="name a different sheet")
    _check_computed(label, content, name, rows)
    return Sheet(name, names, rows)


def _opened(label: str, content: bytes, *, values: bool) -> Any:
    try:
        import openpyxl  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise PreconditionError(
            f"{label}: reading Excel needs openpyxl, which is not installed",
            advice="pip install -e '.[excel]', in the project's environment",
        ) from error
    size = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size <= _LARGEST:
            return openpyxl.load_workbook(
                io.BytesIO(content), read_only=True, data_only=values, keep_links=False
            )
    # Damaged workbooks raise errors of zipfile, of the XML parser, and of everything between.
    except Exception as error:
        first = str(error).partition("\n")[0]
        raise DataError(
            f"{label}: not a readable Excel workbook: {first}",
            advice="save it as .xlsx again, or export the data as CSV",
        ) from error
    raise DataError(
        f"{label}: {size >> 30} GiB when unpacked, expected at most {_LARGEST >> 30}",
        advice="export the data as CSV or Parquet",
    )


def _rows(sheet: Any) -> list[tuple[Any, ...]]:
    # What a file claims of its size may be wrong, or a million formatted rows without a value.
    sheet.reset_dimensions()
    rows = [tuple(row) for row in sheet.iter_rows(values_only=True)]
    width = max((_length(row) for row in rows), default=0)
    height = max((i for i, row in enumerate(rows, start=1) if _length(row)), default=0)
    return [(*row[:width], *([None] * (width - len(row)))) for row in rows[:height]]


def _length(row: Sequence[Any]) -> int:
    return max((i for i, value in enumerate(row, start=1) if value is not None), default=0)


def _check_computed(label: str, content: bytes, name: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Refuse a formula whose value was never stored: it would read as missing."""
    if all(value is not None for row in rows for value in row):
        return
    formulas = _rows(_opened(label, content, values=False)[name])
    for number, (row, written) in enumerate(zip(rows, formulas, strict=False), start=1):
        for place, (value, formula) in enumerate(zip(row, written, strict=False), start=1):
            if value is None and formula is not None:
                raise DataError(
                    f"{label}: sheet '{name}': row {number}, column {place}: the formula {formula}"
                    " has no stored value",
                    advice="open the workbook in Excel, save it, and add it again",
                )


def _column(values: list[Any]) -> Cells:
    """Return the cells of a column in the narrowest type that keeps every value."""
    present = [value for value in values if value is not None]
    kinds = {type(value) for value in present}
    absent = np.array([value is None for value in values], dtype=bool)
    if kinds and kinds <= {int, float}:
        numbers = [0 if value is None else value for value in values]
        whole = kinds == {int} and all(abs(value) < 2**63 for value in present)
        return Cells(np.array(numbers, dtype=np.int64 if whole else np.float64), absent)
    if kinds == {datetime} and all(value.time() == _MIDNIGHT for value in present):
        # A day is stored as its midnight.
        values = [value if value is None else value.date() for value in values]
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return Cells(array, absent)


def _is_text(values: Array) -> bool:
    present = [value for value in values.tolist() if value is not None]
    return values.dtype == object and all(isinstance(value, str) for value in present)
