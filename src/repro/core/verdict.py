"""Verdicts, and the checks that they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue

from repro.core.model import Later, Record
from repro.core.records import Finding


class Verdict(StrEnum):
    """The verdict of a comparison; only the first two are a pass."""

    IDENTICAL = "identical"
    EQUIVALENT = "equivalent"
    DIFFERENT = "different"
    INCOMPARABLE = "incomparable"

    @property
    def holds(self) -> bool:
        """True if the result reproduces."""
        return self in {Verdict.IDENTICAL, Verdict.EQUIVALENT}


class Outcome(StrEnum):
    """The outcome of one check.

    ``EXPLAINED`` is a difference in a comment on the result, such as a finding, that follows from a
    recorded setting which is no part of the experiment's identity, or from a redefined stage; or a
    metric that only one of two records has.
    """

    SAME = "same"
    WITHIN = "within tolerance"
    TIE = "tie"
    EXPLAINED = "explained"
    DIFFERS = "differs"
    MISSING = "missing"


class Kind(StrEnum):
    """The kind of thing that a check looks at."""

    INTEGRITY = "integrity"
    STEP = "step"
    SERIES = "series"
    METRIC = "metric"
    DECISION = "decision rule"
    TRIAL = "trial"
    HELD_OUT = "held-out rows"
    PREDICTION = "prediction"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Check:
    """One expected value compared with the actual one.

    Not a model like the others: a comparison makes hundreds of them for each record, and what they
    hold was checked when it was read.

    Attributes
    ----------
    name : str
        Dotted, such as ``metrics.test.accuracy`` or ``predictions.17``.
    difference, allowed : float or None
        The greatest absolute difference and what the tolerance allows for that number.
    relative : float or None
        That difference over the greater magnitude of the two.
    ulps : int or None
        How many floats lie between them, plus one; 0 for the same float.
    kind : Kind
    """

    name: str
    expected: JsonValue
    actual: JsonValue
    outcome: Outcome
    difference: float | None = None
    allowed: float | None = None
    relative: float | None = None
    ulps: int | None = None
    detail: str = ""
    kind: Kind = Kind.INTEGRITY

    @property
    def excess(self) -> float:
        """The difference in relation to what was allowed, to rank checks by."""
        return excess_of(self.difference or 0.0, self.allowed or 0.0)


def excess_of(difference: float, allowed: float) -> float:
    """Return a difference in relation to what was allowed; infinite where nothing was."""
    if not difference:
        return 0.0
    return difference / allowed if allowed else float("inf")


class Divergence(Record):
    """The first stage at which two trainings part.

    Attributes
    ----------
    outputs : tuple of str
        Those that differ.
    inputs : tuple of str
        Those that differ and that no earlier stage made, such as seeds or a table: the reason is
        then what went in. Empty where all inputs agree, and the reason is how it was computed.
    part : str or None
        Of a stage that records no parts: the first part of what a later stage learned from all
        training rows that differs on its own.
    """

    stage: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    part: str | None = Later


class Suspect(Record):
    """A recorded difference that may be why two records diverge.

    Attributes
    ----------
    cause : str
        In words, such as ``BLAS kernel``.
    differences : dict of str to (expected, actual)
        What differs, by dotted key.
    rule : str
        Why it can, or cannot, act at the stage where the records diverge.
    can_act : bool
    """

    cause: str
    differences: dict[str, tuple[JsonValue, JsonValue]]
    rule: str
    can_act: bool


class Counterparts(Record):
    """The numbers of a report that correspond to numbers of a record.

    Attributes
    ----------
    total : int
        The number of metrics in the report.
    compared : dict of str to str
        The name of the record's number, by the name in the report.
    without : tuple of str
        Names of the report that have no counterpart, and that nothing was compared with.
    parameters : dict of str to (expected, actual)
        Parameters that both name and that differ, as text. They decide nothing.
    """

    total: int
    compared: dict[str, str]
    without: tuple[str, ...]
    parameters: dict[str, tuple[str, str]]


COMMAND_STATUS = "command.status"
"""Name of the fact that is the exit status of a command."""


class Comparison(Record):
    """A verdict with everything it rests on.

    Attributes
    ----------
    reasons : tuple of str
        Sentences for a person, the weightiest first.
    worst : Check or None
        The check with the greatest difference in relation to what was allowed.
    environment : dict of str to (expected, actual)
        Where the environments differ, by dotted key.
    absolute, relative : float
        The tolerance of numbers without their own; each check says what was allowed.
    basis : str
        Where the tolerances come from; empty where they are as configured or given.
    expectation : str
        What the two environments led one to expect; empty where nobody asked.
    finding : str
        Why a verdict that would pass on its own fails; empty without such a reason.
    counterparts : Counterparts or None
        What was compared where the reference is no record but a report of metrics.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    divergence: Divergence | None
    worst: Check | None
    checks: tuple[Check, ...]
    environment: dict[str, tuple[JsonValue, JsonValue]]
    absolute: float
    relative: float
    basis: str = ""
    expectation: str = ""
    finding: str = ""
    counterparts: Counterparts | None = Later

    @property
    def holds(self) -> bool:
        """True if the result reproduces as expected."""
        return self.verdict.holds and not self.finding

    @property
    def first_divergent(self) -> str | None:
        """The first divergent stage or step; None where none diverges."""
        return self.divergence.stage if self.divergence else None

    @property
    def is_of_commands(self) -> bool:
        """Return whether both records are of commands: only these have an exit status."""
        return any(check.name == COMMAND_STATUS for check in self.checks)


