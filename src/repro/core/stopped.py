"""The ends of fits that stopped early."""

from __future__ import annotations

from repro.core.model import Record


class Stopped(Record):
    """The ends of the fits of a family that stops early, in iterations up to the best one.

    Attributes
    ----------
    folds : tuple of int
        In each fold of cross-validation.
    final : int or None
        In the fit on all training rows; None of a family that was not selected.
    learned, validated : int or None
        The rows that the final fit learned from, and those that it was validated on.
    """

    folds: tuple[int, ...]
    final: int | None
    learned: int | None
    validated: int | None
