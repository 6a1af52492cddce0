"""Apache Parquet, by the ``parquet`` extra."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from repro.core.errors import DataError, PreconditionError
from repro.datasets.formats.typed import TypedTable

if TYPE_CHECKING:
    from repro.datasets.formats.interface import Array, Kind


def open_parquet(label: str, content: bytes, missing: frozenset[str]) -> TypedTable:
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
    except (pa.ArrowException, OSError) as error:
        raise _malformed(label, error) from error

    def column(name: str, kind: Kind) -> Array:
        try:
            table = file.read(columns=[name])
            return _array(pa, table.column(name), kind)
        except (pa.ArrowException, OSError) as error:
            raise _malformed(label, error) from error

    return TypedTable(label, names, rows, missing, column)


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


def _array(pa: Any, column: Any, kind: Kind) -> Array:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    # Arrow makes floats of whole numbers with nulls, and those have no one spelling as text.
    if kind == "text" and pa.types.is_integer(column.type):
        column = column.cast(pa.string())
    array: Array = column.to_numpy()
    return array


def _malformed(label: str, error: Exception) -> DataError:
    first = str(error).partition("\n")[0]
    return DataError(f"{label}: not a readable Parquet file: {first}", advice="export it again")
