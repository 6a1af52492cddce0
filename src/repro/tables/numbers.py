"""Numbers in text, and what they may not lose on the way to a 64-bit float."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Every whole number up to this one is a 64-bit float; beyond it only some are.
EXACT = 2**53
_LEADING_ZEROS = re.compile(r"[+-]?0[0-9]+")


class Fault(Enum):
    """The reason why a value is not a number: the wording for one and for several, and a hint."""

    NOT_FINITE = ("is not a finite number", "are not finite numbers", "")
    LEADING_ZEROS = (
        "is a number with leading zeros",
        "are numbers with leading zeros",
        " (declare a column of codes categorical)",
    )
    INEXACT = (
        "is a number beyond 2**53 that a float would change",
        "are numbers beyond 2**53 that a float would change",
        " (declare a column of identifiers categorical or ignored)",
    )


def fault_of(text: str) -> Fault | None:
    """Return why a text is refused as a number, or None where it is one.

    A number is what ``float`` makes of ASCII text without underscores, if that is finite. Digits
    that begin with a zero are a code. Beyond 2**53, digits without an exponent must be exactly a
    64-bit float, so that different numbers stay different; an exponent marks a measurement.

    Examples
    --------
    >>> [fault_of(text) for text in ("-1.5e3", "0", "0.5", "9007199254740992", "1e23")]
    [None, None, None, None, None]
    >>> [fault_of(text).name for text in ("x", "1_000", "0123", "9007199254740993")]
    ['NOT_FINITE', 'NOT_FINITE', 'LEADING_ZEROS', 'INEXACT']
    """
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        return Fault.NOT_FINITE
    bare = text.strip()
    if _LEADING_ZEROS.fullmatch(bare):
        return Fault.LEADING_ZEROS
    measured = abs(value) < EXACT or "e" in bare.lower()
    return None if measured or Decimal(bare) == Decimal(value) else Fault.INEXACT


@dataclass
class Refusals:
    """The values of one column that are refused, counted by fault.

    Attributes
    ----------
    counts : Counter of Fault
    first : dict of Fault to (int, str)
        The row of the first such value, and how it is shown.
    """

    counts: Counter[Fault] = field(default_factory=Counter)
    first: dict[Fault, tuple[int, str]] = field(default_factory=dict)

    def add(self, fault: Fault, row: int, shown: str) -> None:
        """Count a value."""
        self.counts[fault] += 1
        self.first.setdefault(fault, (row, shown))

    def sentence(self, place: Callable[[int], str]) -> str:
        """Return what was found, how often and where, ``place`` wording the row."""
        return "; ".join(self._one(fault, place) for fault in self.counts)

    def _one(self, fault: Fault, place: Callable[[int], str]) -> str:
        singular, plural, hint = fault.value
        count, (row, shown) = self.counts[fault], self.first[fault]
        if count == 1:
            return f"1 value {singular}: {shown} in {place(row)}{hint}"
        return f"{count} values {plural}, first {shown} in {place(row)}{hint}"
