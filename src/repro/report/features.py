"""The training rows, feature by feature: what the baseline of drift says of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from repro.core.baseline import NumericBaseline
from repro.report.texts import percent, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from repro.core.baseline import Baseline, CategoricalBaseline

    Array = npt.NDArray[np.float64]

_COLUMNS, _HEIGHT, _CATEGORIES, _NAME = 24, 20, 4, 40
# A column of more categories may name or describe people: they are counted, and none is shown.
_LEVELS = 20


@dataclass(frozen=True)
class Feature:
    """A feature as a line of a table.

    Attributes
    ----------
    values : tuple of str
        Least, median and greatest; or one text that names categories.
    outline : str
        The path of an SVG, ``_COLUMNS`` wide and ``_HEIGHT`` high, that shows the distribution.
    summary : str
        The distribution in words.
    """

    name: str
    kind: str
    values: tuple[str, ...]
    missing: str
    outline: str
    summary: str


def describe(name: str, baseline: Baseline) -> Feature:
    """Describe one feature of the training rows."""
    missing = percent(baseline.missing) if baseline.missing else "none"
    if isinstance(baseline, NumericBaseline):
        values, heights, summary = _numbers(baseline)
    else:
        values, heights, summary = _categories(baseline)
    return Feature(short(name, _NAME), baseline.kind, values, missing, _outline(heights), summary)


def _numbers(baseline: NumericBaseline) -> tuple[tuple[str, ...], Sequence[float], str]:
    """Spread the share of each bin evenly over its width."""
    # Beside the edges' own bins there is one below and one above all training rows.
    shares = np.asarray(baseline.shares[1:-1], dtype=np.float64)
    edges = np.asarray(baseline.edges[: len(shares) + 1], dtype=np.float64)
    if not (edges.size and shares.sum() > 0):
        return ("unknown",), (), "no value is known"
    # The first edge is the float below the least value.
    edges[0] = np.nextafter(edges[0], np.inf)
    reached = np.concatenate([[0.0], np.cumsum(shares[: len(edges) - 1])])
    quartiles = np.interp(np.array([0.25, 0.5, 0.75]) * reached[-1], reached, edges)
    low, median, high = map(_number, quartiles)
    values = (_number(edges[0]), median, _number(edges[-1]))
    return values, _heights(edges, reached), f"half of the values lie from {low} to {high}"


def _number(value: float) -> str:
    # Zero has a sign, which nobody wants to see.
    return f"{value + 0.0:.6g}"


def _heights(edges: Array, reached: Array) -> Sequence[float]:
    """Share out between columns what bins reach at their edges."""
    # In relation to the greatest, since the span of two floats may be beyond any.
    edges = edges / (np.abs(edges).max() or 1.0)
    if edges[0] == edges[-1]:
        return (1.0,)
    at = np.interp(np.linspace(edges[0], edges[-1], _COLUMNS + 1), edges, reached)
    # A bin may have no width, where most values are the least one.
    at[0] = 0.0
    heights: list[float] = np.diff(at).tolist()
    return heights


def _categories(baseline: CategoricalBaseline) -> tuple[tuple[str, ...], Sequence[float], str]:
    ranked = sorted(baseline.shares.items(), key=lambda pair: (-pair[1], pair[0]))
    if len(ranked) > _LEVELS:
        text = f"{len(ranked)} categories, the most frequent {percent(ranked[0][1])}"
        return (text,), [share for _, share in ranked[:_COLUMNS]], text
    named = [f"{short(name, _NAME)} {percent(share)}" for name, share in ranked[:_CATEGORIES]]
    others = ranked[_CATEGORIES:]
    if others:
        named.append(f"{len(others)} more {percent(sum(share for _, share in others))}")
    text = ", ".join(named) or "no value is known"
    return (text,), [share for _, share in ranked[:_COLUMNS]], text


def _outline(heights: Sequence[float]) -> str:
    """Draw columns side by side, the highest as high as the picture."""
    highest = max(heights, default=0.0)
    if not highest > 0:
        return ""
    width = _COLUMNS / len(heights)
    steps = "".join(f"V{_HEIGHT * (1 - height / highest):.1f}h{width:.4g}" for height in heights)
    return f"M0 {_HEIGHT}{steps}V{_HEIGHT}z"
