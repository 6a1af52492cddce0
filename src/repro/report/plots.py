"""Pictures of a comparison as inline SVG: vector, deterministic, in the colours of the page.

matplotlib draws, by the extra ``plots``. Colours are placeholders in the drawing, and variables of
the page's style sheet afterwards, so that one picture serves light, dark and paper.
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree as Xml

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

# No colour of a picture by itself; each stands for a variable of the page.
_INK, _FAINT, _NEAR, _FAR = "#010101", "#020202", "#030303", "#040404"
_VARIABLES = {
    _INK: "var(--ink)", _FAINT: "var(--faint)", _NEAR: "var(--within)", _FAR: "var(--differs)"
}  # fmt: skip
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "repro",
    "text.parse_math": False,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _FAINT,
    "grid.linewidth": 0.5,
}
# Beyond these a picture stretches until it shows nothing, and before that a float overflows.
_TINIEST, _GREATEST = 1e-30, 1e30
_TO_A_SIDE, _TO_A_POWER = 250, 8  # how many dots are told apart across a picture, or in a decade


@dataclass(frozen=True)
class Line:
    """A metric: what differed of it, and how often it did not.

    Attributes
    ----------
    same, compared : int
        Numbers of records.
    dots : tuple of (difference, whether it is beyond the tolerance)
    """

    name: str
    allowed: float
    same: int
    compared: int
    dots: tuple[tuple[float, bool], ...]


class Pair(NamedTuple):
    """A prediction of the reference and that of a candidate, of the same row.

    Attributes
    ----------
    margin : float or None
        How far the reference's deciding score lies from the decision boundary.
    moved : float
        How far a candidate's lies from there; across the boundary where the label flipped.
    """

    expected: float
    actual: float
    margin: float | None
    moved: float
    flipped: bool


def metrics_picture(lines: Sequence[Line], title: str, description: str) -> Markup:
    """Draw the differences of metrics on a logarithmic scale, against what is allowed."""

    def draw(figure: Figure) -> None:
        equal, axes = figure.subplots(
            1, 2, sharey=True, gridspec_kw={"width_ratios": [1, 6], "wspace": 0.04}
        )
        _draw_equal(equal, lines)
        _draw_differences(axes, lines)

    return _svg("metrics", draw, (9, 1.3 + 0.27 * len(lines)), title, description)


def _draw_equal(axes: Axes, lines: Sequence[Line]) -> None:
    for place, line in enumerate(lines):
        axes.text(0.5, place, f"{line.same} of {line.compared}", ha="center", va="center")
    axes.set(xlim=(0, 1), ylim=(len(lines) - 0.5, -0.5), xticks=[], xlabel="same bits")
    axes.set_yticks(range(len(lines)), [line.name for line in lines])
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)


def _draw_differences(axes: Axes, lines: Sequence[Line]) -> None:
    for beyond, marker, colour in ((False, "o", _NEAR), (True, "X", _FAR)):
        dots = [
            (difference, place)
            for place, line in enumerate(lines)
            for difference, _ in _thinned([(_within(d), 1.0) for d, f in line.dots if f is beyond])
        ]
        _scatter(axes, dots, marker, colour, 36)
    allowed = [line.allowed for line in lines if _drawable(line.allowed)]
    if allowed:
        places = [place for place, line in enumerate(lines) if _drawable(line.allowed)]
        axes.scatter(allowed, places, marker="|", s=180, c=_FAR, linewidths=2)
        axes.annotate(
            "allowed", (allowed[0], 0), (0, 14), textcoords="offset points", ha="center", color=_FAR
        )
    axes.set(xscale="log", xlabel="difference from the reference")
    _powers(axes.xaxis)
    axes.grid()
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0, labelleft=False)


def scores_picture(
    pairs: Sequence[Pair], boundary: float | None, title: str, description: str
) -> Markup:
    """Draw what the reference predicts against what the candidates do, flips on top."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        drawn = [p for p in pairs if abs(p.expected) < _GREATEST and abs(p.actual) < _GREATEST]
        ends = [value for pair in drawn for value in (pair.expected, pair.actual)]
        if ends:
            low, high = min(ends), max(ends)
            axes.plot([low, high], [low, high], color=_FAINT, linewidth=1, zorder=0)
        if boundary is not None:
            axes.axhline(boundary, color=_FAINT, linewidth=1, linestyle="--", zorder=0)
            axes.axvline(boundary, color=_FAINT, linewidth=1, linestyle="--", zorder=0)
            axes.annotate(
                "boundary", (1, boundary), (0, 3), xycoords=("axes fraction", "data"),
                textcoords="offset points", ha="right",
            )  # fmt: skip
        _kinds(axes, drawn, lambda pair: (pair.expected, pair.actual), logarithmic=False)
        axes.set(xlabel="score of the reference", ylabel="score of a candidate")

    return _svg("scores", draw, (5, 4.4), title, description)


