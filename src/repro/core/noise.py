"""The report of ``noise``: how far the numbers of one training move between code paths."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from repro.core.model import Later, Record
from repro.core.verdict import Network


class NoiseTraining(Record):
    """One training of the ensemble.

    Attributes
    ----------
    level : str
        What was fixed before Python started.
    bits : str or None
        The class of processors whose bits these are.
    fingerprint : str
        Empty if the training did not finish.
    agreeing, outputs : int
        How many stage outputs have the bits of the first training, and how many there are.
    failure : str
        Why the training was not done or did not finish; empty if it did.
    """

    level: str
    bits: str | None
    fingerprint: str
    agreeing: int
    outputs: int
    seconds: float
    failure: str


class Noise(Record):
    """The measurement of ``repro noise``.

    Attributes
    ----------
    spreads : dict of str to float
        Greatest minus smallest value over the trainings, by the dotted name of the number. All
        numbers of the predictions together are ``predictions``: the greatest of their spreads.
    flips : int
        Rows whose label is not the same in every training.
    unstable : tuple of str
        Names whose spread is beyond the limit, in itself and in relation to its size.
    digest : str
        Binds the rest of the file, so that an edit is noticed.
    network : Network or None
        Of the trainings; None in a file of before it was recorded.
    """

    schema_: Literal["repro.noise/v1"] = Field(alias="schema")
    subject: str
    strict_key: str
    machine: str
    trainings: tuple[NoiseTraining, ...]
    spreads: dict[str, Annotated[float, Field(ge=0)]]
    flips: Annotated[int, Field(ge=0)]
    unstable: tuple[str, ...]
    sentence: str
    digest: str
    network: Network | None = Later

    @property
    def classes(self) -> int:
        """The number of different fingerprints of the trainings: with one, nothing was measured."""
        return len({each.fingerprint for each in self.trainings if each.fingerprint})
