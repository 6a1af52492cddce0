"""Values and whole rows on both sides of a split, by the codes of a column at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from repro.training.recurrence import Recurrence

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.int64]
    Codes = npt.NDArray[np.int64]

# Held-out rows that also stand among the training rows: fewer than this share change no result.
_IDENTICAL = 0.01
# An identical row is expected where its values are so common that this many would be there by
# chance, were the columns independent.
_BY_CHANCE = 0.01


def ordered_codes(column: pd.Series) -> Codes:
    """Return the position of each value among the different ones, from 1; 0 where missing."""
    codes, _ = pd.factorize(column, sort=True, use_na_sentinel=True)
    return codes.astype(np.int64) + 1


@dataclass(frozen=True)
class Sides:
    """Both sides of a split, as positions in the table."""

    train_rows: Rows
    test_rows: Rows

    def recurrence(self, codes: Codes) -> Recurrence:
        """Return how the values of a column recur, by the codes of all rows; without a score."""
        inside = _present(codes, self.train_rows)
        held_out = codes[self.test_rows]
        known = int((inside[held_out] & (held_out > 0)).sum())
        return Recurrence(known, len(held_out), int(inside.sum()), 0.0)


class Alike:
    """Finds rows that are alike in every feature, column by column.

    What chance makes alike does not count.
    """

    def __init__(self, size: int, sides: Sides) -> None:
        self._sides = sides
        self._group = np.zeros(size, dtype=np.int64)
        self._chance = np.full(size, float(len(sides.train_rows)))

    def add(self, column: Codes) -> None:
        """Separate rows that differ in a further column."""
        width = column.max() + 1
        counts = np.bincount(column[self._sides.train_rows], minlength=width)
        self._chance *= counts[column] / len(self._sides.train_rows)
        self._group = pd.factorize(self._group * width + column)[0]

    def found(self) -> tuple[Recurrence | None, npt.NDArray[np.bool_]]:
        """Return what stands on both sides; also mark every row that is not unique."""
        group, sides = self._group, self._sides
        train_rows, test_rows = sides.train_rows, sides.test_rows
        used = np.concatenate([train_rows, test_rows])
        often = np.bincount(group[used], minlength=group.max() + 1)[group] > 1
        inside = _present(group, train_rows)
        known = inside[group[test_rows]] & (self._chance[test_rows] < _BY_CHANCE)
        held_out, total = int(known.sum()), len(test_rows)
        if held_out < _IDENTICAL * total or not held_out:
            return None, often
        return Recurrence(held_out, total, int(inside.sum()), 1.0), often


def _present(codes: Codes, rows: Rows) -> npt.NDArray[np.bool_]:
    """Return for each code whether some of the rows have it."""
    found = np.zeros(codes.max() + 1, dtype=np.bool_)
    found[codes[rows]] = True
    return found
