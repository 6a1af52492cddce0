"""The report of a comparison of records: a reference, candidates, and what follows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from repro.core.model import Record
from repro.core.verdict import Comparison, Kind, Suspect

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


class ComparisonReport(Record):
    """The findings of ``repro compare``.

    Attributes
    ----------
    groups : tuple of tuple of str
        Names of the records whose stage outputs all have the same bits, the reference's first.
    """

    schema_: Literal["repro.comparison/v1"] = Field(alias="schema")
    reference: str
    holds: bool
    candidates: tuple[Candidate, ...]
    groups: tuple[tuple[str, ...], ...]
