"""The population stability index of later data against the training rows.

``PSI = sum((actual - expected) * ln(actual / expected))`` over the bins of a feature, shares
floored at an epsilon (Lewis, An Introduction to Credit Scoring, 1994). Missing values are a bin of
their own, and so are categories that the training rows never had.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from repro.core.records import CategoricalBaseline, DriftBaseline, NumericBaseline

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from repro.config.training import Drift
    from repro.core.records import Baseline


@dataclass(frozen=True)
class FeatureDrift:
    """How far one feature moved: ``level`` is stable, warning or alarm."""

    feature: str
    psi: float
    level: str


def drift_baseline(
    frame: pd.DataFrame,
    frame_numeric: Sequence[str],
    train_rows: npt.NDArray[np.int64],
    drift: Drift,
) -> DriftBaseline:
    """Describe every feature of the training rows, as the data set declares them.

    Bins are quantiles of the training rows, with one below and one above all of them.
    """
    training = frame.iloc[train_rows]
    return DriftBaseline(
        schema_="repro.drift/v1",
        rows=len(training),
        epsilon=drift.epsilon,
        warning=drift.warning,
        alarm=drift.alarm,
        features={
            str(name): _numeric(training[name], drift.bins)
            if name in frame_numeric
            else _categorical(training[name])
            for name in training.columns
        },
    )


def measure(baseline: DriftBaseline, frame: pd.DataFrame) -> tuple[FeatureDrift, ...]:
    """Measure new rows against a baseline, the feature that moved most first.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_features)
        With the features of the baseline, read as the data set declares them.
    """
    moved = []
    for name, expected in baseline.features.items():
        psi = _index(expected, frame[name], baseline.epsilon)
        level = "stable" if psi < baseline.warning else "warning"
        moved.append(FeatureDrift(name, psi, "alarm" if psi >= baseline.alarm else level))
    return tuple(sorted(moved, key=lambda drift: (-drift.psi, drift.feature)))


def _index(expected: Baseline, column: pd.Series, epsilon: float) -> float:
    if isinstance(expected, NumericBaseline):
        shares = [*expected.shares, expected.missing]
        actual = [*_bin_shares(column, np.asarray(expected.edges)), float(column.isna().mean())]
    else:
        found = _categorical(column)
        unseen = math.fsum(
            share for name, share in found.shares.items() if name not in expected.shares
        )
        shares = [*expected.shares.values(), expected.missing, 0.0]
        actual = [*(found.shares.get(name, 0.0) for name in expected.shares), found.missing, unseen]
    floored = [(max(e, epsilon), max(a, epsilon)) for e, a in zip(shares, actual, strict=True)]
    return math.fsum((a - e) * math.log(a / e) for e, a in floored)


def _numeric(column: pd.Series, bins: int) -> NumericBaseline:
    values = column.to_numpy(dtype=np.float64)
    known = values[~np.isnan(values)]
    edges = np.empty(0)
    if known.size:
        inner = np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1])
        # What falls below or above every training row gets bins of its own.
        edges = np.unique([np.nextafter(known.min(), -np.inf), *inner, known.max()])
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


def _categorical(column: pd.Series) -> CategoricalBaseline:
    counts = column.value_counts(dropna=True)
    shares = {str(name): int(count) / len(column) for name, count in counts.items()}
    return CategoricalBaseline(
        kind="categorical", shares=dict(sorted(shares.items())), missing=float(column.isna().mean())
    )
