"""From a drawing of matplotlib to a part of a page.

Colours are placeholders in the drawing, and variables of the page's style sheet afterwards, so that
one picture serves light, dark and paper.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as Xml

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Not colours of the picture itself; each stands for a variable of the page.
INK, FAINT, NEAR, FAR, SOFT, CARD = (f"#0{n}0{n}0{n}" for n in range(1, 7))
_VARIABLES = {
    INK: "var(--ink)", FAINT: "var(--faint)", NEAR: "var(--within)", FAR: "var(--differs)",
    SOFT: "var(--soft)", CARD: "var(--card)",
}  # fmt: skip
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "repro",
    "text.parse_math": False,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.borderpad": 0,
    "legend.handletextpad": 0.3,
    "legend.columnspacing": 1.2,
}


def picture(
    name: str,
    draw: Callable[[Figure], None],
    size: tuple[float, float],
    title: str,
    description: str,
) -> Markup:
    """Draw a picture that is described in words too.

    Parameters
    ----------
    name : str
        Begins its ids; a different one for each picture of a page.
    draw : callable
    size : (width, height)
        In inches of 72 points.
    """
    # What a person set for other drawings does not count; and the reader's fonts show what the
    # font that texts are measured by does not have.
    with mpl.rc_context(), warnings.catch_warnings(action="ignore"):
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    return _inline(written.getvalue(), name, title, description)


def _inline(text: str, name: str, title: str, description: str) -> Markup:
    """Make an SVG file a part of a page: no header, ids of its own, described in words."""
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
        node = Xml.Element(tag, id=f"{name}-{tag}")
        node.text = words
        root.insert(0, node)
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
            attributes[key] = re.sub("#0[1-6]0[1-6]0[1-6]", lambda c: _VARIABLES[c[0]], style)
        elif key in {"x", "y", "d"}:
            # A hundredth of a point is as fine as a person sees.
            attributes[key] = re.sub(r"(\.\d\d)\d+", r"\1", value)
        else:
            attributes[key] = re.sub(r"(^|url\()#(?=[\w-]+\)?$)", rf"\1#{name}-", value)
    element.attrib = attributes
