"""Paired effects of a candidate beside a base on the same held-out rows, and gates on them.

Rows are resampled within their classes, as for the intervals of ``repro.training.bootstrap``, and
both sides are measured on the same resamples (the paired bootstrap: Efron and Tibshirani, 1993;
Koehn, EMNLP 2004). The intervals say how much an effect depends on which rows were held out, and
not how much it depends on the rows that the models were fitted on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.config.data import Task
from repro.config.gates import BETTER
from repro.core.gate import GateOutcome, GateResult
from repro.training.bootstrap import Resamples, draw_counts, percentiles, strata_of_groups, weigh

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from repro.config.gates import Gate
    from repro.config.metrics import Metric
    from repro.training.measures import Evaluated, Measure

    Array = npt.NDArray[np.float64]
    Groups = npt.NDArray[Any]

# So many resamples lie beyond each end of an interval, which makes 1000 at a level of 0.95, as
# Efron and Tibshirani (1993, chapter 13) advise for percentiles.
_IN_TAIL = 25
# What a division leaves of a difference of two shares that is the same in every resample.
_ROUNDING = 1e-12
# As the usual tolerance between two environments.
_EQUIVALENT = 1e-6


@dataclass(frozen=True)
class Resampling:
    """The level, the number and the seed of resamples of held-out rows.

    Attributes
    ----------
    level : float
    resamples : int
    seed : int
    """

    level: float
    resamples: int
    seed: int

    @property
    def tail(self) -> float:
        """The share of the resamples beyond each end of an interval."""
        return (1 - self.level) / 2


@dataclass(frozen=True)
class Effect:
    """The values of a metric, the effect, and its interval; a reason where there is no interval."""

    base: float | None = None
    candidate: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    undefined: str = ""


def resamples_for(level: float) -> int:
    """Return the least number of resamples for an interval of a level.

    Examples
    --------
    >>> resamples_for(0.95), resamples_for(0.99)
    (1000, 5000)
    """
    return math.ceil(round(2 * _IN_TAIL / (1 - level), 6))


def least_rows(level: float) -> int:
    """Return how many rows any paired test needs to find a difference at a level.

    With fewer, even rows that all speak for one side are likely enough by chance: the sign test of
    Dixon and Mood (1946) needs ``2 ** (1 - rows) <= 1 - level``.

    Examples
    --------
    >>> least_rows(0.95), least_rows(0.99)
    (6, 8)
    """
    return math.ceil(1 - math.log2(1 - level))


def paired_effects(
    base: Evaluated,
    candidate: Evaluated,
    measures: Sequence[Measure],
    resampling: Resampling,
    groups: Groups | None = None,
) -> dict[str, Effect]:
    """Measure by how much a candidate is better than a base, with intervals.

    Parameters
    ----------
    base, candidate : Evaluated
        The same rows in the same order.
    measures : sequence of Measure
        Each is defined for both sides.
    groups : ndarray of shape (n_samples,), optional
        Rows of one value are drawn together.

    Returns
    -------
    dict of str to Effect
        By the name of the metric.

    Raises
    ------
    DataError
        As ``Measure.value``.
    """
    if base.weights is not None:
        # Rows of the weight 0 are not drawn, so that no resample lacks a class.
        counted = np.flatnonzero(base.weights)
        base, candidate = base.take(counted), candidate.take(counted)
        groups = None if groups is None else groups[counted]
    units = np.arange(len(base.target)) if groups is None else groups
    numbers = np.unique(units, return_inverse=True)[1]
    lacking = {
        each.metric.name: _lacking(base, each.metric, numbers, resampling.level)
        for each in measures
    }
    defined = [each for each in measures if not lacking[each.metric.name]]
    found = {name: Effect(undefined=reason) for name, reason in lacking.items()}
    if defined:
        drawn = _drawn(base, candidate, defined, resampling, None if groups is None else numbers)
        for each in defined:
            name, metric = each.metric.name, each.metric
            effect = _effect(
                metric, (each.value(base), each.value(candidate)), drawn[name], resampling.tail
            )
            if _is_certain(effect, metric) and not _same(base, candidate):
                effect = _widened(
                    effect, metric, _scarcest(base, metric, numbers)[0], resampling.tail
                )
            found[name] = effect
    return found


def _is_certain(effect: Effect, metric: Metric) -> bool:
    """Return whether every resample has one effect, but for rounding in shares."""
    if effect.low is None or effect.high is None:
        return False
    return effect.high - effect.low <= (_ROUNDING if metric.share else 0)


def _same(base: Evaluated, candidate: Evaluated) -> bool:
    """Return whether predictions are equal, but for what a different processor makes of them."""
    sides = base.scores.values, candidate.scores.values
    labels = base.outcome.task is Task.REGRESSION or np.array_equal(
        base.predicted, candidate.predicted
    )
    return labels and np.allclose(*sides, rtol=_EQUIVALENT, atol=_EQUIVALENT)


def _widened(effect: Effect, metric: Metric, rows: int, tail: float) -> Effect:
    """Return an effect without spread as far from certain as its rows leave it.

    If none of n rows differs, as many as ``1 - tail ** (1 / n)`` of all rows still may (Clopper and
    Pearson, 1934), and move a share by as much.
    """
    if effect.value is None:
        return effect
    if not metric.share:
        return replace(effect, low=None, high=None, undefined="no resample of these rows differs")
    reach = 1 - tail ** (1 / rows)
    return replace(effect, low=effect.value - reach, high=effect.value + reach)


def _lacking(rows: Evaluated, metric: Metric, units: npt.NDArray[np.intp], level: float) -> str:
    """Return why these rows cannot decide on a metric; empty if they may."""
    target = rows.target
    if not len(target):
        return "there is no held-out row that counts"
    if len(np.unique(target)) == 1:
        return f"all {len(target)} held-out rows have the same true value"
    least, (count, which) = least_rows(level), _scarcest(rows, metric, units)
    return f"{which}, and a level of {level:g} needs {least}" if count < least else ""


def _scarcest(rows: Evaluated, metric: Metric, units: npt.NDArray[np.intp]) -> tuple[int, str]:
    """Return the least number of rows, or groups of rows, of a metric, and the same in words."""
    total = len(np.unique(units))
    kind = "rows" if total == len(units) else "groups"
    found = [(total, f"there are {total} held-out {kind}")]
    if rows.outcome.task is not Task.REGRESSION and not metric.of_rows:
        for label in rows.outcome.classes:
            count = len(np.unique(units[rows.target == label]))
            found.append((count, f"the class '{label}' has {count} held-out {kind}"))
    return min(found, key=lambda pair: pair[0])


def _drawn(
    base: Evaluated,
    candidate: Evaluated,
    measures: Sequence[Measure],
    resampling: Resampling,
    group_of_row: npt.NDArray[np.intp] | None,
) -> dict[str, tuple[Array, Array]]:
    """Return both sides of every metric on the same resamples."""
    target = base.target
    strata = [np.arange(len(target))]
    if base.outcome.task is not Task.REGRESSION:
        strata = [np.flatnonzero(target == label) for label in np.unique(target)]
    if group_of_row is not None:
        strata = strata_of_groups(strata, group_of_row)
    blocks = [
        (weigh(Resamples(base, counts), measures), weigh(Resamples(candidate, counts), measures))
        for counts in draw_counts(strata, resampling.resamples, resampling.seed, group_of_row)
    ]
    return {
        each.metric.name: (
            _joined([block[0] for block in blocks], each.metric.name),
            _joined([block[1] for block in blocks], each.metric.name),
        )
        for each in measures
    }


def _joined(blocks: Sequence[Mapping[str, Array]], name: str) -> Array:
    return np.concatenate([block[name] for block in blocks])


def _effect(
    metric: Metric, values: tuple[float, float], drawn: tuple[Array, Array], tail: float
) -> Effect:
    effects = _merits(metric, drawn[1]) - _merits(metric, drawn[0])
    value = metric.merit(values[1]) - metric.merit(values[0])
    if not (np.isfinite(effects).all() and math.isfinite(value)):
        return Effect(undefined="it is not a finite number on these rows or on resamples of them")
    low, high = percentiles(effects, tail)
    return Effect(*values, value, low, high)


def _merits(metric: Metric, values: Array) -> Array:
    return np.array([metric.merit(value) for value in values.tolist()])


def decided(gate: Gate, effect: Effect) -> GateResult:
    """Decide on a gate by the interval of its effect.

    ``better`` needs the whole interval above 0, and ``no-worse`` needs it at or above minus the
    margin. An interval with values on both sides decides nothing.
    """
    outcome, reason = _outcome(gate, effect)
    return GateResult(
        gate=gate.text,
        metric=gate.metric,
        requirement="better" if gate.requirement == BETTER else "no-worse",
        margin=gate.margin,
        outcome=outcome,
        reason=reason,
        base=effect.base,
        candidate=effect.candidate,
        effect=effect.value,
        low=effect.low,
        high=effect.high,
    )


def _outcome(gate: Gate, effect: Effect) -> tuple[GateOutcome, str]:
    low, high = effect.low, effect.high
    if low is None or high is None:
        return GateOutcome.UNDECIDED, effect.undefined
    limit = -gate.margin if gate.margin else 0.0
    shown = repr(limit) if limit else "0"
    strict = gate.requirement == BETTER
    # No effect at all is no improvement, and a loss of the whole margin is still allowed.
    if low > limit or (low == limit and not strict):
        where = "above" if strict else "at or above"
        return GateOutcome.PASSED, f"the whole interval is {where} {shown}"
    if high < limit or (high == limit and strict):
        where = "at or below" if strict else "below"
        return GateOutcome.FAILED, f"the whole interval is {where} {shown}"
    return GateOutcome.UNDECIDED, f"the interval has values on both sides of {shown}"
