"""The report of ``explain``: what was tried here, and what brought the other side's bits."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from repro.core.comparison import Suspect
from repro.core.model import Record
from repro.core.verdict import Divergence


class Trial(Record):
    """A training here under settings of the other side.

    Attributes
    ----------
    causes : tuple of str
        The differences that it takes away; empty for the training as it is here.
    settings : dict of str to str or None
        Environment variables; None for one that is not set.
    agreeing, outputs : int
        How many stage outputs have the other side's bits, and how many there are.
    confirms : bool
        Whether the outputs of the stage at which the two parted have them.
    failure : str
        Why the training came to no end; empty where it did.
    """

    causes: tuple[str, ...]
    settings: dict[str, str | None]
    agreeing: int
    outputs: int
    confirms: bool
    seconds: float
    failure: str


class Explanation(Record):
    """What ``repro explain`` found.

    Attributes
    ----------
    divergence : Divergence or None
        Where the record and a training here part; None where they do not.
    confirmed : tuple of str
        The causes that, taken away together and none of them left out, bring the record's bits.
    suspected : tuple of Suspect
        Those that could act and were not confirmed: not tried, or tried without success.
    """

    schema_: Literal["repro.explanation/v1"] = Field(alias="schema")
    subject: str
    sentence: str
    explained: bool
    divergence: Divergence | None
    confirmed: tuple[str, ...]
    suspected: tuple[Suspect, ...]
    trials: tuple[Trial, ...]
