"""Use cases over the runs of a project."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.app.configuration import stability_settings
from repro.core.environment import environment_key, key_version
from repro.core.errors import ReproError
from repro.core.records import EnvironmentFile
from repro.core.stability import Band, StabilityReport
from repro.divergence.stability import Bands, Replicate, judge_group
from repro.store import list_runs, open_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repro.core.records import Metrics
    from repro.store import RunEntry
    from repro.store.listing import Summary


@dataclass(frozen=True)
class MetricSpread:
    """A metric over the runs of a group.

    Attributes
    ----------
    mean, std : float
        Over seeds, one run of each; the sample standard deviation, 0 for one seed.
    low, high : float
        The smallest and the largest value.
    interval : float
        Mean width of the bootstrap intervals.
    """

    mean: float
    std: float
    low: float
    high: float
    interval: float

    @property
    def within(self) -> bool:
        """Whether seeds move the metric by less than the held-out rows leave open anyway."""
        return self.high - self.low <= self.interval


@dataclass(frozen=True)
class Group:
    """Runs that share a replicate key.

    Attributes
    ----------
    reproduced : bool or None
        Whether runs of one seed have the same bits; None where no seed was run twice.
    """

    name: str
    replicate_key: str
    runs: int
    seeds: tuple[int, ...]
    models: tuple[str, ...]
    reproduced: bool | None
    metrics: dict[str, MetricSpread]


def groups(runs: Path) -> tuple[Group, ...]:
    """Group the complete runs by replicate key, the newest group first."""
    return tuple(_group(key, found) for key, found in _by_key(list_runs(runs)).items())


def stability(project: Path, runs: Path) -> StabilityReport:
    """Hold the spread of every metric over replicates against its bootstrap interval.

    Raises
    ------
    ConfigError
        If ``configs/base.yaml`` does not say what is drifting and diverged.
    """
    settings = stability_settings(project)
    limits = Bands(settings.drifting, settings.diverged)
    entries = list_runs(runs)
    found = tuple(
        judge_group(
            summaries[0].snapshot.comparison_group,
            key,
            _replicates(runs, summaries),
            limits,
        )
        for key, summaries in _by_key(entries).items()
    )
    bands = {group.band for group in found}
    return StabilityReport(
        schema_="repro.stability/v1",
        drifting=limits.drifting,
        diverged=limits.diverged,
        holds=bool(bands - {None}) and Band.DIVERGED not in bands,
        groups=found,
        damaged=tuple(entry.run_id for entry in entries if entry.summary is None),
    )


def _replicates(runs: Path, summaries: Sequence[Summary]) -> list[Replicate]:
    keys = [summary.snapshot.keys.environment_key for summary in summaries]
    if len(set(map(key_version, keys))) > 1:
        # One definition for all: the first, which every run has what it takes for.
        keys = [_first_key(runs, summary) for summary in summaries]
    return [
        Replicate(_seed(s), s.snapshot.keys.strict_key, key, s.metrics, _bits(s))
        for s, key in zip(summaries, keys, strict=True)
    ]


def _first_key(runs: Path, summary: Summary) -> str:
    try:
        files = open_run(runs / summary.lineage.run_id)
        environment = files.record("environment.json", EnvironmentFile).environment
    except ReproError:
        # Its other files are sound, and nothing else has its environment.
        return summary.snapshot.keys.environment_key
    return environment_key(environment, version=1)


def _by_key(entries: Sequence[RunEntry]) -> dict[str, list[Summary]]:
    found: dict[str, list[Summary]] = {}
    for entry in entries:
        if entry.summary is not None:
            key = entry.summary.snapshot.keys.replicate_key
            found.setdefault(key, []).append(entry.summary)
    return found


def _group(key: str, summaries: Sequence[Summary]) -> Group:
    by_seed: dict[int, list[Summary]] = {}
    for summary in summaries:
        by_seed.setdefault(_seed(summary), []).append(summary)
    first = [same_seed[0].metrics for _, same_seed in sorted(by_seed.items())]
    repeated = [same_seed for same_seed in by_seed.values() if len(same_seed) > 1]
    same = [len({_bits(summary) for summary in same_seed}) == 1 for same_seed in repeated]
    return Group(
        name=summaries[0].snapshot.comparison_group,
        replicate_key=key,
        runs=len(summaries),
        seeds=tuple(sorted(by_seed)),
        models=tuple(sorted({summary.metrics.model for summary in summaries})),
        reproduced=all(same) if same else None,
        metrics={name: _spread(first, name) for name in first[0].test},
    )


def _seed(summary: Summary) -> int:
    seed = summary.config.get("seed")
    return seed if isinstance(seed, int) else -1


def _bits(summary: Summary) -> tuple[str, ...]:
    files = summary.lineage.files
    return tuple(files[name].sha256 for name in ("stages.json", "metrics.json", "predictions.csv"))


def _spread(metrics: Sequence[Metrics], name: str) -> MetricSpread:
    estimates = [seed.test[name] for seed in metrics if name in seed.test]
    values = [estimate.value for estimate in estimates]
    return MetricSpread(
        mean=statistics.fmean(values),
        std=statistics.stdev(values) if len(values) > 1 else 0.0,
        low=min(values),
        high=max(values),
        interval=statistics.fmean(estimate.high - estimate.low for estimate in estimates),
    )
