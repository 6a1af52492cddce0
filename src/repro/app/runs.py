"""Use cases over the runs of a project."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.app.configuration import stability_settings
from repro.core.errors import ReproError
from repro.core.records import STAGES_VERSION, Stages
from repro.core.stability import Band, StabilityReport
from repro.divergence.compare import outputs_of
from repro.divergence.stability import Bands, Replicate, judge_group
from repro.store import list_runs, open_run
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repro.core.records import Metrics
    from repro.store import RunEntry
    from repro.store.listing import Summary

    Listed = tuple[Path, Summary]


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
        """True if seeds move the metric by less than the held-out rows leave open anyway."""
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
            listed[0][1].snapshot.comparison_group,
            key,
            [_replicate(*each) for each in listed],
            limits,
        )
        for key, listed in _by_key(entries).items()
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


def _replicate(path: Path, summary: Summary) -> Replicate:
    keys, lineage = summary.snapshot.keys, summary.lineage
    stages = _stages(path)
    loaded = lineage.code if lineage.loaded is None else lineage.loaded
    versions = [(stage.name, stage.version) for stage in stages.stages if stage.version]
    code = repr((lineage.commit, [(name, lineage.code[name]) for name in loaded], versions))
    return Replicate(
        seed=_seed(summary),
        strict_key=keys.strict_key,
        environment_key=keys.environment_key,
        metrics=summary.metrics,
        bits=_bits(stages, summary),
        code=code,
    )


def _stages(path: Path) -> Stages:
    """Read the stages of a run; none where the file is damaged, which the list of runs shows."""
    try:
        return open_run(path).record("stages.json", Stages)
    except ReproError:
        return Stages(schema_="repro.stages/v1", version=STAGES_VERSION, stages=())


def _by_key(entries: Sequence[RunEntry]) -> dict[str, list[Listed]]:
    found: dict[str, list[Listed]] = {}
    for entry in entries:
        if entry.summary is not None:
            key = entry.summary.snapshot.keys.replicate_key
            found.setdefault(key, []).append((entry.path, entry.summary))
    return found


def _group(key: str, listed: Sequence[Listed]) -> Group:
    by_seed: dict[int, list[Listed]] = {}
    for path, summary in listed:
        by_seed.setdefault(_seed(summary), []).append((path, summary))
    summaries = [summary for _, summary in listed]
    first = [same_seed[0][1].metrics for _, same_seed in sorted(by_seed.items())]
    repeated = [same_seed for same_seed in by_seed.values() if len(same_seed) > 1]
    same = [
        len({_bits(_stages(each[0]), each[1]) for each in same_seed}) == 1 for same_seed in repeated
    ]
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


def _bits(stages: Stages, summary: Summary) -> tuple[str, ...]:
    """Return what repeated runs share: everything but comments on the result."""
    outputs = outputs_of(stages)
    judged = {name: digest for name, digest in outputs.items() if not MEANING.is_diagnostic(name)}
    metrics = summary.metrics.model_copy(update={"findings": ()})
    predictions = summary.lineage.files["predictions.csv"].sha256
    return (repr(sorted(judged.items())), repr(metrics), predictions)


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
