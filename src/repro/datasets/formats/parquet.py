"""Apache Parquet, by the ``parquet`` extra."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.core.errors import DataError, PreconditionError
from repro.datasets.formats.typed import TypedTable
from repro.tables.cells import Cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.tables.marks import Missing


def open_parquet(label: str, content: bytes, missing: Missing) -> TypedTable:
    """Read the names and types of columns; values follow when they are asked for.

    Raises
    ------
    PreconditionError
        If pyarrow is not installed.
    DataError
        If the bytes are not a Parquet file.
    """
    pa, pq = _packages(label)
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        names, rows = tuple(file.schema_arrow.names), int(file.metadata.num_rows)
    # The name of a column may not be UTF-8.
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _malformed(label, error) from error

    def column(name: str) -> Cells:
        """Read one column of the file."""
        try:
            table = file.read(columns=[name])
            return _cells(pa, table.column(name))
        # Dates that Python has not, and text that is not UTF-8, are found when they are converted.
        except (pa.ArrowException, OSError, OverflowError, ValueError) as error:
            raise _malformed(label, error) from error

    texts = frozenset(_text_columns(pa, file.schema_arrow))
    return TypedTable(label, names, rows, missing, texts, column)


def _packages(label: str) -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415  # an extra, and slow to import
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise PreconditionError(
            f"{label}: reading Parquet needs pyarrow, which is not installed",
            advice="pip install -e '.[parquet]', in the project's environment",
        ) from error
    return pa, pq


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


def _malformed(label: str, error: Exception) -> DataError:
    first = str(error).partition("\n")[0]
    return DataError(f"{label}: not a readable Parquet file: {first}", advice="export it again")
