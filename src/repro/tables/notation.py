"""Numbers as people write them: a decimal comma, and digits in groups of three."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Notation:
    """The marks in the numbers of a file.

    Attributes
    ----------
    decimal : str
        Before the fraction.
    thousands : str
        Between groups of three digits; empty for none.
    """

    decimal: str
    thousands: str

    @property
    def is_plain(self) -> bool:
        """True if numbers are written as in a program."""
        return self.decimal == "." and not self.thousands

    def plain(self, cell: str) -> str | None:
        """Return a number as a program writes it, or None if the cell is not one in this notation.

        Groups have three digits each: a mark in any other place is an error, never skipped.

        Examples
        --------
        >>> german = Notation(",", ".")
        >>> [german.plain(cell) for cell in ("1.234,5", "-7", "1.5", "1,2,3", "12.34")]
        ['1234.5', '-7', None, None, None]
        """
        bare = cell.strip(" ")
        if not self._form.fullmatch(bare):
            return None
        if self.thousands:
            bare = bare.replace(self.thousands, "")
        return bare.replace(self.decimal, ".")

    @cached_property
    def _form(self) -> re.Pattern[str]:
        mark, point = re.escape(self.thousands), re.escape(self.decimal)
        grouped = rf"[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|" if self.thousands else ""
        whole = rf"(?:{grouped}[0-9]+)"
        return re.compile(rf"[+-]?(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?")
