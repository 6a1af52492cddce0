"""Results that only some configurations have, by candidate."""

from __future__ import annotations

from repro.core.model import Later, Record


class Candidate(Record):
    """A candidate that was not selected, fitted and evaluated as if it had been.

    Attributes
    ----------
    test : dict of str to float
        Its metrics on the held-out rows.
    threshold : float or None
        Its own threshold, learned as that of the selected model.
    """

    test: dict[str, float]
    threshold: float | None = Later


class Removed(Record):
    """The number of outlier rows that a candidate did not learn from.

    Attributes
    ----------
    folds : tuple of int
        Of the rows that each fold of cross-validation learns from.
    train : int
        Of all training rows.
    rows : int
        The number of training rows, those that were removed included.
    """

    folds: tuple[int, ...]
    train: int
    rows: int
