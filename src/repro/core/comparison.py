"""The report of a comparison of records: a reference, candidates, and what follows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from repro.core.model import Later, Record
from repro.core.verdict import Comparison, Kind, Suspect, Verdict

# What is counted.
KINDS = {"stage outputs": Kind.STEP, "metrics": Kind.METRIC, "predictions": Kind.PREDICTION}


class Tally(Record):
    """The number of compared values of a kind, by outcome."""

    same: int
    within: int
    differing: int

    @property
    def total(self) -> int:
        """The number of compared values."""
        return self.same + self.within + self.differing


class Candidate(Record):
    """One record compared with the reference.

    Attributes
    ----------
    comparison : Comparison
        Its checks are those that are not the same on both sides.
    tallies : dict of str to Tally
        Of stage outputs, metrics and predictions, the same ones included.
    config, code : dict of str to (expected, actual)
        Where they differ, by dotted key.
    suspects : tuple of Suspect
        The likeliest first; empty where the records agree.
    """

    name: str
    level: str
    bits: str | None
    comparison: Comparison
    tallies: dict[str, Tally]
    config: dict[str, tuple[JsonValue, JsonValue]]
    code: dict[str, tuple[JsonValue, JsonValue]]
    suspects: tuple[Suspect, ...]

    @property
    def passed(self) -> bool:
        """True if the candidate reproduces the reference as expected."""
        return self.comparison.holds

    @property
    def verdict(self) -> Verdict:
        """The verdict of the comparison with the reference."""
        return self.comparison.verdict

    @property
    def first_divergent(self) -> str | None:
        """The first divergent stage or step; None where none diverges."""
        return self.comparison.first_divergent

    def __repr__(self) -> str:
        diverges = f", diverges at {self.first_divergent}" if self.first_divergent else ""
        return f"<Candidate {self.name}: {self.verdict}{diverges}>"

    # Hundreds of checks are no text for a person.
    __str__ = __repr__


class ComparisonReport(Record):
    """The findings of ``repro compare``.

    Attributes
    ----------
    groups : tuple of tuple of str
        Names of the records whose stage outputs all have the same bits, the reference's first.
    target : str or None
        The target of the reference, if its data set has several.
    """

    schema_: Literal["repro.comparison/v1"] = Field(alias="schema")
    reference: str
    holds: bool
    candidates: tuple[Candidate, ...]
    groups: tuple[tuple[str, ...], ...]
    target: str | None = Later

    @property
    def passed(self) -> bool:
        """True if every candidate reproduces the reference as expected."""
        return self.holds

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdict of each candidate, by its name."""
        return {candidate.name: candidate.verdict for candidate in self.candidates}

    def __repr__(self) -> str:
        found = ", ".join(f"{name} {verdict}" for name, verdict in self.verdicts.items())
        return f"<ComparisonReport with {self.reference}: {found}>"

    # Hundreds of checks are no text for a person.
    __str__ = __repr__