class Network(Record):
    """The isolation of a re-execution from the network.

    Attributes
    ----------
    isolated : bool
        Whether every network socket was refused.
    mechanism : str
        What refused them, such as ``seccomp``; empty where nothing did.
    reason : str
        Why nothing did; empty where something did.
    """

    isolated: bool
    mechanism: str
    reason: str

    @property
    def sentence(self) -> str:
        """The same for a person."""
        if self.isolated:
            return f"every network socket refused ({self.mechanism})"
        return f"not isolated: {self.reason}"


class NamedComparison(Record):
    """A comparison with one more reference, and the name of that for people."""

    name: str
    comparison: Comparison


class Verification(Record):
    """The report of ``verify``, as ``--output`` writes it.

    Attributes
    ----------
    integrity : tuple of Check
        One for every file of a run, or one for the binding of a reference.
    comparison : Comparison or None
        None where only integrity was asked for, or integrity failed.
    suspects : tuple of Suspect
        What can have made the record and this run diverge, ranked; empty where they are identical.
    findings : tuple of Finding
        Reasons to doubt the result, however well it reproduces; empty where nothing was trained.
    network : Network or None
        Of the re-execution; None where nothing was executed, or in a process that goes on.
    seal : str or None
        Of a command that was run again: ``sealed``, or why what was observed may be incomplete.
    printed : str or None
        The first line of its standard output that differs. It decides nothing.
    claimed : tuple of str
        What the record says of itself, and nothing on this machine was compared with.
    reference : NamedComparison or None
        The result compared with one more reference, if that was asked for; it holds only if both
        comparisons do.
    target : str or None
        The target of the record, if its data set has several.
    """

    schema_: Literal["repro.verification/v1"] = Field(alias="schema")
    subject: str
    holds: bool
    sentence: str
    integrity: tuple[Check, ...]
    comparison: Comparison | None
    suspects: tuple[Suspect, ...] = ()
    findings: tuple[Finding, ...] = ()
    network: Network | None = Later
    seal: str | None = Later
    printed: str | None = Later
    claimed: tuple[str, ...] = ()
    reference: NamedComparison | None = Later
    target: str | None = Later

    @property
    def passed(self) -> bool:
        """True if the subject is intact and, where it was executed again, it reproduces."""
        return self.holds

    @property
    def verdict(self) -> Verdict | None:
        """The verdict of the comparison; None where nothing was compared."""
        return self.comparison.verdict if self.comparison else None

    @property
    def first_divergent(self) -> str | None:
        """The first divergent stage or step; None where none diverges or nothing was compared."""
        return self.comparison.first_divergent if self.comparison else None

    def __repr__(self) -> str:
        return f"<Verification of {self.subject}: {self.sentence}>"

    # Hundreds of checks are no text for a person.
    __str__ = __repr__
