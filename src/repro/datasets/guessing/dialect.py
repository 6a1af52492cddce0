"""The encoding, delimiter and header of CSV text, guessed from its bytes."""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from repro.config.tables import Dialect
from repro.core.errors import DataError
from repro.datasets.formats.csv_rows import CsvRows
from repro.tables.numbers import Fault, fault_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_DELIMITERS = (",", ";", "\t", "|")
# Rows that decide on the delimiter; reading checks all of them.
_SAMPLE = 300
# Titles above a header are a few lines.
_TITLES = 10
_BEYOND_ASCII = re.compile(r"\w*[^\W\d_\x00-\x7f]+\w*")
# No word of a language that cp1252 serves has one of these between two letters.
_INSIDE = re.compile(
    "[A-Za-z][\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u2039\u2018\u201c\u201d\u2022"
    "\u02dc\u2122\u203a\u00a1-\u00ac\u00ae-\u00b3\u00b5\u00b6\u00b8-\u00bf\u00d7\u00f7][a-z]"
    # Nor a capital before a small letter, other than at its beginning.
    "|[A-Za-z][\u0160\u0152\u017d\u0178\u00c0-\u00de][a-z]"
)
_FOREIGN, _WORDS = 0.5, 3


def guess_dialect(
    label: str, content: bytes, given: Mapping[str, Any]
) -> tuple[Dialect, list[str]]:
    """Guess how CSV text is written, but for the marks in its numbers.

    Parameters
    ----------
    label : str
    content : bytes
    given : dict of str to object
        The keys of the dialect that are known.

    Returns
    -------
    dialect : Dialect
    reasons : list of str
        A sentence for each key that was guessed.

    Raises
    ------
    DataError
        If two dialects fit equally well, or none.
    """
    reasons: list[str] = []
    known = dict(given)
    if other := {".": ",", ",": "."}.get(known.get("thousands", "")):
        # One of the two marks leaves only the other one for the fraction.
        known.setdefault("decimal", other)
    if "encoding" not in known:
        known["encoding"], reason = _encoding(label, content)
        reasons += reason
    dialect = Dialect(**known)
    try:
        content.decode(dialect.encoding)
    except UnicodeError:
        # Reading names the place.
        return dialect, reasons
    shape = _shape(label, content, dialect, given)
    return dialect.model_copy(update=shape.keys(given)), reasons + shape.reasons(given)


def _encoding(label: str, content: bytes) -> tuple[str, list[str]]:
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return encoding, ["guessed encoding utf-16: the file begins with its byte-order mark"]
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = content[start::2]
        if len(half) > 1 and half.count(0) > len(half) // 2:
            return encoding, [f"guessed encoding {encoding}: every second byte is zero"]
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _of_one_byte(label, content, error.start)
    return "utf-8", []


def _of_one_byte(label: str, content: bytes, place: int) -> tuple[str, list[str]]:
    undecided = DataError(
        f"{label}: not UTF-8 at byte {place}, and not text of western Europe (cp1252) either",
        advice="name its encoding, such as --encoding cp1250, cp1251, cp850 or mac_roman",
    )
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise undecided from error
    words = list(dict.fromkeys(_BEYOND_ASCII.findall(text)))
    letters = [letter for word in words for letter in word if letter.isalpha()]
    foreign = sum(not letter.isascii() for letter in letters)
    if _INSIDE.search(text) or foreign > _FOREIGN * max(len(letters), 1):
        raise undecided
    shown = f", and reads {', '.join(map(repr, words[:_WORDS]))}" if words else ""
    return "cp1252", [f"guessed encoding cp1252: not UTF-8 at byte {place}{shown}"]


