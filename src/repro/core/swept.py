"""The reports on many runs: of a sweep, and of their verification."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from repro.core.model import Record


class SweptRun(Record):
    """One training of a sweep.

    Attributes
    ----------
    overlay : str
        The overlay file of this training; empty without one.
    state : {"trained", "found", "failed"}
        Whether it was trained now, an earlier run with the same configuration, code and packages
        was found, or it did not finish.
    run_id : str
        Empty if it failed.
    metrics : dict of str to float
        Of the held-out rows.
    findings : tuple of str
    failure : str
        The reason, if it failed.
    """

    experiment: str
    overlay: str
    seed: int
    state: Literal["trained", "found", "failed"]
    run_id: str = ""
    model: str = ""
    metric: str = ""
    metrics: dict[str, float] = Field(default_factory=dict)
    findings: tuple[str, ...] = ()
    failure: str = ""


class SweptGroup(Record):
    """The runs of one experiment and overlay, over the seeds.

    Attributes
    ----------
    std : float or None
        With one degree of freedom less than there are seeds; None for one seed.
    """

    experiment: str
    overlay: str
    metric: str
    seeds: tuple[int, ...]
    models: tuple[str, ...]
    mean: float
    std: float | None
    low: float
    high: float


class Sweep(Record):
    """``repro sweep``: every training, and the spread over seeds; it holds if none failed."""

    schema_: Literal["repro.sweep/v1"] = Field(alias="schema")
    holds: bool
    runs: tuple[SweptRun, ...]
    groups: tuple[SweptGroup, ...]


class VerifiedRun(Record):
    """One run of ``repro verify --all``.

    Attributes
    ----------
    verdict : str
        ``identical``, ``equivalent``, ``different`` or ``incomparable``; ``intact`` where only
        files were checked; ``tampered`` or ``unchecked`` where nothing was executed.
    """

    run_id: str
    holds: bool
    verdict: str
    sentence: str


class Verifications(Record):
    """``repro verify --all``: it holds if there are runs, and each one of them holds."""

    schema_: Literal["repro.verifications/v1"] = Field(alias="schema")
    holds: bool
    runs: tuple[VerifiedRun, ...]
