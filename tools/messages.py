"""Print every message that the command line can give, to be read as a whole.

The first part drives real commands into their errors: bad files, wrong arguments, damaged runs,
forged records. The second part has every message of the source, for what no command here reaches.
"""

from __future__ import annotations

import re
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from tools.wording.cases import cases
from tools.wording.driving import Case, Edit, Printed, drive, make_project
from tools.wording.sites import sites

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 60
_PROGRESS = re.compile(r"^ *\d+\.\d s  .*\n", re.MULTILINE)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
def messages(file: TextIO) -> None:
    """Write every message to FILE, or print it."""
    for line in driven():
        file.write(f"{line}\n")
    for line in collected():
        file.write(f"{line}\n")


def driven() -> Iterator[str]:
    """Yield the first part: each command, its exit status, and what it printed."""
    yield "Part 1: commands, and what they print\n"
    with tempfile.TemporaryDirectory() as place:
        project = Path(place) / "made"
        make_project(project)
        for number, case in enumerate(cases()):
            yield shown(case, drive(case, project, Path(place) / str(number)))


def collected() -> Iterator[str]:
    """Yield the second part: each place in the source that makes a message, and its templates."""
    yield "Part 2: messages in the source\n"
    for site in sites():
        yield f"{site.path}:{site.line} {site.kind}"
        yield from (f"  {text}" for text in site.texts)


def shown(case: Case, printed: Printed) -> str:
    """Format a case: what was done to the project, the command, its status and its output."""
    before = "".join(f"# {_described(edit)}\n" for edit in case.edits)
    words = [f"{name}={value}" for name, value in (case.variables or {}).items()]
    command = shlex.join([*words, "repro", *case.words])
    said = _PROGRESS.sub("", f"{printed.out}{printed.err}")
    return f"{before}$ {command}\nexit {printed.status}\n{said}"


def _described(edit: object) -> str:
    if not isinstance(edit, Edit):
        return f"forged: {edit}"
    if edit.new is None:
        return f"{edit.path}: removed"
    if edit.old is None:
        return f"{edit.path}: replaced with {edit.new[:_SHOWN]!r}"
    return f"{edit.path}: {edit.old!r} replaced with {edit.new!r}"


if __name__ == "__main__":
    messages()
