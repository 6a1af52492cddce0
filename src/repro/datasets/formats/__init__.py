"""Formats of tables: one module per format, all giving a ``RawTable``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.config.tables import Format
from repro.core.errors import ConfigError
from repro.datasets.formats.csv_text import CsvTable
from repro.datasets.formats.excel import open_excel
from repro.datasets.formats.feather import open_feather
from repro.datasets.formats.parquet import open_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from repro.config.tables import Layout
    from repro.datasets.formats.interface import RawTable
    from repro.tables.marks import Missing

__all__ = ["Format", "format_of", "open_table"]

_FORMATS: Mapping[Format, Callable[..., RawTable]] = {
    "csv": CsvTable.open,
    "parquet": open_parquet,
    "feather": open_feather,
    "excel": open_excel,
}
_ENDINGS: Mapping[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".feather": "feather",
    ".arrow": "feather",
    ".xlsx": "excel",
    ".xlsm": "excel",
}


def open_table(
    form: Format, label: str, content: bytes, missing: Missing, layout: Layout = None
) -> RawTable:
    """Open a table that lies in memory.

    Parameters
    ----------
    form : {"csv", "parquet", "feather", "excel"}
    label : str
        The name of the file in messages.
    content : bytes
    missing : collection of str, or dict of str to collection of str
        The text that means a missing value: of all columns, or by column.
    layout : Dialect or Workbook, optional
        How the table is written, where that is not the standard of the format.

    Raises
    ------
    DataError
        If the bytes are not of the format.
    PreconditionError
        If the format needs a package that is not installed.
    """
    # Only formats for which something can be declared are given it.
    return _FORMATS[form](label, content, missing, *([] if layout is None else [layout]))


def format_of(name: str) -> Format:
    """Return the format that a file's name ends in.

    Raises
    ------
    ConfigError
        If the format is unknown.
    """
    for ending, form in _ENDINGS.items():
        if name.lower().endswith(ending):
            return form
    *others, last = _ENDINGS
    raise ConfigError(
        f"{name}: not a known format",
        advice=f"name a file that ends in {', '.join(others)} or {last}",
    )
