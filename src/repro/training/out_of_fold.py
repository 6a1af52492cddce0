"""The scores of candidates for rows that they were not fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.training.scoring import Labels, Scores


@dataclass(frozen=True)
class OutOfFold:
    """The scores of one candidate for every training row, each from a fit that never saw it.

    Attributes
    ----------
    scores : Scores
        In the order of the training rows; NaN for a row that no fold scores.
    converged : bool
        Whether every fit did.
    """

    scores: Scores
    converged: bool

    @property
    def is_scored(self) -> bool:
        """True if any fold scored it; there may be no folds."""
        return bool(len(self.scores.values))

    @property
    def iterations(self) -> tuple[int, ...]:
        """The iterations up to the best one, of each fit that stopped early."""
        return ()


@dataclass(frozen=True)
class OwnOutOfFold(OutOfFold):
    """Of a candidate that does more than its scores say.

    A type of its own, so that every other candidate's digest stays as it was.

    Attributes
    ----------
    labels : ndarray of shape (n_train,), or None
        What the candidate predicts, where that does not follow from its scores.
    drew : bool
        Whether some fit, or the scoring after it, drew from a global random generator.
    """

    labels: Labels | None
    drew: bool


@dataclass(frozen=True)
class RepeatedOutOfFold(OwnOutOfFold):
    """Of a candidate whose folds were drawn several times; all else is of the first draw.

    Attributes
    ----------
    converged, drew : bool
        Of every fit of every draw.
    later : tuple of OutOfFold
        Of the other draws.
    """

    later: tuple[OutOfFold, ...]


@dataclass(frozen=True)
class StoppedOutOfFold(RepeatedOutOfFold):
    """Of a candidate whose fits stopped early; ``later`` may be empty.

    Attributes
    ----------
    kept : tuple of int
        The iterations up to the best one, of every fit of every draw.
    """

    kept: tuple[int, ...]

    @property
    def iterations(self) -> tuple[int, ...]:
        """The iterations up to the best one, of each fit that stopped early."""
        return self.kept


def with_iterations(part: OutOfFold, kept: Sequence[int | None]) -> OutOfFold:
    """Return a candidate's scores with the iterations of its fits, if they stopped early."""
    counts = tuple(count for count in kept if count is not None)
    if not counts:
        return part
    _, *later = draws_of(part)
    own = (own_labels(part), drew_globally(part), tuple(later))
    return StoppedOutOfFold(part.scores, part.converged, *own, counts)


def draws_of(part: OutOfFold) -> tuple[OutOfFold, ...]:
    """Return the scores of each draw of folds, the first one first."""
    return (part, *part.later) if isinstance(part, RepeatedOutOfFold) else (part,)


def joined(parts: Sequence[OutOfFold]) -> OutOfFold:
    """Return the scores of several draws of folds as one."""
    first, *later = parts
    if not later:
        return first
    return RepeatedOutOfFold(
        first.scores,
        all(part.converged for part in parts),
        own_labels(first),
        any(drew_globally(part) for part in parts),
        tuple(later),
    )


def own_labels(part: OutOfFold) -> Labels | None:
    """Return the labels that a candidate predicts against its scores; None if it does not."""
    return part.labels if isinstance(part, OwnOutOfFold) else None


def drew_globally(part: OutOfFold) -> bool:
    """Check whether a candidate drew from a global random generator."""
    return isinstance(part, OwnOutOfFold) and part.drew
