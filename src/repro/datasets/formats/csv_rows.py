"""The rows of CSV text in a dialect, and the line that each row ends on."""

from __future__ import annotations

import csv
import io
from itertools import islice
from typing import TYPE_CHECKING, Any

from repro.core.cells import read_cells
from repro.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.config.tables import Dialect

BOM = b"\xef\xbb\xbf"


class CsvRows:
    """An iterator over the rows of CSV text.

    Parameters
    ----------
    content : bytes
        Text of the dialect's encoding.
    dialect : Dialect

    Attributes
    ----------
    began : int
        The line that the last row begins on, counted from 1.
    """

    def __init__(self, content: bytes, dialect: Dialect) -> None:
        encoding = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
        lines: Iterator[str] = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
        self._before = sum(1 for _ in islice(lines, dialect.skip_rows))
        self._comment, self._comments = dialect.comment, 0
        # Within a quoted cell that spans lines, none of them is a comment.
        self._is_first = True
        self.began = self._before
        if self._comment:
            lines = self._without_comments(lines)
        self._reader = read_cells(lines, **quoting(dialect))

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        self._is_first = True
        # With comments, the line that the row begins on is known when it is read.
        self.began = self.line + 1
        return next(self._reader)

    @property
    def line(self) -> int:
        """The line that the last row ends on, counted from 1."""
        return self._reader.line_num + self._before + self._comments

    def batch(self, size: int) -> list[list[str]]:
        """Return the next rows, fewer than asked for at the end."""
        return list(islice(self if self._comment else self._reader, size))

    def _without_comments(self, lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            if self._is_first and line.startswith(self._comment):
                self._comments += 1
                continue
            if self._is_first:
                self._is_first, self.began = False, self.line + 1
            yield line


def quoting(dialect: Dialect) -> dict[str, Any]:
    """Return what ``csv.reader`` has to know of a dialect."""
    quoted = {"quotechar": dialect.quote} if dialect.quote else {"quoting": csv.QUOTE_NONE}
    return {"delimiter": dialect.delimiter, **quoted}


def check_encoding(label: str, content: bytes, encoding: str) -> None:
    """Check that bytes are text of an encoding.

    Raises
    ------
    DataError
        With the place of the first byte that is not.
    """
    advice = "save the file as UTF-8, or declare its encoding: dialect: {encoding: cp1252} under "
    advice += "'source' in configs/datasets.yaml"
    name = "UTF-8" if encoding == "utf-8" else encoding
    try:
        text = content.decode(encoding)
    except UnicodeError as error:
        where = f" at byte {error.start}" if isinstance(error, UnicodeDecodeError) else ""
        raise DataError(f"{label}: not {name}{where}", advice=advice) from error
    zero = text.find("\0")
    if zero >= 0:
        unit = "byte" if encoding == "utf-8" else "character"
        zero = content.find(b"\0") if encoding == "utf-8" else zero
        raise DataError(f"{label}: not text: a zero byte at {unit} {zero}", advice=advice)
