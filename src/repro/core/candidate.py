"""The results of a candidate that was not selected, if the models of all candidates are kept."""

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