@dataclass(frozen=True)
class _Shape:
    """The delimiter of a file, and what comes before its header."""

    delimiter: str
    comment: str
    quote: str
    skip_rows: int
    width: int

    def keys(self, given: Mapping[str, Any]) -> dict[str, Any]:
        names = ("delimiter", "comment", "quote", "skip_rows")
        return {name: getattr(self, name) for name in names if name not in given}

    def reasons(self, given: Mapping[str, Any]) -> list[str]:
        return list(self._reasons(given))

    def _reasons(self, given: Mapping[str, Any]) -> Iterator[str]:
        if "delimiter" not in given and self.delimiter != ",":
            every = f"{self.width} cells in every row"
            yield f"guessed delimiter {self.delimiter!r}: it gives {every}"
        if "quote" not in given and self.quote != '"':
            yield f"guessed quote {self.quote!r}: with double quotes the rows have no one width"
        if "comment" not in given and self.comment:
            yield f"guessed comment {self.comment!r}: the file begins with it"
        if "skip_rows" not in given and self.skip_rows:
            lines = "line comes" if self.skip_rows == 1 else "lines come"
            yield f"guessed skip_rows {self.skip_rows}: so many {lines} before the header"


def _shape(label: str, content: bytes, dialect: Dialect, given: Mapping[str, Any]) -> _Shape:
    """Try what is standard first: no titles, no comments, double quotes."""
    choices = {"delimiter": _DELIMITERS, "comment": ("", "#"), "quote": ('"', "'")}
    known = {key: (getattr(dialect, key),) for key in choices if key in given}
    delimiters, comments, quotes = (choices | known).values()
    for titles, comment, quote in product((False, True), comments, quotes):
        shapes = [
            _fitting(content, dialect.model_copy(update=keys), given, titles=titles)
            for keys in _keys(delimiters, comment, quote)
        ]
        found = [shape for shape in shapes if shape is not None]
        fewest = [s for s in found if s.skip_rows == min(each.skip_rows for each in found)]
        if len(fewest) > 1:
            raise _undecided(label, fewest)
        if fewest:
            return fewest[0]
    return _by_header(content, dialect, delimiters)


def _keys(delimiters: Sequence[str], comment: str, quote: str) -> Iterator[dict[str, str]]:
    for delimiter in delimiters:
        yield {"delimiter": delimiter, "comment": comment, "quote": quote}


def _fitting(
    content: bytes, dialect: Dialect, given: Mapping[str, Any], *, titles: bool
) -> _Shape | None:
    """Return the shape in which every row has the same number of cells, if there is one."""
    if titles and "skip_rows" in given:
        return None
    rows = _rows(content, dialect)
    doubled = any('"' in cell for row in rows for cell in row)
    if "quote" not in given and dialect.quote == "'" and doubled:
        # The file has double quotes, so that one of them is in the wrong place.
        return None
    for skipped in range(1, _TITLES) if titles else (0,):
        rest = rows[skipped:]
        widths = {len(row) for row in rest}
        if len(rest) < 2 or len(widths) > 1 or widths in ({1}, {0}):
            continue
        before = [row for row in rows[:skipped] if len([cell for cell in row if cell]) > 1]
        named = all(cell and fault_of(cell) is Fault.NOT_FINITE for cell in rest[0])
        if not before and (named or not titles):
            count = dialect.skip_rows + skipped
            form = dialect.delimiter, dialect.comment, dialect.quote
            return _Shape(*form, count, widths.pop())
    return None


def _rows(content: bytes, dialect: Dialect) -> list[list[str]]:
    rows = CsvRows(content, dialect)
    found: list[list[str]] = []
    try:
        for row in rows:
            found.append(row)
            if len(found) == _SAMPLE:
                break
    except csv.Error:
        return []
    return found


def _by_header(content: bytes, dialect: Dialect, delimiters: Sequence[str]) -> _Shape:
    """Take the delimiter that the header has most of; reading says which row does not fit it."""
    widths: dict[str, int] = {}
    for delimiter in delimiters:
        rows = _rows(content, dialect.model_copy(update={"delimiter": delimiter}))
        widths[delimiter] = len(rows[0]) if rows else 0
    best = max(widths, key=lambda delimiter: widths[delimiter])
    return _Shape(best, dialect.comment, dialect.quote, dialect.skip_rows, widths[best])


def _undecided(label: str, shapes: list[_Shape]) -> DataError:
    each = " and ".join(f"{shape.delimiter!r} ({shape.width} columns)" for shape in shapes)
    return DataError(
        f"{label}: the delimiter is ambiguous: {each} fit every row",
        advice=f"name it: --delimiter '{shapes[0].delimiter}' or '{shapes[1].delimiter}'",
    )
