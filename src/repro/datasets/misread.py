"""A later file that is not written as the data set is declared: what differs, in a sentence."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from repro.config.tables import Dialect
from repro.core.errors import DataError
from repro.datasets.formats.csv_text import CsvTable
from repro.datasets.guessing.dialect import guess_dialect
from repro.datasets.guessing.notation import guess_notation

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = ("encoding", "delimiter", "decimal", "thousands", "quote", "comment", "skip_rows")
_UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")


@contextmanager
def naming_the_dialect(label: str, content: bytes, declared: Dialect | None) -> Iterator[None]:
    """Read CSV text as it is declared; if that fails, advise by what the text looks like.

    The reading itself guesses nothing.

    Parameters
    ----------
    label : str
        The name of the file.
    content : bytes
    declared : Dialect or None
        None is the standard one.

    Warns
    -----
    UserWarning
        If text that is UTF-8 is read in an encoding that reads any bytes.
    """
    dialect = declared or Dialect()
    if dialect.encoding not in _UNICODE and not content.isascii() and _is_utf8(content):
        warnings.warn(
            f"{label}: is UTF-8, and is read as {dialect.encoding}, which the data set declares:"
            f" save the file as {dialect.encoding}",
            UserWarning,
            stacklevel=3,
        )
    try:
        yield
    except DataError as error:
        if isinstance(error.__cause__, UnicodeError):
            error.advice = f"save the file as the run's data set is declared: {dialect.encoding}"
        if found := _differences(label, content, dialect):
            error.advice = f"save the file as the run's data set is declared: {'; '.join(found)}"
        raise


def _differences(label: str, content: bytes, declared: Dialect) -> list[str]:
    """Return the keys of the dialect in which a file seems to differ from the declaration."""
    try:
        found, _ = guess_dialect(label, content, {})
        if found.delimiter == declared.delimiter:
            found, _ = guess_notation([CsvTable.open(label, content, (), found)], {})
    except DataError:
        return []
    pairs = ((key, getattr(declared, key), getattr(found, key)) for key in _KEYS)
    return [
        f"{key} {expected!r}, and this file seems to have {actual!r}"
        for key, expected, actual in pairs
        if expected != actual and not _same_text(key, content, actual)
    ]


def _same_text(key: str, content: bytes, encoding: object) -> bool:
    """Return whether an encoding is no difference, since the text has ASCII alone."""
    return key == "encoding" and content.isascii() and not str(encoding).startswith("utf-16")


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
