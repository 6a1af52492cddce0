"""The spread of the metrics of replicates, in relation to what the held-out rows leave open."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.core.stability import Band, GroupStability, MetricStability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.core.records import Metrics

_ORDER = tuple(Band)


@dataclass(frozen=True)
class Bands:
    """The ratios of spread to interval beyond which a metric drifts, and has diverged."""

    drifting: float
    diverged: float


@dataclass(frozen=True)
class Replicate:
    """One run of a group.

    Attributes
    ----------
    bits : tuple of str
        Digests of what training gave: of its stages, metrics and predictions.
    code : str
        Identifies the code that trained: its commit, loaded files and versions of stages.
    """

    seed: int
    strict_key: str
    environment_key: str
    metrics: Metrics
    bits: tuple[str, ...] = ()
    code: str = ""


def judge_group(
    name: str, replicate_key: str, runs: Sequence[Replicate], bands: Bands
) -> GroupStability:
    """Judge runs that share a replicate key.

    Notes
    -----
    Runs of other seeds may differ by as much as the held-out rows leave open anyway, which the
    bootstrap interval shows: hence the ratio. Runs of one seed in one environment may not differ at
    all.
    """
    names = dict.fromkeys(metric for run in runs for metric in run.metrics.test)
    metrics = {metric: _judge_metric(metric, runs, bands) for metric in names}
    apart = _apart(runs)
    found = [metric.band for metric in metrics.values() if metric.band]
    band = Band.DIVERGED if apart else max(found, key=_ORDER.index, default=None)
    return GroupStability(
        name=name,
        replicate_key=replicate_key,
        runs=len(runs),
        seeds=tuple(sorted({run.seed for run in runs})),
        band=band,
        sentence=_sentence(band, metrics, runs, apart),
        apart=apart,
        metrics=metrics,
    )


def _judge_metric(name: str, runs: Sequence[Replicate], bands: Bands) -> MetricStability:
    having = [run for run in runs if name in run.metrics.test]
    estimates = [run.metrics.test[name] for run in having]
    low = min(estimate.value for estimate in estimates)
    high = max(estimate.value for estimate in estimates)
    interval = statistics.fmean(estimate.high - estimate.low for estimate in estimates)
    ratio = (high - low) / interval if interval > 0 else None
    repeated = _repeated(name, having)
    if high == low:
        band, ratio = Band.STABLE, 0.0
    elif repeated or ratio is None or ratio > bands.diverged:
        band = Band.DIVERGED
    else:
        band = Band.DRIFTING if ratio > bands.drifting else Band.STABLE
    return MetricStability(
        runs=len(having),
        low=low,
        high=high,
        spread=high - low,
        interval=interval,
        ratio=ratio,
        repeated=repeated,
        band=band if len(having) > 1 else None,
    )


def _again(runs: Sequence[Replicate]) -> list[list[Replicate]]:
    """Group runs of one seed, by the same code in the same environment."""
    found: dict[tuple[str, str, str], list[Replicate]] = {}
    for run in runs:
        found.setdefault((run.strict_key, run.environment_key, run.code), []).append(run)
    return list(found.values())


def _apart(runs: Sequence[Replicate]) -> tuple[int, ...]:
    return tuple(sorted({s[0].seed for s in _again(runs) if len({run.bits for run in s}) > 1}))


def _repeated(name: str, runs: Sequence[Replicate]) -> dict[str, float]:
    found: dict[str, float] = {}
    for same in _again(runs):
        seed, values = str(same[0].seed), [run.metrics.test[name].value for run in same]
        found[seed] = max(found.get(seed, 0.0), max(values) - min(values))
    return {seed: spread for seed, spread in found.items() if spread}


def _sentence(
    band: Band | None,
    metrics: dict[str, MetricStability],
    runs: Sequence[Replicate],
    apart: tuple[int, ...],
) -> str:
    if band is None:
        return f"{'one run' if len(runs) == 1 else 'no metric in two runs'}: nothing to compare"
    moved = [
        (spread, f"seed {seed} by {spread:.3g} in {name}")
        for name, found in metrics.items()
        for seed, spread in found.repeated.items()
    ]
    if moved or apart:
        told = max(moved)[1] if moved else f"seed {apart[0]} in bits that move no metric"
        return f"runs of one seed in one environment do not agree: {told}"
    worst = [name for name, found in metrics.items() if found.band is band]
    if band is Band.STABLE:
        one = len({run.seed for run in runs}) == 1
        return f"{'runs of one seed' if one else 'seeds'} move no metric beyond the limit"
    verb = "drift" if band is Band.DRIFTING else "diverge"
    return f"{', '.join(worst)} {verb}{'s' if len(worst) == 1 else ''}"
