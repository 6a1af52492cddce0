"""Pictures of a comparison of records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from repro.report.plots.dots import (
    GREATEST,
    OTHERS,
    TINIEST,
    key,
    powers,
    scatter,
    thinned,
    within,
)
from repro.report.plots.svg import FAINT, FAR, NEAR, picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt
    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from repro.report.drawn import Line, Pair

    Array = npt.NDArray[np.float64]

_FLIPPED_SIZE = 44


def metrics_picture(
    lines: Sequence[Line], marks: Mapping[str, str], title: str, description: str
) -> Markup:
    """Draw the differences of metrics on a logarithmic scale, against what is allowed.

    Parameters
    ----------
    marks : mapping of str to str
        The shape of each group, of ``dots.shapes``: the same one in every picture.
    """
    marks = _shown(marks, (dot.letter for line in lines for dot in line.dots))

    def draw(figure: Figure) -> None:
        """Draw one row of dots for each metric."""
        equal, axes = figure.subplots(
            1, 2, sharey=True, gridspec_kw={"width_ratios": [1, 6], "wspace": 0.04}
        )
        _draw_equal(equal, lines)
        _draw_differences(axes, lines, marks)
        if marks:
            key(figure, marks, "within the tolerance", "beyond it")

    return picture("metrics", draw, (9, 1.6 + 0.27 * len(lines)), title, description)


def _shown(marks: Mapping[str, str], letters: Iterable[str]) -> dict[str, str]:
    """Keep the shapes that a picture has."""
    found = {letter if letter in marks else OTHERS for letter in letters}
    return {letter: mark for letter, mark in marks.items() if letter in found}


def _draw_equal(axes: Axes, lines: Sequence[Line]) -> None:
    for place, line in enumerate(lines):
        axes.text(0.5, place, f"{line.same} of {line.compared}", ha="center", va="center")
    axes.set(xlim=(0, 1), ylim=(len(lines) - 0.5, -0.5), xticks=[], xlabel="same bits")
    axes.set_yticks(range(len(lines)), [line.name for line in lines])
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)


def _draw_differences(axes: Axes, lines: Sequence[Line], marks: Mapping[str, str]) -> None:
    gathered: dict[tuple[str, bool], list[tuple[float, float]]] = {}
    for place, line in enumerate(lines):
        for dot in line.dots:
            shown = dot.letter if dot.letter in marks else OTHERS
            gathered.setdefault((shown, dot.beyond), []).append((dot.difference, place))
    for (letter, beyond), found in gathered.items():
        dots = np.array(found)
        dots[:, 0] = within(dots[:, 0])
        dots = thinned(dots, logarithmic=(True, False))
        scatter(axes, dots, marks[letter], FAR if beyond else NEAR, size=34, solid=beyond)
    _draw_allowed(axes, lines)
    axes.set(xscale="log", xlabel="difference from the reference")
    powers(axes.xaxis)
    axes.grid()
    axes.tick_params(axis="y", length=0, labelleft=False)


def _draw_allowed(axes: Axes, lines: Sequence[Line]) -> None:
    drawn = [(n, line.allowed) for n, line in enumerate(lines) if TINIEST < line.allowed < GREATEST]
    if drawn:
        places, allowed = zip(*drawn, strict=True)
        axes.scatter(allowed, places, marker="|", s=180, c=FAR, linewidths=2)
        axes.annotate(
            "allowed", (allowed[0], places[0]), (0, 14), textcoords="offset points", ha="center",
            color=FAR,
        )  # fmt: skip


def scores_picture(
    pairs: Sequence[Pair],
    marks: Mapping[str, str],
    boundary: float | None,
    title: str,
    description: str,
) -> Markup:
    """Draw what the reference predicts against what the candidates do, flips on top."""

    def draw(figure: Figure) -> None:
        """Draw each pair of predictions."""
        axes = figure.subplots()
        drawn = [p for p in pairs if abs(p.expected) < GREATEST and abs(p.actual) < GREATEST]
        dots = np.array([(p.expected, p.actual) for p in drawn]).reshape(-1, 2)
        if len(dots):
            ends = [dots.min(), dots.max()]
            axes.plot(ends, ends, color=FAINT, linewidth=1, zorder=0)
        if boundary is not None:
            axes.axhline(boundary, color=FAINT, linewidth=1, linestyle="--", zorder=0)
            axes.axvline(boundary, color=FAINT, linewidth=1, linestyle="--", zorder=0)
            axes.annotate(
                "boundary", (1, boundary), (0, 3), xycoords=("axes fraction", "data"),
                textcoords="offset points", ha="right",
            )  # fmt: skip
        _draw_groups(axes, drawn, dots, marks, logarithmic=False)
        _draw_key(figure, drawn, marks)
        axes.set(xlabel="score of the reference", ylabel="score of a candidate")

    return picture("scores", draw, (5, 4.8), title, description)


def margins_picture(
    pairs: Sequence[Pair], marks: Mapping[str, str], title: str, description: str
) -> Markup:
    """Draw how far predictions moved against how far they were from the decision boundary."""

    def draw(figure: Figure) -> None:
        """Draw the movement of each prediction over its margin."""
        axes, equal = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [9, 1], "hspace": 0.06}
        )
        judged = [pair for pair in pairs if pair.margin is not None]
        dots = within(np.array([(p.margin, p.moved) for p in judged], dtype=float).reshape(-1, 2))
        moved = np.array([pair.moved > 0 for pair in judged], dtype=bool)
        movers = [pair for pair in judged if pair.moved > 0]
        _draw_groups(axes, movers, dots[moved], marks, logarithmic=True)
        _draw_key(figure, movers, marks)
        still = np.column_stack([dots[~moved, 0], np.ones(int((~moved).sum()))])
        scatter(equal, thinned(still, logarithmic=(True, False)), "o", FAINT)
        ends = [dots[:, 0].min(), dots[:, 0].max()]
        axes.plot(ends, ends, color=FAR, linewidth=1)
        axes.set(xscale="log", yscale="log", ylabel="moved by")
        powers(axes.xaxis)
        powers(axes.yaxis)
        axes.grid()
        axes.tick_params(axis="x", length=0, labelbottom=False)
        equal.set(xlabel="distance from the boundary in the reference", ylim=(0, 2))
        equal.set_yticks([1.0], ["not at all"])

    return picture("margins", draw, (5, 4.8), title, description)


def _draw_groups(
    axes: Axes, pairs: Sequence[Pair], dots: Array, marks: Mapping[str, str], *, logarithmic: bool
) -> None:
    """Draw a dot of shape (n_pairs, 2) for each pair, those whose label flipped last."""
    place = {letter: number for number, letter in enumerate(marks)}
    group = np.array([place.get(pair.letter, len(marks) - 1) for pair in pairs], dtype=np.intp)
    flipped = np.array([pair.flipped for pair in pairs], dtype=bool)
    for solid in (False, True):
        for number, mark in enumerate(marks.values()):
            found = dots[(group == number) & (flipped == solid)]
            scatter(
                axes, thinned(found, logarithmic=(logarithmic, logarithmic)), mark,
                FAR if solid else NEAR, size=_FLIPPED_SIZE if solid else 18, solid=solid,
            )  # fmt: skip


def _draw_key(figure: Figure, pairs: Sequence[Pair], marks: Mapping[str, str]) -> None:
    marks = _shown(marks, {pair.letter for pair in pairs})
    judged = any(pair.margin is not None for pair in pairs)
    if marks:
        key(figure, marks, "same label" if judged else "a row", "flipped" if judged else "")