def margins_picture(pairs: Sequence[Pair], title: str, description: str) -> Markup:
    """Draw how far predictions moved against how far they were from the decision boundary."""

    def draw(figure: Figure) -> None:
        axes, equal = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [9, 1], "hspace": 0.06}
        )
        judged = [pair for pair in pairs if pair.margin is not None]
        moved = [pair for pair in judged if pair.moved]
        _kinds(axes, moved, lambda pair: (_within(pair.margin or 0.0), _within(pair.moved)))
        still = [(_within(pair.margin or 0.0), 1.0) for pair in judged if not pair.moved]
        _scatter(equal, _thinned(still), "o", _FAINT, 16)
        margins = [_within(pair.margin or 0.0) for pair in judged]
        ends = [min(margins, default=0.01), max(margins, default=1.0)]
        axes.plot(ends, ends, color=_FAR, linewidth=1)
        axes.set(xscale="log", yscale="log", ylabel="moved by")
        _powers(axes.xaxis)
        _powers(axes.yaxis)
        axes.grid()
        axes.set_axisbelow(True)
        axes.tick_params(axis="x", length=0, labelbottom=False)
        equal.set(xlabel="distance from the boundary in the reference", ylim=(0, 2))
        equal.set_yticks([1.0], ["not at all"])

    return _svg("margins", draw, (5, 4.4), title, description)


def _kinds(
    axes: Axes,
    pairs: Sequence[Pair],
    at: Callable[[Pair], tuple[float, float]],
    *,
    logarithmic: bool = True,
) -> None:
    stayed = [at(pair) for pair in pairs if not pair.flipped]
    flipped = [at(pair) for pair in pairs if pair.flipped]
    _scatter(axes, _thinned(stayed, logarithmic=logarithmic), "o", _NEAR, 16)
    _scatter(axes, _thinned(flipped, logarithmic=logarithmic), "X", _FAR, 60)


def _scatter(
    axes: Axes, dots: Sequence[tuple[float, float]], marker: str, colour: str, size: float
) -> None:
    if dots:
        across, up = zip(*dots, strict=True)
        hollow = {"facecolors": "none", "edgecolors": colour} if marker == "o" else {"c": colour}
        axes.scatter(across, up, s=size, marker=marker, linewidths=1, **hollow)  # type: ignore[arg-type]


def _powers(axis: Axis) -> None:
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_locator(NullLocator())
    low, high = axis.get_data_interval()
    # Powers of ten alone would be too few marks.
    if 0 < high < 100 * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))


def _thinned(
    dots: Sequence[tuple[float, float]], *, logarithmic: bool = True
) -> list[tuple[float, float]]:
    """Keep one of the dots that would lie on each other."""
    if not dots:
        return []
    across, up = zip(*dots, strict=True)
    columns, rows = _places(across, logarithmic), _places(up, logarithmic)
    kept = dict(zip(zip(columns, rows, strict=True), dots, strict=True))
    return list(kept.values())


def _places(values: Sequence[float], logarithmic: bool) -> list[int]:  # noqa: FBT001
    if logarithmic:
        return [round(_TO_A_POWER * math.log10(value)) for value in values]
    span = (max(values) - min(values)) or 1.0
    return [round(_TO_A_SIDE * value / span) for value in values]


def _within(value: float) -> float:
    return min(max(abs(value), _TINIEST), _GREATEST)


def _drawable(value: float) -> bool:
    return _TINIEST < value < _GREATEST


def _svg(
    name: str,
    draw: Callable[[Figure], None],
    size: tuple[float, float],
    title: str,
    description: str,
) -> Markup:
    with mpl.rc_context():
        # What a person set for other drawings has no say here.
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    return _inline(written.getvalue(), name, title, description)


def _inline(text: str, name: str, title: str, description: str) -> Markup:
    """Make an SVG file a part of a page: no header, ids of its own, told in words."""
    root = Xml.fromstring(text)  # noqa: S314  # drawn just now
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {k.rpartition("}")[2]: v for k, v in element.attrib.items()}
    used = {found for e in root.iter() for v in e.attrib.values() for found in _references(v)}
    for element in root.iter():
        _adapt(element, name, used)
        for child in [c for c in element if c.tag in {"metadata", "style"}]:
            element.remove(child)
    box = root.attrib["viewBox"]
    root.attrib = {"viewBox": box, "role": "img", "aria-labelledby": f"{name}-title {name}-desc"}
    for tag, words in (("desc", description), ("title", title)):
        told = Xml.Element(tag, id=f"{name}-{tag}")
        told.text = words
        root.insert(0, told)
    # An XML writer escaped what is in it.
    return Markup(Xml.tostring(root, encoding="unicode"))  # noqa: S704


def _references(value: str) -> Iterable[str]:
    return re.findall(r"(?:^|url\()#([\w-]+)", value)


def _adapt(element: Xml.Element, name: str, used: set[str]) -> None:
    """Give an element ids of its own, and the colours and the type of the page."""
    attributes: dict[str, str] = {}
    for key, value in element.attrib.items():
        if key == "id":
            attributes |= {"id": f"{name}-{value}"} if value in used else {}
        elif key == "style":
            style = re.sub(r"font-family: [^;]*; ?", "", value)
            attributes[key] = re.sub("#0[0-9]0[0-9]0[0-9]", lambda c: _VARIABLES[c[0]], style)
        elif key in {"x", "y", "d"}:
            # A hundredth of a point is as fine as a person sees.
            attributes[key] = re.sub(r"(\.\d\d)\d+", r"\1", value)
        else:
            attributes[key] = re.sub(r"(^|url\()#(?=[\w-]+\)?$)", rf"\1#{name}-", value)
    element.attrib = attributes
