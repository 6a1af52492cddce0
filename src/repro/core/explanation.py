"""The report of ``explain``: what was tried, and what brought the other side's bits."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from repro.core.model import Later, Record
from repro.core.verdict import Divergence, Network, Suspect


class Counterfactual(Record):
    """A training on this machine with some of the differences removed.

    Attributes
    ----------
    causes : tuple of str
        Those differences; empty for the training that all others are compared with.
    settings : dict of str to str or None
        Environment variables; None for one that is not set.
    sections : dict of str to JSON value
        Sections of the configuration.
    packages : dict of str to str
        Versions of packages.
    release : str or None
        The release of Debian in whose tree it ran; None if it ran on this system.
    seeds : dict of str to int, or None
        Seeds that global generators of a recorded command were given; None without any.
    repeats : bool or None
        True if its bits were not compared with the record's, but with those of the first training
        with the same causes: what a program leaves to chance has no recorded bits to bring back.
    agreeing, outputs : int
        How many stage outputs have the record's bits, and how many of them there are.
    confirms : bool
        Whether the outputs of the first divergent stage have them.
    failure : str
        Why the training did not finish; empty if it did.
    """

    causes: tuple[str, ...]
    settings: dict[str, str | None]
    sections: dict[str, JsonValue]
    packages: dict[str, str]
    agreeing: int
    outputs: int
    confirms: bool
    seconds: float
    failure: str
    release: str | None = Later
    seeds: dict[str, int] | None = Later
    repeats: bool | None = Later


class Explanation(Record):
    """The findings of ``repro explain``.

    Attributes
    ----------
    against : str
        The record whose configuration and settings the training had; empty if it had those
        of the subject, and of this machine.
    divergence : Divergence or None
        The divergence of the record and the training; None if they agree.
    confirmed : tuple of str
        The causes that, taken away together, bring the record's bits, or make repetitions agree.
    suspected : tuple of Suspect
        Those that could act and were not confirmed: not tried, or tried without success.
    untried : dict of str to str
        Why a suspected cause could not be tried.
    network : Network or None
        Of the trainings; None in a report of before it was recorded, and of a recorded command.
    seal : str or None
        Of a command that was run again: ``sealed``, or why what was observed may be incomplete.
    """

    schema_: Literal["repro.explanation/v1"] = Field(alias="schema")
    subject: str
    against: str
    sentence: str
    explained: bool
    divergence: Divergence | None
    confirmed: tuple[str, ...]
    suspected: tuple[Suspect, ...]
    untried: dict[str, str]
    trials: tuple[Counterfactual, ...]
    network: Network | None = Later
    seal: str | None = Later
