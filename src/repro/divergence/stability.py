"""How far the metrics of replicates spread, in relation to what the held-out rows leave open."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.core.stability import Band, GroupStability, MetricStability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.core.records import Estimate, Metrics

_ORDER = tuple(Band)


@dataclass(frozen=True)
class Limits:
    """The ratios of spread to interval beyond which a metric drifts, and has diverged."""

    drifting: float
    diverged: float


@dataclass(frozen=True)
class Replicate:
    """One run of a group."""

    seed: int
    strict_key: str
    environment_key: str
    metrics: Metrics


def judge_group(
    name: str, replicate_key: str, runs: Sequence[Replicate], limits: Limits
) -> GroupStability:
    """Judge runs that share a replicate key.

    Notes
    -----
    Runs of other seeds may differ by as much as the held-out rows leave open anyway, which the
    bootstrap interval tells: hence the ratio. Runs of one seed in one environment may not differ at
    all.
    """
    names = dict.fromkeys(metric for run in runs for metric in run.metrics.test)
    metrics = {metric: _judge_metric(metric, runs, limits) for metric in names}
    bands = {metric: found.band for metric, found in metrics.items() if found.band}
    band = max(bands.values(), key=_ORDER.index, default=None)
    return GroupStability(
        name=name,
        replicate_key=replicate_key,
        runs=len(runs),
        seeds=tuple(sorted({run.seed for run in runs})),
        band=band,
        sentence=_sentence(band, metrics, len(runs)),
        metrics=metrics,
    )


def _judge_metric(name: str, runs: Sequence[Replicate], limits: Limits) -> MetricStability:
    having = [run for run in runs if name in run.metrics.test]
    estimates = [run.metrics.test[name] for run in having]
    low = min(estimate.value for estimate in estimates)
    high = max(estimate.value for estimate in estimates)
    interval = statistics.fmean(estimate.high - estimate.low for estimate in estimates)
    ratio = (high - low) / interval if interval else None
    repeated = _repeated(name, having)
    if high == low:
        band, ratio = Band.STABLE, 0.0
    elif repeated or ratio is None or ratio > limits.diverged:
        band = Band.DIVERGED
    else:
        band = Band.DRIFTING if ratio > limits.drifting else Band.STABLE
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


def _repeated(name: str, runs: Sequence[Replicate]) -> dict[str, float]:
    by_key: dict[tuple[str, str], tuple[int, list[Estimate]]] = {}
    for run in runs:
        key = run.strict_key, run.environment_key
        by_key.setdefault(key, (run.seed, []))[1].append(run.metrics.test[name])
    found: dict[str, float] = {}
    for seed, same in by_key.values():
        values = [estimate.value for estimate in same]
        found[str(seed)] = max(found.get(str(seed), 0.0), max(values) - min(values))
    return {seed: spread for seed, spread in found.items() if spread}


def _sentence(band: Band | None, metrics: dict[str, MetricStability], runs: int) -> str:
    if band is None:
        return f"{'one run' if runs == 1 else 'no metric in two runs'}: nothing to compare"
    apart = [
        (spread, f"seed {seed} by {spread:.3g} in {name}")
        for name, found in metrics.items()
        for seed, spread in found.repeated.items()
    ]
    if apart:
        return f"runs of one seed in one environment do not agree: {max(apart)[1]}"
    worst = [name for name, found in metrics.items() if found.band is band]
    if band is Band.STABLE:
        return "seeds move no metric beyond the limit"
    verb = "drift" if band is Band.DRIFTING else "diverge"
    return f"{', '.join(worst)} {verb}{'s' if len(worst) == 1 else ''}"
