"""Plain comma-separated text, read by the parser of pandas, five times as fast.

A file is plain if both parsers must agree on it. That is checked on its bytes: no cell is quoted,
every line has as many delimiters as the header, and a cell of a numeric column is a marker or has
nothing but digits, a point, signs and an exponent, without leading zeros. pandas then makes the
same float of it as Python does. Any other file is left to the
strict reader, which also words its faults.
"""

from __future__ import annotations

import csv
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from packaging.version import Version

from repro.config.tables import Dialect
from repro.tables.marks import Marks, markers_of
from repro.tables.numbers import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from repro.datasets.formats.interface import Array, Kind
    from repro.tables.marks import Missing

    Bytes = npt.NDArray[np.uint8]

_BLOCK = 1 << 22
_BOM = b"\xef\xbb\xbf"
_PLAIN = b"0123456789.eE+-"
_OTHER, _DELIMITER, _NEWLINE = 1, 2, 3
_DTYPES: dict[Kind, type] = {"number": np.float64, "text": object}
# Later versions of pandas round correctly by default, and warn of the option.
_EXACT_FLOATS: dict[str, Any] = (
    {} if Version(pd.__version__) >= Version("3.1") else {"float_precision": "round_trip"}
)


def read_plain(
    content: bytes,
    names: Sequence[str],
    kinds: Mapping[str, Kind],
    missing: Missing,
    dialect: Dialect,
) -> dict[str, Array] | None:
    """Read columns as numbers or text, or return None if the text is not plain.

    Parameters
    ----------
    content : bytes
        Without a zero byte, and text of the dialect's encoding.
    names : sequence of str
        The header.
    kinds : dict of str to {"number", "text"}

    Returns
    -------
    dict of str to ndarray of shape (rows,), or None
        Numbers are float64, NaN where missing; text is object, None where missing.
    """
    content, start = _plain_body(content, names, dialect)
    columns = {name: (kind, markers_of(missing, name)) for name, kind in kinds.items()}
    if (
        start == len(content)
        or not kinds
        or any(kind == "number" and _spells(marks) for kind, marks in columns.values())
    ):
        return None
    reader = _Reader(names, columns, dialect.delimiter)
    # Filled block by block: parts that are put together at the end would be there twice.
    rows, done = content.count(b"\n", start) + (not content.endswith(b"\n")), 0
    found: dict[str, Array] = {name: np.empty(rows, _DTYPES[kind]) for name, kind in kinds.items()}
    for block in _blocks(content, start):
        part = reader.read(block)
        if part is None:
            return None
        height = len(part[next(iter(kinds))])
        for name, values in found.items():
            values[done : done + height] = part[name]
        done += height
    return found


def _plain_body(content: bytes, names: Sequence[str], dialect: Dialect) -> tuple[bytes, int]:
    """Return text and where its lines below the header begin: at its end if they are not plain."""
    nothing = b"", 0
    if dialect != Dialect(delimiter=dialect.delimiter):
        return nothing
    # The text is not cut, since every part is a copy.
    begin = len(_BOM) if content.startswith(_BOM) else 0
    start = content.find(b"\n", begin) + 1
    header = content[begin : start - 1]
    if not start or b"\r" in header.removesuffix(b"\r"):
        return nothing
    if content.find(b"\r", start) >= 0:
        content, start = content[start:].replace(b"\r\n", b"\n"), 0
    if content.find(b'"', start) >= 0 or content.find(b"\r", start) >= 0:
        return nothing
    try:
        rows = list(csv.reader([header.decode()], strict=True, delimiter=dialect.delimiter))
    except csv.Error:
        return nothing
    return (content, start) if [tuple(row) for row in rows] == [tuple(names)] else nothing


def _spells(marks: frozenset[str]) -> bool:
    """Return whether a marker is a number in a spelling that is not plain, such as ``nan``."""
    return any(_is_float(mark) and not set(mark.encode()) <= set(_PLAIN) for mark in marks)


def _blocks(content: bytes, start: int) -> Iterator[bytes]:
    """Yield whole lines, each with its end, from a place on."""
    while start < len(content):
        end = content.find(b"\n", min(start + _BLOCK, len(content) - 1)) + 1
        yield content[start:end] if end else content[start:] + b"\n"
        start = end or len(content)


