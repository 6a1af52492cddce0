"""Apache Parquet, by the ``parquet`` extra."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from repro.datasets.formats.arrow import arrow_package, arrow_table, malformed

if TYPE_CHECKING:
    from repro.datasets.formats.typed import TypedTable
    from repro.tables.marks import Missing

_FORM = "Parquet"


def open_parquet(label: str, content: bytes, missing: Missing) -> TypedTable:
    """Read the names and types of columns; values follow when they are asked for.

    Raises
    ------
    PreconditionError
        If pyarrow is not installed.
    DataError
        If the bytes are not a Parquet file.
    """
    pa = arrow_package(label, _FORM)
    import pyarrow.parquet as pq  # noqa: PLC0415  # an extra, and slow to import

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        schema, rows = file.schema_arrow, int(file.metadata.num_rows)
        # The name of a column may not be UTF-8.
        tuple(schema.names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise malformed(label, _FORM, error) from error

    def read(name: str) -> Any:
        """Read one column of the file."""
        return file.read(columns=[name]).column(name)

    return arrow_table(label, _FORM, schema, rows, missing, read)
