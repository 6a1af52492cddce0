"""Folds: which training rows each model of a cross-validation learns from, and which it scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    Rows = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

NO_FOLD = -1


@dataclass(frozen=True)
class ForwardFolds:
    """Folds in time: each is scored by a model of earlier rows.

    Attributes
    ----------
    scored_in : ndarray of int64, shape (n_train,)
        The fold that scores a row; -1 for the earliest rows, which no fold scores.
    learned_from : ndarray of int64, shape (n_train,)
        The first fold whose model learns from a row, as do those of all later folds; the number of
        folds if there is no such fold.
    """

    scored_in: Rows
    learned_from: Rows


def scored_in(folds: Rows | ForwardFolds) -> Rows:
    """Return the fold that scores each training row, or -1."""
    return folds.scored_in if isinstance(folds, ForwardFolds) else folds


def numbered(folds: Rows | ForwardFolds) -> Rows:
    """Return a number from 0 for each training row, with one more for rows in no fold."""
    fold_of_row = scored_in(folds)
    return fold_of_row - min(0, int(fold_of_row.min()))


def count_folds(folds: Rows | ForwardFolds) -> int:
    """Return the number of folds."""
    return int(scored_in(folds).max()) + 1


def masks(folds: Rows | ForwardFolds) -> Iterator[tuple[Mask, Mask]]:
    """Yield for each fold the training rows that it learns from, and those that it scores."""
    fold_of_row = scored_in(folds)
    for fold in range(count_folds(folds)):
        outside = fold_of_row == fold
        inside = folds.learned_from <= fold if isinstance(folds, ForwardFolds) else ~outside
        yield inside, outside
