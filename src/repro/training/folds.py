"""Folds: which training rows each model of a cross-validation learns from, and which it scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    Rows = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]
    Folds: TypeAlias = "Rows | ForwardFolds | RepeatedFolds"

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


@dataclass(frozen=True)
class RepeatedFolds:
    """Folds that are drawn several times, each time from all training rows.

    Attributes
    ----------
    drawn : tuple of ndarray of int64, shape (n_train,)
        The fold of each training row, by draw.
    """

    drawn: tuple[Rows, ...]


def draws(folds: Folds) -> tuple[Rows | ForwardFolds, ...]:
    """Return each draw of folds; there is one unless they are repeated."""
    return folds.drawn if isinstance(folds, RepeatedFolds) else (folds,)


def scored_in(folds: Folds) -> Rows:
    """Return the fold that scores each training row in the first draw, or -1."""
    folds = draws(folds)[0]
    return folds.scored_in if isinstance(folds, ForwardFolds) else folds


def numbered(folds: Folds) -> Rows:
    """Return a number from 0 for each training row, with one more for rows in no fold.

    Of the first draw.
    """
    fold_of_row = scored_in(folds)
    return fold_of_row - min(0, int(fold_of_row.min()))


def count_folds(folds: Folds) -> int:
    """Return the number of folds of all draws."""
    return sum(int(scored_in(draw).max()) + 1 for draw in draws(folds))


def masks(folds: Folds) -> Iterator[tuple[Mask, Mask]]:
    """Yield for each fold the training rows that it learns from, and those that it scores."""
    for draw in draws(folds):
        fold_of_row = scored_in(draw)
        for fold in range(count_folds(draw)):
            outside = fold_of_row == fold
            inside = draw.learned_from <= fold if isinstance(draw, ForwardFolds) else ~outside
            yield inside, outside
