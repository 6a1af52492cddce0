"""Formats of tables: one module per format, all giving a ``RawTable``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from repro.core.errors import ConfigError
from repro.datasets.formats.csv_text import CsvTable
from repro.datasets.formats.parquet import open_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from repro.datasets.formats.interface import RawTable

Format = Literal["csv", "parquet"]

_FORMATS: Mapping[Format, Callable[[str, bytes, frozenset[str]], RawTable]] = {
    "csv": CsvTable.open,
    "parquet": open_parquet,
}


def open_table(form: Format, label: str, content: bytes, missing: tuple[str, ...]) -> RawTable:
    """Open a table that lies in memory.

    Parameters
    ----------
    form : {"csv", "parquet"}
    label : str
        The name of the file in messages.
    content : bytes
    missing : tuple of str
        The text that means a missing value.

    Raises
    ------
    DataError
        If the bytes are not of the format.
    PreconditionError
        If the format needs a package that is not installed.
    """
    return _FORMATS[form](label, content, frozenset(missing))


def format_of(name: str) -> Format:
    """Return the format that a file's name ends in.

    Raises
    ------
    ConfigError
        If the format is unknown.
    """
    for form in _FORMATS:
        if name.lower().endswith(f".{form}"):
            return form
    raise ConfigError(
        f"{name}: not a known format", advice="name a file that ends in .csv or .parquet"
    )
