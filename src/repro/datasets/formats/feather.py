"""Apache Arrow's own file and stream, which Feather is the name of, by the ``parquet`` extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.datasets.formats.arrow import arrow_package, arrow_table, malformed

if TYPE_CHECKING:
    from repro.datasets.formats.typed import TypedTable
    from repro.tables.marks import Missing

_FORM = "Arrow"
_FILE = b"ARROW1"


def open_feather(label: str, content: bytes, missing: Missing) -> TypedTable:
    """Read an Arrow file (Feather) or stream.

    Raises
    ------
    PreconditionError
        If pyarrow is not installed.
    DataError
        If the bytes are neither.
    """
    pa = arrow_package(label, _FORM)
    from pyarrow import ipc  # noqa: PLC0415  # an extra, and slow to import

    try:
        opened = ipc.open_file if content.startswith(_FILE) else ipc.open_stream
        table = opened(pa.BufferReader(content)).read_all()
        # What a damaged file claims is found before anything is made of it.
        table.validate(full=True)
        tuple(table.schema.names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise malformed(label, _FORM, error) from error

    def read(name: str) -> Any:
        """Return one column of the file."""
        return table.column(name)

    return arrow_table(label, _FORM, table.schema, int(table.num_rows), missing, read)
