"""Documents for people: a run as Markdown and as one self-contained HTML page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment as Templates

    from repro.core.records import EnvironmentFile, Keys, Metrics, Stages, Threshold


@dataclass(frozen=True)
class Facts:
    """What a report tells."""

    run_id: str
    config: Mapping[str, Any]
    rows: int
    content: str
    keys: Keys
    metrics: Metrics
    threshold: Threshold
    stages: Stages
    environment: EnvironmentFile


def markdown(facts: Facts) -> str:
    """Write a run as Markdown that a person can hand in."""
    return templates().get_template("run.md.j2").render(facts=facts)


def html(facts: Facts) -> str:
    """Write a run as one HTML page that loads nothing."""
    return templates().get_template("run.html.j2").render(facts=facts)


@cache
def templates() -> Templates:
    """Return the templates of all documents, with their filters."""
    # Imported when a report is written: rendering is rare, and jinja2 is not small.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    found = Environment(
        loader=PackageLoader("repro.report"),
        # Markdown is written as it is; the page escapes everything.
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["number"] = number
    found.filters["text"] = _markdown_text
    return found


def _markdown_text(value: object) -> str:
    """Write a text from data or configuration so that it is no markup in a Markdown file."""
    printable = "".join(c if c.isprintable() else " " for c in str(value))
    return "".join(f"&#{ord(c)};" if c in "<>&|`*[]\\" else c for c in printable)


def number(value: float) -> str:
    """Write a number for people: four decimals, or four digits where it is large or tiny.

    Examples
    --------
    >>> number(0.84251), number(55.1234567), number(0.0)
    ('0.8425', '55.12', '0.0000')
    """
    tiny, large = 1e-3, 10
    if value and not tiny <= abs(value) < large:
        return f"{value:.4g}"
    return f"{value:.4f}"