class _Reader:
    """Reads blocks of whole lines."""

    def __init__(
        self,
        names: Sequence[str],
        columns: Mapping[str, tuple[Kind, frozenset[str]]],
        delimiter: str,
    ) -> None:
        self._width, self._delimiter = len(names), delimiter
        self._places = {name: names.index(name) for name in columns}
        self._numbers = {
            name: Marks.of(marks) for name, (kind, marks) in columns.items() if kind == "number"
        }
        self._texts: dict[str, dict[str, str | None]] = {
            name: dict.fromkeys(marks) for name, (kind, marks) in columns.items() if kind == "text"
        }
        self._classes = np.full(256, _OTHER, dtype=np.uint8)
        self._classes[list(_PLAIN)] = 0
        self._classes[ord(delimiter)], self._classes[ord("\n")] = _DELIMITER, _NEWLINE

    def read(self, block: bytes) -> dict[str, Array] | None:
        """Return the columns of whole lines, or None if they are not plain."""
        if not self._is_plain(block):
            return None
        try:
            frame = pd.read_csv(BytesIO(block), **self._options())
        except ValueError:
            return None
        numbers = {name: frame[self._places[name]].to_numpy(copy=True) for name in self._numbers}
        for name, values in numbers.items():
            if not (np.isnan(values) | (np.abs(values) < EXACT)).all():
                return None
            for number in self._numbers[name].numbers:
                values[values == number] = np.nan
        texts = {name: self._interned(name, frame[self._places[name]]) for name in self._texts}
        return numbers | texts

    def _options(self) -> dict[str, Any]:
        # A marker that is a number is compared afterwards, by its value.
        marks = {
            self._places[name]: [text for text in known.texts if not _is_float(text)]
            for name, known in self._numbers.items()
        }
        kinds: dict[int, type] = {self._places[name]: np.float64 for name in self._numbers}
        kinds |= {self._places[name]: object for name in self._texts}
        return _EXACT_FLOATS | {
            "sep": self._delimiter,
            "header": None,
            "names": range(self._width),
            "usecols": sorted(kinds),
            "dtype": kinds,
            "na_values": {place: texts for place, texts in marks.items() if texts},
            "keep_default_na": False,
            "quoting": csv.QUOTE_NONE,
            "skip_blank_lines": False,
            "engine": "c",
            "low_memory": False,
        }

    def _interned(self, name: str, series: pd.Series[Any]) -> Array:
        """Return texts in which equal ones are one object, None for a marker."""
        cells, known = series.tolist(), self._texts[name]
        values = np.empty(len(cells), dtype=object)
        values[:] = list(map(known.setdefault, cells, cells))
        return values

    def _is_plain(self, block: bytes) -> bool:
        content: Bytes = np.frombuffer(block, dtype=np.uint8)
        classes = self._classes[content]
        ends = np.flatnonzero(classes >= _DELIMITER)
        if len(ends) % self._width:
            return False
        marks = classes[ends].reshape(-1, self._width)
        if (marks[:, -1] != _NEWLINE).any() or (marks[:, :-1] != _DELIMITER).any():
            return False
        starts = np.concatenate([[0], ends[:-1] + 1])
        if self._width == 1 and (starts == ends).any():
            return False
        places = [self._places[name] for name in self._numbers]
        starts = starts.reshape(marks.shape)[:, places]
        ends = ends.reshape(marks.shape)[:, places]
        if _leading_zeros(content, starts, ends).any():
            return False
        others = np.cumsum(classes == _OTHER, dtype=np.int32)
        odd = others[ends] > others[starts] - (classes[starts] == _OTHER)
        odd |= starts == ends
        for column, known in enumerate(self._numbers.values()):
            here = odd[:, column]
            spans = zip(starts[here, column].tolist(), ends[here, column].tolist(), strict=True)
            if not {block[a:b].decode() for a, b in spans} <= known.texts:
                return False
        return True


def _leading_zeros(content: Bytes, starts: Array, ends: Array) -> npt.NDArray[np.bool_]:
    """Return which cells are a zero and a digit after an optional sign."""
    first = content[starts]
    digits = starts + ((first == ord("+")) | (first == ord("-")))
    second = content[np.minimum(digits + 1, len(content) - 1)]
    is_digit = (second >= ord("0")) & (second <= ord("9"))
    found: npt.NDArray[np.bool_] = (content[digits] == ord("0")) & is_digit & (digits + 1 < ends)
    return found


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
