"""The spread of the metrics of replicates, in relation to what the held-out rows leave open."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from repro.core.stability import (
    Band,
    GroupSpread,
    GroupStability,
    MetricSpread,
    MetricStability,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ORDER = tuple(Band)


@dataclass(frozen=True)
class Bands:
    """The ratios of spread to interval beyond which a metric drifts, and has diverged."""

    drifting: float
    diverged: float


class Measured(NamedTuple):
    """A metric of a run, and its interval if one was drawn."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Replicate:
    """One run of a group.

    Attributes
    ----------
    model : str
        The chosen family.
    test : mapping of str to Measured
        Metrics of the chosen model on the held-out rows.
    bits : tuple of str
        Digests of what training gave: of its stages, metrics and predictions.
    code : str
        Identifies the code that trained: its commit, loaded files and versions of stages.
    """

    seed: int
    strict_key: str
    environment_key: str
    model: str
    test: Mapping[str, Measured]
    bits: tuple[str, ...] = ()
    code: str = ""


def judge_group(
    name: str, replicate_key: str, runs: Sequence[Replicate], bands: Bands
) -> GroupStability:
    """Judge runs that share a replicate key, the newest first.

    Notes
    -----
    Runs of other seeds may differ by as much as the held-out rows leave open anyway, which the
    bootstrap interval shows: hence the ratio. Runs of one seed in one environment may not differ at
    all.
    """
    group = spread_of(name, replicate_key, runs)
    metrics = {metric: _judge(spread, bands) for metric, spread in group.metrics.items()}
    found = [metric.band for metric in metrics.values() if metric.band]
    band = Band.DIVERGED if group.apart else max(found, key=_ORDER.index, default=None)
    return GroupStability(
        name=group.name,
        replicate_key=group.replicate_key,
        runs=group.runs,
        seeds=group.seeds,
        band=band,
        sentence=_sentence(band, metrics, runs, group.apart),
        apart=group.apart,
        metrics=metrics,
    )


def spread_of(name: str, replicate_key: str, runs: Sequence[Replicate]) -> GroupSpread:
    """Measure how far the metrics of runs that share a replicate key spread, the newest first."""
    names = dict.fromkeys(metric for run in runs for metric in run.test)
    again = _again(runs)
    apart = _apart(again)
    return GroupSpread(
        name=name,
        replicate_key=replicate_key,
        runs=len(runs),
        seeds=tuple(sorted({run.seed for run in runs})),
        models=tuple(sorted({run.model for run in runs})),
        reproduced=not apart if any(len(same) > 1 for same in again) else None,
        apart=apart,
        metrics={metric: _spread(metric, runs, again) for metric in names},
    )


def _spread(
    name: str, runs: Sequence[Replicate], again: Sequence[Sequence[Replicate]]
) -> MetricSpread:
    having = [run for run in runs if name in run.test]
    if len(having) < len(runs):
        again = _again(having)
    estimates = [run.test[name] for run in having]
    values = [value for value, _, _ in estimates]
    # Repeated runs of a seed are no further draws.
    newest = dict(zip([run.seed for run in reversed(having)], reversed(values), strict=True))
    return MetricSpread(
        runs=len(having),
        mean=statistics.fmean(newest.values()),
        std=statistics.stdev(newest.values()) if len(newest) > 1 else 0.0,
        low=min(values),
        high=max(values),
        interval=_width(estimates),
        repeated=_repeated(name, again),
    )


def _width(estimates: Sequence[Measured]) -> float | None:
    """Return the mean width of intervals; None where a run has none."""
    known = [high - low for _, low, high in estimates if low is not None and high is not None]
    return statistics.fmean(known) if len(known) == len(estimates) else None


def _judge(found: MetricSpread, bands: Bands) -> MetricStability:
    width = found.interval or 0.0
    ratio = found.spread / width if width > 0 else None
    band: Band | None
    if found.interval is None and not found.repeated:
        band = None
    elif found.high == found.low:
        band, ratio = Band.STABLE, 0.0
    elif found.repeated or ratio is None or ratio > bands.diverged:
        band = Band.DIVERGED
    else:
        band = Band.DRIFTING if ratio > bands.drifting else Band.STABLE
    return MetricStability(
        runs=found.runs,
        low=found.low,
        high=found.high,
        spread=found.spread,
        interval=found.interval,
        ratio=ratio,
        repeated=found.repeated,
        band=band if found.runs > 1 else None,
    )


def _again(runs: Sequence[Replicate]) -> list[list[Replicate]]:
    """Group runs of one seed, by the same code in the same environment."""
    found: dict[tuple[str, str, str], list[Replicate]] = {}
    for run in runs:
        found.setdefault((run.strict_key, run.environment_key, run.code), []).append(run)
    return list(found.values())


def _apart(again: Sequence[Sequence[Replicate]]) -> tuple[int, ...]:
    return tuple(sorted({s[0].seed for s in again if len({run.bits for run in s}) > 1}))


def _repeated(name: str, again: Sequence[Sequence[Replicate]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for same in again:
        seed, values = str(same[0].seed), [run.test[name].value for run in same]
        found[seed] = max(found.get(seed, 0.0), max(values) - min(values))
    return {seed: spread for seed, spread in found.items() if spread}


def _sentence(
    band: Band | None,
    metrics: dict[str, MetricStability],
    runs: Sequence[Replicate],
    apart: tuple[int, ...],
) -> str:
    if band is None:
        if any(found.interval is None for found in metrics.values()):
            return (
                "the metrics have no intervals (evaluation.bootstrap is null): nothing to judge by"
            )
        return f"{'one run' if len(runs) == 1 else 'no metric in two runs'}: nothing to compare"
    moved = [
        (spread, f"seed {seed} by {spread:.3g} in {name}")
        for name, found in metrics.items()
        for seed, spread in found.repeated.items()
    ]
    if moved or apart:
        where = max(moved)[1] if moved else f"seed {apart[0]} in bits that move no metric"
        return f"runs of one seed in one environment do not agree: {where}"
    worst = [name for name, found in metrics.items() if found.band is band]
    if band is Band.STABLE:
        one = len({run.seed for run in runs}) == 1
        return f"{'runs of one seed' if one else 'seeds'} move no metric beyond the limit"
    verb = "drift" if band is Band.DRIFTING else "diverge"
    return f"{', '.join(worst)} {verb}{'s' if len(worst) == 1 else ''}"
