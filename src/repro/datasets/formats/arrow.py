"""Columns of Apache Arrow, whatever kind of file they were read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from repro.core.errors import DataError, PreconditionError
from repro.datasets.formats.typed import TypedTable
from repro.tables.cells import Cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from repro.tables.marks import Missing


def arrow_package(label: str, form: str) -> Any:
    """Import pyarrow.

    Raises
    ------
    PreconditionError
        If it is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  # an extra, and slow to import
    except ImportError as error:
        raise PreconditionError(
            f"{label}: reading {form} needs pyarrow, which is not installed",
            advice="pip install -e '.[parquet]', in the project's environment",
        ) from error
    return pa


def arrow_table(
    label: str, form: str, schema: Any, rows: int, missing: Missing, read: Callable[[str], Any]
) -> TypedTable:
    """Return the table of an Arrow schema; values follow when they are asked for.

    Parameters
    ----------
    label : str
    form : str
        The format in messages.
    schema : pyarrow.Schema
    rows : int
    missing : collection of str, or dict of str to collection of str
    read : callable
        Returns a column by its name, as a ``pyarrow.ChunkedArray``.
    """
    pa = arrow_package(label, form)

    def column(name: str) -> Cells:
        """Read one column of the file."""
        try:
            return _cells(pa, read(name))
        # Dates that Python has not, and text that is not UTF-8, are found when they are converted.
        except (pa.ArrowException, OSError, OverflowError, ValueError) as error:
            raise malformed(label, form, error) from error

    texts = frozenset(_text_columns(pa, schema))
    return TypedTable(label, tuple(schema.names), rows, missing, texts, column)


def malformed(label: str, form: str, error: Exception) -> DataError:
    """Return the error of bytes that are not of the format."""
    first = str(error).partition("\n")[0]
    return DataError(f"{label}: not a readable {form} file: {first}", advice="export it again")


def _text_columns(pa: Any, schema: Any) -> Iterator[str]:
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    for field in schema:
        kind = field.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if any(test(kind) for test in texts):
            yield field.name


def _cells(pa: Any, column: Any) -> Cells:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_integer(column.type):
        # Arrow makes floats of whole numbers with nulls, and those lose digits.
        absent = column.is_null().to_numpy()
        return Cells(column.fill_null(0).to_numpy(), np.asarray(absent, dtype=bool))
    if pa.types.is_date(column.type):
        # NumPy would make a time of a date.
        return Cells.of_array(np.array(column.to_pylist(), dtype=object))
    return Cells.of_array(column.to_numpy())
