"""The population stability index of later data against the training rows.

``PSI = sum((actual - expected) * ln(actual / expected))`` over the bins of a feature, shares
floored at an epsilon (Lewis, An Introduction to Credit Scoring, 1994). Missing values are a bin of
their own, and so are categories that the training rows never had.

Few rows, and many bins, have a large index though nothing moved: its mean is about
``(bins - 1) * (1 / n + 1 / m)`` (Yurdakul and Naranjo, Statistical properties of the population
stability index, 2020). So a feature is at a level only if its index is also more than sampling
alone gives, which is found by dealing out the rows of both samples at random.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import gamma

from repro.core.baseline import CategoricalBaseline, DriftBaseline, NumericBaseline
from repro.core.errors import DataError
from repro.seeding import derive

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from repro.config.training import Drift, Features
    from repro.core.baseline import Baseline
    from repro.training.recurrence import Leakage

    Array = npt.NDArray[np.float64]

# More categories than these are written as digests.
_NAMED = 20
# Draws of what sampling alone gives, and how often all features together may exceed it.
_DRAWS, _FALSE_ALARMS = 200, 0.001
# An identifier has this many values at least. Of text more than this share are different; of whole
# numbers nearly all, which are dense or of one length, or they are of one length as long as this.
_VALUES, _OF_TEXT, _OF_NUMBERS, _DENSE, _SHORT, _LONG = 30, 0.5, 0.99, 10, 4, 8


@dataclass(frozen=True)
class FeatureDrift:
    """The movement of one feature: ``level`` is stable, warning or alarm.

    Attributes
    ----------
    chance : float
        What the index reaches by sampling alone, at most once in a thousand times in any feature.
    """

    feature: str
    psi: float
    level: str
    chance: float


def drift_baseline(
    frame: pd.DataFrame,
    frame_numeric: Sequence[str],
    train_rows: npt.NDArray[np.int64],
    drift: Drift,
    feature_settings: Features,
    leaking: Leakage,
) -> DriftBaseline:
    """Describe the features of the training rows, as the data set declares them.

    Dropped columns are left out, and so are identifiers: nothing of their values is written, and
    later rows have other ones anyhow. Bins are quantiles of the training rows, with one below and
    one above all of them.
    """
    left_out = {*feature_settings.drop, *leaking.identifiers}
    # Column by column: all training rows at once are a copy of most of the table.
    columns = (
        (name, frame[name].iloc[train_rows]) for name in frame.columns if name not in left_out
    )
    return DriftBaseline(
        schema_="repro.drift/v1",
        rows=len(train_rows),
        epsilon=drift.epsilon,
        warning=drift.warning,
        alarm=drift.alarm,
        features={
            str(name): _numeric(column, drift.bins)
            if name in frame_numeric
            else _categorical(column)
            for name, column in columns
            if not _names_rows(column, numeric=name in frame_numeric)
        },
    )


def measure(baseline: DriftBaseline, frame: pd.DataFrame) -> tuple[FeatureDrift, ...]:
    """Measure new rows against a baseline, the feature that moved most first.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_features)
        With the features of the baseline, read as the data set declares them.

    Raises
    ------
    DataError
        If there is nothing to measure.
    """
    if not len(frame) or not baseline.features:
        what = (
            "no rows to measure"
            if baseline.features
            else "no feature that drift can be measured in"
        )
        raise DataError(
            f"there is {what}",
            advice="give a file with rows, and keep a feature that is not dropped",
        )
    moved = []
    for name, expected in baseline.features.items():
        psi = _index(expected, frame[name], baseline.epsilon)
        chance = _chance(expected, frame[name], baseline, derive(baseline.rows, "drift", name))
        level = "stable"
        if psi > chance and psi >= baseline.warning:
            level = "alarm" if psi >= baseline.alarm else "warning"
        moved.append(FeatureDrift(name, psi, level, chance))
    return tuple(sorted(moved, key=lambda drift: (-drift.psi, drift.feature)))


def _chance(expected: Baseline, column: pd.Series, baseline: DriftBaseline, seed: int) -> float:
    """Return what the index reaches by sampling alone.

    The rows of both samples are dealt out again at random, which is what they are if nothing moved
    (a permutation test; category by category, by the hypergeometric distribution). A sum of many
    small squares is nearly gamma-distributed, so that its tail follows from mean and variance.
    """
    rows = baseline.rows, len(column)
    before, after = _paired_shares(expected, column)
    counts = np.rint(rows[0] * before).astype(np.int64) + np.rint(rows[1] * after).astype(np.int64)
    lumped = isinstance(expected, CategoricalBaseline)
    drawn = _dealt_out(counts, rows, baseline.epsilon, seed, lumped=lumped)
    mean, variance = drawn.mean(), drawn.var()
    if not variance > 0:
        return float(mean)
    allowed = _FALSE_ALARMS / len(baseline.features)
    return float(gamma.isf(allowed, mean**2 / variance, scale=variance / mean))


def _dealt_out(
    counts: npt.NDArray[np.int64], rows: tuple[int, int], epsilon: float, seed: int, *, lumped: bool
) -> Array:
    """Return the index of some random divisions of the rows; new categories are one bin."""
    random = np.random.RandomState(seed)
    indices, unseen = np.zeros(_DRAWS), np.zeros(_DRAWS)
    wanted, rest = np.full(_DRAWS, rows[1]), int(counts.sum())
    for count in filter(None, counts.tolist()):
        rest -= count
        # The counts are rounded shares, whose sum may be a row off.
        left = np.minimum(wanted, count + rest)
        # It draws no sample of nothing.
        got = np.where(left > 0, random.hypergeometric(count, rest, np.maximum(left, 1)), 0)
        wanted = wanted - got
        before, after = (count - got) / rows[0], got / rows[1]
        new = (got == count) & lumped
        unseen += np.where(new, after, 0.0)
        indices += np.where(new, 0.0, _terms(before, after, epsilon))
    return indices + _terms(np.zeros(_DRAWS), unseen, epsilon)


def _terms(before: Array, after: Array, epsilon: float) -> Array:
    before, after = np.maximum(before, epsilon), np.maximum(after, epsilon)
    terms: Array = (after - before) * np.log(after / before)
    return terms


def _paired_shares(expected: Baseline, column: pd.Series) -> tuple[Array, Array]:
    """Return the shares of all bins, those of new categories one by one."""
    if isinstance(expected, NumericBaseline):
        after = [*_bin_shares(column, np.asarray(expected.edges)), float(column.isna().mean())]
        return np.array([*expected.shares, expected.missing]), np.array(after)
    found = _categorical(column, hashed=bool(expected.hashed))
    names = dict.fromkeys([*expected.shares, *found.shares])
    before = [expected.shares.get(name, 0.0) for name in names]
    after = [found.shares.get(name, 0.0) for name in names]
    return np.array([*before, expected.missing]), np.array([*after, found.missing])


def _names_rows(column: pd.Series, *, numeric: bool) -> bool:
    """Check whether a column looks like an identifier of rows, persons or moments, or free text."""
    known = column.dropna()
    different = known.nunique()
    if different < _VALUES:
        return False
    if not numeric:
        return bool(different > _OF_TEXT * len(known))
    values = np.abs(known.to_numpy(dtype=np.float64))
    # Beyond 2**53 every float is whole, and none is an identifier.
    if (values >= 2.0**53).any() or (values != np.floor(values)).any():
        return False
    lengths = {len(str(int(end))) for end in (values.min(), values.max())}
    if len(lengths) == 1 and max(lengths) >= _LONG:
        return True
    dense = values.max() - values.min() < _DENSE * len(values)
    long = len(lengths) == 1 and max(lengths) >= _SHORT
    return bool(different >= _OF_NUMBERS * len(values)) and (dense or long)


def _index(expected: Baseline, column: pd.Series, epsilon: float) -> float:
    if isinstance(expected, NumericBaseline):
        shares = [*expected.shares, expected.missing]
        actual = [*_bin_shares(column, np.asarray(expected.edges)), float(column.isna().mean())]
    else:
        found = _categorical(column, hashed=bool(expected.hashed))
        unseen = math.fsum(
            share for name, share in found.shares.items() if name not in expected.shares
        )
        shares = [*expected.shares.values(), expected.missing, 0.0]
        actual = [*(found.shares.get(name, 0.0) for name in expected.shares), found.missing, unseen]
    floored = [(max(e, epsilon), max(a, epsilon)) for e, a in zip(shares, actual, strict=True)]
    return math.fsum((a - e) * math.log(a / e) for e, a in floored)


def _numeric(column: pd.Series, bins: int) -> NumericBaseline:
    values = column.to_numpy(dtype=np.float64)
    known = values[np.isfinite(values)]
    edges = np.empty(0)
    if known.size:
        # Halves, since the distance of two floats may be more than a float holds.
        inner = 2 * np.quantile(known / 2, np.linspace(0, 1, bins + 1)[1:-1])
        # What falls below or above every training row gets bins of its own.
        with np.errstate(over="ignore"):
            lowest = max(np.nextafter(known.min(), -np.inf), np.finfo(np.float64).min)
        edges = np.unique([lowest, *np.clip(inner, known.min(), known.max()), known.max()])
    return NumericBaseline(
        kind="numeric",
        edges=tuple(edges.tolist()),
        shares=tuple(_bin_shares(column, edges)),
        missing=float(column.isna().mean()),
    )


def _bin_shares(column: pd.Series, edges: npt.NDArray[np.float64]) -> list[float]:
    values = column.to_numpy(dtype=np.float64)
    known = values[~np.isnan(values)]
    bins = np.searchsorted(edges, known, side="left")
    return [float(n) for n in np.bincount(bins, minlength=len(edges) + 1) / len(values)]


def _categorical(column: pd.Series, *, hashed: bool | None = None) -> CategoricalBaseline:
    """Count categories; by their digests as asked, or else where they are many."""
    counts = column.value_counts(dropna=True)
    hashed = len(counts) > _NAMED if hashed is None else hashed
    shares = {
        _digest(str(name)) if hashed else str(name): int(count) / len(column)
        for name, count in counts.items()
    }
    return CategoricalBaseline(
        kind="categorical",
        shares=dict(sorted(shares.items())),
        missing=float(column.isna().mean()),
        hashed=True if hashed else None,
    )


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
