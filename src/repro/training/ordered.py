"""Held-out rows, sorted once, whose counts are summed in many resamples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Cells:
    """The rows in the order of the cells of their confusion matrix.

    Attributes
    ----------
    classes : int
    numbers, starts : ndarray of int64, shape (n_cells,)
        The cells that have rows, and where those begin.
    order : ndarray of int64, shape (n_samples,)
    """

    classes: int
    numbers: Rows
    starts: Rows
    order: Rows

    @classmethod
    def of(cls, truth: Rows, predicted: Rows, classes: int) -> Cells:
        """Sort rows by the positions of their true and predicted labels."""
        order = np.argsort(cell := truth * classes + predicted, kind="stable")
        numbers, starts = np.unique(cell[order], return_index=True)
        return cls(classes, numbers, starts, order)

    def confusions(self, counts: Array, *, weighted: bool = False) -> Array:
        """Weigh confusion matrices, as the function ``confusions``.

        Parameters
        ----------
        weighted : bool, optional
            Whether counts are no whole numbers, so that the order of a sum has a say in its bits.
        """
        table = np.zeros((len(counts), self.classes**2))
        if weighted:
            for number, rows in zip(
                self.numbers, np.split(self.order, self.starts[1:]), strict=True
            ):
                table[:, number] = counts[:, rows].sum(axis=1)
        else:
            ordered = np.take(counts, self.order, axis=1)
            table[:, self.numbers] = np.add.reduceat(ordered, self.starts, axis=1)
        return table.reshape(len(counts), self.classes, self.classes)


@dataclass(frozen=True)
class Ranking:
    """The rows in the order of a score.

    Attributes
    ----------
    order : ndarray of int64, shape (n_samples,)
    hit : ndarray of float64, shape (n_samples,)
        Whether a row is positive, 1 or 0, in this order.
    starts : ndarray of int64, shape (n_scores,)
        Where each distinct score begins.
    """

    order: Rows
    hit: Array
    starts: Rows

    @classmethod
    def of(cls, truth: Array, scores: Array) -> Ranking:
        """Sort rows by their scores, ascending."""
        order = np.argsort(scores, kind="stable")
        ranked = scores[order]
        starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
        return cls(order, truth[order], starts)

    def sides(self, counts: Array) -> tuple[Array, Array]:
        """Sum the counts of positives and negatives over each distinct score, ascending."""
        ranked = np.take(counts, self.order, axis=1)
        positive = ranked * self.hit
        negative = ranked - positive
        if len(self.starts) == len(self.order):
            return positive, negative
        return (
            np.add.reduceat(positive, self.starts, axis=1),
            np.add.reduceat(negative, self.starts, axis=1),
        )
