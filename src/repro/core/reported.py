"""Metrics that somebody reported: numbers with the digits that were printed, under their names.

A record has every bit of a number. A report has some digits of it, and says nothing of how it was
made. A printed number stands for every number that rounds to it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBER = re.compile(
    r"(?P<digits>[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?)\s*(?P<percent>%?)"
    # A spread beside the number, as in 0.967 ± 0.012, is about other runs.
    r"(?:\s*(?:±|\+/-|\+-)\s*[0-9.eE%+-]+)?"
)
# Programs also write these where a number is missing.
_UNDEFINED = re.compile(r"[-+]?\.?(?:nan|inf|infinity)|n/?a|null|none|#n/a", re.IGNORECASE)
# More digits than any float is written with, so that no number takes long to compare.
_LONGEST = 64
# With so many significant digits a float is written in full: every one has at most 17.
FULL = 15
# Enough for the exact difference of any two floats: the smallest has 1,074 places.
_PLACES = 1200
# Digits that would accept more than this, and more than this share of the number, say too little
# to be a rounding: an accuracy of "1" would accept a half.
_COARSE = Decimal("0.05")


@dataclass(frozen=True)
class Printed:
    """A number as it was printed.

    Attributes
    ----------
    text : str
        As it stood in the source.
    value : Decimal or None
        None for NaN, infinities and a missing number, which no number agrees with.
    margin : Decimal
        Half a unit of the last digit; 0 where the number is to be taken exactly.
    """

    text: str
    value: Decimal | None
    margin: Decimal

    @property
    def is_full(self) -> bool:
        """True if a program wrote every digit that it had."""
        return self.value is not None and len(self.value.as_tuple().digits) >= FULL

    @property
    def is_short(self) -> bool:
        """True if it has at most one decimal, as a program writes 1.0 and 0.5."""
        return self.value is not None and _exponent(self.value) >= -1

    @property
    def number(self) -> float | None:
        """The nearest float; None for NaN and infinities."""
        return None if self.value is None else float(self.value)

    def exactly(self) -> Printed:
        """Return the same number without a margin."""
        return Printed(self.text, self.value, Decimal(0))

    def rounds_from(self, actual: float) -> bool:
        """Return whether a finite float rounds to what was printed, in whatever direction.

        Examples
        --------
        >>> found = parse_printed("0.967")
        >>> found.rounds_from(0.9666666666666667), found.rounds_from(0.9664)
        (True, False)
        >>> parse_printed("96.7%").rounds_from(0.9666666666666667)
        True
        """
        if self.value is None:
            return False
        with localcontext() as context:
            context.prec = _PLACES
            near = abs(Decimal(actual) - self.value) <= self.margin
        return near or actual == float(self.value)


def parse_printed(text: str) -> Printed | None:
    """Read a number as it was printed; None for text that is no number.

    Parameters
    ----------
    text : str
        Such as ``0.967``, ``96.7%``, ``1e-3``, ``nan``, or ``0.967 ± 0.012``.

    Examples
    --------
    >>> parse_printed("0.970").margin, parse_printed("97%").margin, parse_printed("svm")
    (Decimal('0.0005'), Decimal('0.005'), None)
    """
    words = text.strip()
    if len(words) > _LONGEST:
        return None
    if _UNDEFINED.fullmatch(words):
        return missing(words)
    found = _NUMBER.fullmatch(words)
    if found is None:
        return None
    value = Decimal(found["digits"])
    unit = Decimal((0, (5,), _exponent(value) - 1))
    if found["percent"]:
        value, unit = value.scaleb(-2), unit.scaleb(-2)
    if not math.isfinite(float(value)):
        return Printed(words, None, Decimal(0))
    coarse = unit > max(_COARSE, _COARSE * abs(value))
    return Printed(words, value, Decimal(0) if coarse else unit)


def missing(text: str = "nothing") -> Printed:
    """Return what stands for a number that a report names and does not have."""
    return Printed(text, None, Decimal(0))


def _exponent(value: Decimal) -> int:
    # It is a word only of NaN and infinities, which are no digits.
    return int(value.as_tuple().exponent)


@dataclass(frozen=True)
class ReportedMetrics:
    """The numbers of a report.

    Attributes
    ----------
    name : str
        Of the source, for people.
    numbers : mapping of tuple of str to Printed
        By the keys that lead to each.
    parameters : mapping of str to str
        What the report says of the training, as text.
    """

    name: str
    numbers: Mapping[tuple[str, ...], Printed]
    parameters: Mapping[str, str] = field(default_factory=dict)
