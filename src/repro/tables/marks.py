"""The declared markers of missing values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    # Of every column, or by the name or shell pattern of columns.
    Missing = Collection[str] | Mapping[str, Collection[str]]


def markers_of(missing: Missing, column: str) -> frozenset[str]:
    """Return the markers of one column.

    A name wins over patterns, and a longer pattern over a shorter one.

    Examples
    --------
    >>> sorted(markers_of({"*": ["", "NA"], "country": [""]}, "country"))
    ['']
    >>> sorted(markers_of({"*": ["", "NA"], "country": [""]}, "income"))
    ['', 'NA']
    >>> sorted(markers_of(["?"], "income")), sorted(markers_of({"a": ["?"]}, "income"))
    (['?'], [])
    """
    if not isinstance(missing, Mapping):
        return frozenset(missing)
    if column in missing:
        return frozenset(missing[column])
    fitting = [pattern for pattern in missing if fnmatchcase(column, pattern)]
    return frozenset(missing[max(fitting, key=len)]) if fitting else frozenset()


@dataclass(frozen=True)
class Marks:
    """Markers, as text and as the numbers that some of them spell.

    A cell is missing if its text is a marker, or if it is a number that equals one: a file that
    has -99.0, or a column of floats or decimals, means the same by the marker ``-99``.

    Attributes
    ----------
    texts : frozenset of str
    numbers : frozenset of float
        Infinities included; NaN is missing in any case.
    """

    texts: frozenset[str]
    numbers: frozenset[float]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Marks:
        """Return the markers of a declaration.

        Examples
        --------
        >>> sorted(Marks.of(["-99", "n/a", "1_0", "nan"]).numbers)
        [-99.0]
        """
        known = frozenset(texts)
        numbers = (_number(text) for text in known)
        return cls(known, frozenset(value for value in numbers if not math.isnan(value)))


def _number(text: str) -> float:
    try:
        return float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan
