"""The report of a gate: whether a candidate may take the place of a base, metric by metric."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from repro.core.model import Later, Record


class GateOutcome(StrEnum):
    """The answer to one gate; only ``passed`` is a pass."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


class GateResult(Record):
    """One gate with what was measured.

    Attributes
    ----------
    gate : str
        As it was asked.
    margin : float
        The loss that was allowed.
    base, candidate : float or None
        The metric of each side; None where these rows do not define it.
    effect : float or None
        By how much the candidate is better: above 0 is an improvement, whatever the direction of
        the metric.
    low, high : float or None
        The ends of the interval of the effect.
    reason : str
        Why the outcome is what it is.
    """

    gate: str
    metric: str
    requirement: Literal["better", "no-worse"]
    margin: float
    outcome: GateOutcome
    reason: str
    base: float | None = Later
    candidate: float | None = Later
    effect: float | None = Later
    low: float | None = Later
    high: float | None = Later

    @property
    def sentence(self) -> str:
        """The outcome and its reason."""
        undecided = self.outcome is GateOutcome.UNDECIDED
        return f"{'cannot be decided' if undecided else self.outcome}: {self.reason}"


class GateReport(Record):
    """The findings of ``repro compare --gate``.

    Attributes
    ----------
    holds : bool
        Whether every gate passed, of which there is at least one.
    rows : int
        The number of held-out rows, which are the same on both sides.
    held_out : str
        Digest of their positions, true values and weights.
    groups : str or None
        The column whose rows were resampled as a whole; None where rows were drawn one by one.
    level : float
        The share of the resamples that an interval holds.
    notes : tuple of str
        What a reader should know, and what changes no outcome.
    """

    schema_: Literal["repro.gate/v1"] = Field(alias="schema")
    base: str
    candidate: str
    holds: bool
    rows: int
    held_out: str
    groups: str | None
    level: float
    resamples: int
    results: tuple[GateResult, ...]
    notes: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """True if every gate passed."""
        return self.holds

    def __repr__(self) -> str:
        found = ", ".join(f"{result.gate}: {result.outcome}" for result in self.results)
        return f"<GateReport of {self.candidate} with {self.base}: {found}>"

    # Intervals with sixteen digits are no text for a person.
    __str__ = __repr__
