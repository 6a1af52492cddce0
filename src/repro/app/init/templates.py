"""Rendering the files of a project.

Several of them are files of this project, too, which are rendered from the same templates with
``own`` true; a test holds them together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

_HERE = Path(__file__).parent
# GitHub's expressions, make and the shell have the usual marks for themselves.
_SYNTAX: dict[str, Any] = {
    "block_start_string": "<%",
    "block_end_string": "%>",
    "variable_start_string": "<{",
    "variable_end_string": "}>",
    "comment_start_string": "<#",
    "comment_end_string": "#>",
}


def render(template: str, /, **values: Any) -> str:
    """Return the text of a template.

    Parameters
    ----------
    template : str
        Name of the file in the folder ``templates``.
    **values : Any
        What it names; a name without a value is an error.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - none of the files is HTML
        **_SYNTAX,
    )
    return environment.get_template(template).render(values)


def shipped(name: str) -> str:
    """Return the text of a file that every project gets as it is: the lock, and what follows it."""
    return (_HERE / "shipped" / name).read_text(encoding="utf-8")
