"""The reports of ``runs groups``: how far the metrics of replicates spread."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from repro.core.model import Record


class Band(StrEnum):
    """The rating of a spread, by how much of a bootstrap interval it fills."""

    STABLE = "STABLE"
    DRIFTING = "DRIFTING"
    DIVERGED = "DIVERGED"


class MetricSpread(Record):
    """A metric over the runs of a group.

    Attributes
    ----------
    runs : int
        How many have the metric.
    mean, std : float
        Over seeds, the newest run of each; the sample standard deviation, 0 for one seed.
    low, high : float
        The smallest and the largest value of all runs.
    interval : float or None
        Mean width of the bootstrap intervals; None where none were drawn.
    repeated : dict of str to float
        As in ``MetricStability``.
    """

    runs: int
    mean: float
    std: float
    low: float
    high: float
    interval: float | None
    repeated: dict[str, float]

    @property
    def spread(self) -> float:
        """The largest value less the smallest."""
        return self.high - self.low

    @property
    def within(self) -> bool | None:
        """True if runs move the metric by no more than the held-out rows leave open anyway.

        None where no intervals were drawn, which show that.
        """
        return None if self.interval is None else self.spread <= self.interval


class GroupSpread(Record):
    """Runs that share a replicate key, before anything is judged.

    Attributes
    ----------
    reproduced : bool or None
        Whether runs of one seed, by the same code in the same environment, have the same bits; None
        where no seed was run twice in this way.
    apart : tuple of int
        The seeds for which they do not.
    """

    name: str
    replicate_key: str
    runs: int
    seeds: tuple[int, ...]
    models: tuple[str, ...]
    reproduced: bool | None
    apart: tuple[int, ...]
    metrics: dict[str, MetricSpread]


class GroupsReport(Record):
    """The runs that ``repro runs groups`` lists, the newest group first.

    Attributes
    ----------
    damaged : tuple of str
        Runs that could not be read and were left out.
    """

    schema_: Literal["repro.groups/v1"] = Field(alias="schema")
    groups: tuple[GroupSpread, ...]
    damaged: tuple[str, ...]


class MetricStability(Record):
    """A metric over the runs of a group.

    Attributes
    ----------
    runs : int
        How many have the metric.
    spread : float
        The largest value less the smallest.
    interval : float or None
        Mean width of the bootstrap intervals; None where none were drawn.
    ratio : float or None
        The spread over the width; None where there is a spread and no width above
        0.
    repeated : dict of str to float
        The spread over the runs of one seed in one environment, by seed, of those that were run
        more than once there and have any: it should be 0, and is a finding.
    band : Band or None
        None where fewer than two runs have the metric, or no intervals were drawn.
    """

    runs: int
    low: float
    high: float
    spread: float
    interval: float | None
    ratio: float | None
    repeated: dict[str, float]
    band: Band | None


class GroupStability(Record):
    """Runs that share a replicate key.

    Attributes
    ----------
    band : Band or None
        The worst of its metrics, or DIVERGED for a seed in ``apart``; None where there was nothing
        to compare.
    apart : tuple of int
        Seeds whose runs in one environment do not have the same bits, be it in the stages alone:
        a finding.
    """

    name: str
    replicate_key: str
    runs: int
    seeds: tuple[int, ...]
    band: Band | None
    sentence: str
    metrics: dict[str, MetricStability]
    apart: tuple[int, ...] = ()


class StabilityReport(Record):
    """The findings of ``repro runs groups --stability``.

    Attributes
    ----------
    drifting, diverged : float
        The ratios beyond which a metric drifts, and has diverged.
    holds : bool
        Whether something was compared and no group has diverged.
    damaged : tuple of str
        Runs that could not be read and were left out.
    """

    schema_: Literal["repro.stability/v1"] = Field(alias="schema")
    drifting: float
    diverged: float
    holds: bool
    groups: tuple[GroupStability, ...]
    damaged: tuple[str, ...]
