"""Text that pandas has turned into something else, turned back where that can be done.

``pandas.read_csv`` makes integers, floats and booleans of text, and missing values of such text as
``NA``. The categories that training saw say what the text was; where two texts would have become
the same value, nothing is guessed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from repro.tables.cells import CellsError, described, in_row, spelled
from repro.tables.numbers import EXACT

if TYPE_CHECKING:
    from repro.tables.cells import Array, Cells
    from repro.tables.marks import Marks

# What pandas.read_csv reads as missing and as booleans where nothing says otherwise.
PANDAS_MISSING = frozenset(
    (
        *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND"),
        *("1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    )
)
_BOOLEANS = {True: ("True", "TRUE", "true"), False: ("False", "FALSE", "false")}


@dataclass(frozen=True)
class Spelling:
    """The spelling of one column's text in training.

    Attributes
    ----------
    levels : frozenset of str
        The categories that training saw.
    marks : Marks
    gaps : bool
        Whether a cell without a value is taken as missing even where pandas might have read one of
        the levels so.
    """

    levels: frozenset[str]
    marks: Marks
    gaps: bool = False

    def texts(self, cells: Cells) -> Array:
        """Return text, None where missing.

        Returns
        -------
        ndarray of object, shape (n,)

        Raises
        ------
        CellsError
            If a value cannot be brought back to the text that it was.
        """
        if cells.values.dtype.kind not in "biufO":
            raise CellsError(f"expected text, found {described(cells)}")
        self._check_missing(cells)
        texts = np.full(len(cells.values), None, dtype=object)
        known: dict[tuple[type, object], str | None] = {}
        for row, value in cells.present():
            if isinstance(value, str):
                texts[row] = None if value in self.marks.texts else str(value)
                continue
            key = (type(value), str(value))
            if key not in known:
                known[key] = self._unmarked(self._text(value, row, cells))
            texts[row] = known[key]
        return texts

    def _unmarked(self, text: str) -> str | None:
        return None if text in self.marks.texts else text

    def _check_missing(self, cells: Cells) -> None:
        lost = sorted(self.levels & PANDAS_MISSING)
        rows = np.flatnonzero(cells.absent)
        if self.gaps or not lost or not rows.size:
            return
        if any(isinstance(value, str) and value in PANDAS_MISSING for _, value in cells.present()):
            # Whoever kept one of these texts has not read others as missing.
            return
        raise CellsError(
            f"no value in {rows.size} of {len(cells.values)} rows, first in {in_row(int(rows[0]))};"
            f" training saw the text {lost[0]!r}, which pandas reads as missing"
        )

    def _text(self, value: object, row: int, cells: Cells) -> str:
        if isinstance(value, bool | np.bool_):
            return self._only(_BOOLEANS[bool(value)], str(bool(value)))
        if isinstance(value, Integral | float | np.floating):
            self._check_numbers()
        if isinstance(value, float | np.floating):
            return self._of_float(float(value), in_row(row))
        text = spelled(value)
        if text is None:
            raise CellsError(f"expected text, found {described(cells)}")
        return text

    def _of_float(self, value: float, place: str) -> str:
        if not math.isfinite(value) or abs(value) >= EXACT:
            raise CellsError(f"expected text, found the float {value!r} in {place}")
        if not value.is_integer():
            return repr(value)
        # A missing value in the column makes floats of whole numbers.
        return self._only((str(int(value)), repr(value)), str(int(value)))

    def _only(self, candidates: tuple[str, ...], usual: str) -> str:
        known = [text for text in candidates if text in self.levels | self.marks.texts]
        if len(known) > 1:
            raise CellsError(
                f"training saw {known[0]!r} and {known[1]!r}, which pandas reads as one value"
            )
        return known[0] if known else usual

    def _check_numbers(self) -> None:
        """Refuse numbers where training saw text that a number does not give back."""
        if self._lost:
            raise CellsError(
                f"found numbers, and training saw the text {self._lost[0]!r}, "
                "which a number cannot spell"
            )

    @cached_property
    def _lost(self) -> list[str]:
        return sorted(filter(_is_lost, self.levels))


def _is_lost(level: str) -> bool:
    """Return whether pandas makes a number of a text and the number is written differently."""
    try:
        value = float(level) if level.isascii() and "_" not in level else math.nan
    except ValueError:
        return False
    if math.isnan(value):
        return False
    spellings = {repr(value)}
    if value.is_integer():
        spellings.add(str(int(value)))
    return level not in spellings and not _is_whole(level)


def _is_whole(level: str) -> bool:
    """Return whether a text is an integer as Python writes it, of any size."""
    digits = level.removeprefix("-")
    return digits.isdigit() and (digits == "0" or not digits.startswith("0")) and level != "-0"
