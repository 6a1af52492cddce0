"""Output for people and for machines."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

from repro.cli import cells
from repro.cli.cells import cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from repro.core.model import Record

_WIDE, _LABEL, _MANY = 400, 15, 500
_STYLE = re.compile(r"(\x1b\[[0-9;]*m)")
_UNUSUAL = re.compile(r"[^ -~\n]")
plain = cells.plain
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


class Styled(str):
    """Text that this program has coloured itself, after its content was sanitised."""

    __slots__ = ()


def say(text: str = "") -> None:
    """Print a line; of what does not print, only this program's colours come through."""
    parts = _STYLE.split(text)
    click.echo("".join(part if i % 2 else plain(part) for i, part in enumerate(parts)))


def note(text: str = "") -> None:
    """Print a line beside the result, on standard error."""
    parts = _STYLE.split(text)
    shown = "".join(part if i % 2 else plain(part) for i, part in enumerate(parts))
    click.echo(shown, err=True)


def bold(text: str) -> str:
    """Sanitise text and mark it as bold, on a terminal."""
    return Styled(click.style(cell(text), bold=True))


def toned(word: str, text: str | None = None) -> str:
    """Sanitise text and colour it by the word that it stands for."""
    return Styled(click.style(cell(text or word), fg=COLOURS.get(word), bold=True))


def warn(text: str) -> None:
    """Print a warning beside the result."""
    click.echo(click.style("warning: ", fg="yellow", bold=True) + cell(text), err=True)


def say_json(value: object) -> None:
    """Print a JSON value; strict, so that NaN never gets out."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, default=str)
    # A file's name may be bytes that are no text, and JSON is text.
    click.echo(escaped(text.encode("utf-8", "replace").decode()))


def say_record(record: Record) -> None:
    """Print a record as JSON, its schema first."""
    value = record.model_dump(mode="json", by_alias=True)
    say_json({"schema": value["schema"]} | value)


def escaped(text: str) -> str:
    """Escape what does not print in the text of a JSON value."""
    # It can only stand in strings, where its escape means the same.
    return _UNUSUAL.sub(lambda c: c[0] if c[0].isprintable() else json.dumps(c[0])[1:-1], text)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: str = "") -> None:
    """Print rows under headings; every cell that is not ``Styled`` is sanitised.

    Parameters
    ----------
    right : str
        Headings, separated by spaces, whose columns are aligned to the right.
    """
    rows = list(rows)
    if len(rows) > _MANY:
        _plain_table(headings, rows, right.split())
        return
    # Imported when used: rich costs as much as click itself.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def content(each: str) -> Text:
        """Keep this program's colours, and sanitise everything else."""
        return Text.from_ansi(each) if isinstance(each, Styled) else Text(cell(each))

    grid = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        side: Literal["left", "right"] = "right" if heading in right.split() else "left"
        grid.add_column(Text(cell(heading)), justify=side, overflow="fold")
    for row in rows:
        grid.add_row(*map(content, row))
    terminal = sys.stdout.isatty()
    # A log has no width: wrapping there only hides values.
    console = Console(width=None if terminal else _WIDE, highlight=False, force_terminal=True)
    with console.capture() as captured:
        console.print(grid)
    for line in captured.get().splitlines():
        click.echo(line if terminal else click.unstyle(line).rstrip())


def _plain_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]
) -> None:
    """Print rows that nobody reads one by one, without wrapping them: in a fraction of the time."""
    from rich.cells import cell_len

    def width(each: str) -> int:
        """Return the number of columns that a text takes on a terminal."""
        return len(each) if each.isascii() and "\x1b" not in each else cell_len(click.unstyle(each))

    shown = [[each if isinstance(each, Styled) else cell(each) for each in row] for row in rows]
    lines = [[bold(heading) for heading in headings], *shown]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    terminal = sys.stdout.isatty()
    printed = []
    for row in lines:
        parts = []
        for heading, each, most in zip(headings, row, widths, strict=True):
            space = " " * (most - width(each))
            parts.append(space + each if heading in right else each + space)
        text = "  ".join(parts).rstrip()
        printed.append(text if terminal else click.unstyle(text))
    click.echo("\n".join(printed))


def field(label: str, text: str) -> None:
    """Print a labelled line."""
    say(f"{label:<{_LABEL}}{text}")


def number(value: float) -> str:
    """Write a number for people."""
    from repro.core.sentences import number as write

    return write(value)


def short(digest: str) -> str:
    """Shorten a digest to what people compare by eye."""
    kind, colon, value = digest.partition(":")
    return f"{kind}{colon}{value[:12]}"


@dataclass(frozen=True)
class Forms:
    """The form of the result and its file, and more files, each in a form of its own."""

    form: str
    file: Path | None
    markdown: Path | None
    junit: Path | None

    @property
    def files(self) -> tuple[Path | None, ...]:
        """Every file that is to be written."""
        return (self.file, self.markdown, self.junit)

    def give(self, render: Callable[[], None], write: Callable[[str], str]) -> None:
        """Print the result, or write it to its file, and write the other files."""
        from repro.app.files import write_whole

        for kind, path in (("markdown", self.markdown), ("junit", self.junit)):
            if path is not None:
                write_whole(path, write(kind).encode())
        if self.file is not None:
            write_whole(self.file, write(self.form).encode())
        elif self.form == "text":
            render()
        else:
            click.echo(write(self.form), nl=False)
