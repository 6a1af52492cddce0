"""The metrics and predictions that a comparison draws, as tables show them too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Dot(NamedTuple):
    """A metric of a record that is not the reference's; the group shows which record."""

    difference: float
    beyond: bool
    letter: str


@dataclass(frozen=True)
class Line:
    """A metric: what differed of it, and how often it did not.

    Attributes
    ----------
    same, compared : int
        Numbers of records.
    dots : tuple of Dot
        The greatest difference last.
    """

    name: str
    allowed: float
    same: int
    compared: int
    dots: tuple[Dot, ...]

    @property
    def outcome(self) -> str:
        """The outcome, in words."""
        if self.same == self.compared:
            return "same bits"
        return "beyond" if any(dot.beyond for dot in self.dots) else "within"


class Pair(NamedTuple):
    """A prediction of the reference and that of a candidate, of the same row.

    Attributes
    ----------
    margin : float or None
        How far the reference's deciding score lies from the decision boundary.
    moved : float
        The distance of a candidate's; across the boundary if the label flipped.
    letter : str
        The candidate's group.
    """

    expected: float
    actual: float
    margin: float | None
    moved: float
    flipped: bool
    letter: str
