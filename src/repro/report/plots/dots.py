"""Dots in a drawing: as many as can be distinguished, with a shape for each group."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from repro.report.plots.svg import FAR, NEAR, SOFT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    Array = npt.NDArray[np.float64]

# Beyond these a picture stretches until it shows nothing, and before that a float overflows.
TINIEST, GREATEST = 1e-30, 1e30
# How many dots can be distinguished across a picture, or in a decade.
_TO_A_SIDE, _TO_A_POWER = 250, 8
# Shapes that differ as rings and as solid dots; the last is of all further groups.
_SHAPES = ("o", "s", "^", "D", "v", "p")
OTHERS = "others"


def shapes(letters: Iterable[str]) -> dict[str, str]:
    """Give the first groups a shape each, and the others one together."""
    ranked = sorted(set(letters), key=lambda letter: (len(letter), letter))
    if len(ranked) > len(_SHAPES):
        ranked = [*ranked[: len(_SHAPES) - 1], OTHERS]
    return dict(zip(ranked, _SHAPES, strict=False))


def key(figure: Figure, marks: Mapping[str, str], near: str, far: str) -> None:
    """Say above a picture what shapes, rings and solid dots stand for."""
    groups = [_sample(mark, SOFT, letter) for letter, mark in marks.items()]
    groups[0].set_label(f"group {groups[0].get_label()}")
    kinds = [_sample("o", NEAR, near), *([_sample("o", FAR, far, solid=True)] if far else [])]
    nothing = Line2D([], [], linestyle="", label=" ")
    # A legend is filled column by column: groups are its first row, kinds its second.
    handles = list(chain(*zip_longest(groups, kinds, fillvalue=nothing)))
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles) // 2)


def _sample(mark: str, colour: str, label: str, *, solid: bool = False) -> Line2D:
    return Line2D(
        [], [], linestyle="", marker=mark, markersize=6, color=colour, label=label,
        markerfacecolor=colour if solid else "none",
    )  # fmt: skip


def scatter(
    axes: Axes, dots: Array, mark: str, colour: str, *, size: float = 18, solid: bool = False
) -> None:
    """Draw dots of shape (n_dots, 2), as rings or solid."""
    if len(dots):
        axes.scatter(
            dots[:, 0], dots[:, 1], s=size, marker=mark, linewidths=1, edgecolors=colour,
            facecolors=colour if solid else "none",
        )  # fmt: skip


def thinned(dots: Array, *, logarithmic: tuple[bool, bool] = (False, False)) -> Array:
    """Keep one of the dots, of shape (n_dots, 2), that would lie on each other.

    Parameters
    ----------
    logarithmic : (across, up)
        Whether the scale of an axis is.
    """
    if not len(dots):
        return dots
    columns, rows = (_places(dots[:, axis], log) for axis, log in enumerate(logarithmic))
    _, first = np.unique(columns * 2.0**20 + rows, return_index=True)
    return dots[np.sort(first)]


def _places(values: Array, logarithmic: bool) -> Array:  # noqa: FBT001
    if logarithmic:
        places = _TO_A_POWER * np.log10(values)
    else:
        span = float(np.ptp(values)) or 1.0
        places = _TO_A_SIDE * (values - values.min()) / span
    rounded: Array = np.rint(places)
    return rounded


def within(values: Array) -> Array:
    """Return magnitudes that a logarithmic scale can show."""
    return np.clip(np.abs(values), TINIEST, GREATEST)


def powers(axis: Axis) -> None:
    """Mark powers of ten, and the steps between where those alone would be too few."""
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_locator(NullLocator())
    low, high = axis.get_data_interval()
    if 0 < high < 100 * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
