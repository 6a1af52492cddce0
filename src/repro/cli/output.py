"""How results are written for people and for machines."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WIDE, _LABEL = 400, 15
COLOURS = {
    "identical": "green",
    "equivalent": "green",
    "stable": "green",
    "intact": "green",
    "holds": "green",
    "skipped": "yellow",
    "fails": "red",
    "warning": "yellow",
    "different": "red",
    "incomparable": "red",
    "alarm": "red",
    "tampered": "red",
}


def plain(text: object) -> str:
    """Take out of a text that came from a file what does not print, but for line breaks.

    Examples
    --------
    >>> plain("one\\n\\x1b[31mtwo\\u202e")
    'one\\n?[31mtwo?'
    """
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in str(text))


def say(text: str = "") -> None:
    """Print a line."""
    click.echo(text)


def bold(text: str) -> str:
    """Mark text as bold, on a terminal."""
    return click.style(text, bold=True)


def toned(word: str, text: str | None = None) -> str:
    """Colour a text by the word that it stands for."""
    return click.style(text or word, fg=COLOURS.get(word), bold=True)


def warn(text: str) -> None:
    """Print a warning beside the result."""
    click.echo(click.style("warning: ", fg="yellow", bold=True) + plain(text), err=True)


def say_json(value: object) -> None:
    """Print a JSON value; strict, so that NaN never gets out."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, default=str)
    # A file's name may be bytes that are no text, and JSON is text.
    click.echo(text.encode("utf-8", "replace").decode())


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: str = "") -> None:
    """Print rows under headings.

    Parameters
    ----------
    right : str
        Headings, parted by spaces, whose columns are aligned to the right.
    """
    # Imported when used: rich costs as much as click itself.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        numeric = heading in right.split()
        grid.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text.from_ansi(cell) for cell in row))
    terminal = sys.stdout.isatty()
    # A log has no width: wrapping there only hides values.
    console = Console(width=None if terminal else _WIDE, highlight=False, force_terminal=True)
    with console.capture() as captured:
        console.print(grid)
    for line in captured.get().splitlines():
        click.echo(line if terminal else click.unstyle(line).rstrip())


def field(label: str, text: str) -> None:
    """Print a labelled line."""
    click.echo(f"{label:<{_LABEL}}{text}")


def number(value: float) -> str:
    """Write a number for people."""
    from repro.report import number as write

    return write(value)


def short(digest: str) -> str:
    """Shorten a digest to what people compare by eye."""
    kind, colon, value = digest.partition(":")
    return f"{kind}{colon}{value[:12]}"
