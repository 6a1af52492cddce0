"""The templates of all documents, with their filters."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from repro.core.sentences import number
from repro.report import texts

if TYPE_CHECKING:
    from jinja2 import Environment as Templates


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
        # The templates have no constant expressions to compute beforehand.
        optimized=False,
    )
    found.filters["number"] = number
    found.filters["percent"] = texts.percent
    found.filters["text"] = texts.markdown
    found.filters["shell"] = texts.shell
    found.filters["short"] = texts.short
    return found
