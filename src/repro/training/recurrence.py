"""Findings of the checks of a split: features that know the target, and values on both sides."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recurrence:
    """Values of a column, or whole rows, that stand on both sides of the split.

    Attributes
    ----------
    held_out : int
        Held-out rows that have such a value.
    total : int
        All held-out rows.
    values : int
        Different values in the training rows.
    score : float
        How much of the target the values predict, from 0 to 1.
    """

    held_out: int
    total: int
    values: int
    score: float

    @property
    def share(self) -> float:
        """The share of held-out rows."""
        return self.held_out / self.total


@dataclass(frozen=True)
class Leakage:
    """The findings.

    Attributes
    ----------
    features : dict of str to float
        Balanced accuracy of a classification (R² of a regression) of features that alone reach
        ``safety.leakage_score``.
    identifiers : dict of str to Recurrence
        Features whose values group rows across the split.
    identical : Recurrence or None
        Whole rows.
    """

    features: dict[str, float]
    identifiers: dict[str, Recurrence]
    identical: Recurrence | None


@dataclass(frozen=True)
class SplitLeakage(Leakage):
    """Findings on columns that no model sees too.

    A type of its own, so that the digest of every other finding stays as it was.

    Attributes
    ----------
    groups : dict of str to Recurrence
        Columns that are no features, and whose values group rows across the split.
    dates : tuple of str
        Columns of dates, where rows are drawn at random.
    """

    groups: dict[str, Recurrence]
    dates: tuple[str, ...]
