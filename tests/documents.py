"""The pages that people read: their prose, the commands that they show, and what they link to."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from tests.conftest import ROOT

GUIDES = sorted((ROOT / "docs").glob("*.md"))
FRONT = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
DECISIONS = sorted((ROOT / "docs" / "adr").glob("*.md"))
PAGES = [*FRONT, *GUIDES, *DECISIONS]

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_MARKED = re.compile(
    r"<!-- (?P<kind>tested|file): (?P<name>\S+)(?: in (?P<folder>\S+))? -->\n```\w+\n"
    r"(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Command:
    """A command in a tested block, without `repro`, and all that it prints."""

    words: tuple[str, ...]
    output: str


@dataclass(frozen=True)
class Block:
    """A marked block: a file to write, or commands to run, in a folder of the project."""

    kind: str
    name: str
    text: str
    folder: str | None = None

    @property
    def commands(self) -> list[Command]:
        if self.kind == "file":
            return []
        parts = re.split(r"^\$ repro ", self.text, flags=re.MULTILINE)
        assert parts[0] == "", f"{self.name} begins with a command of repro"
        split = (part.partition("\n") for part in parts[1:])
        return [Command(tuple(shlex.split(line)), output) for line, _, output in split]


def blocks(text: str) -> list[Block]:
    """Return the marked blocks of a page, in their order."""
    return [Block(**found.groupdict()) for found in _MARKED.finditer(text)]


def prose(text: str) -> str:
    """Return a page without its fenced blocks."""
    return _FENCED.sub("", text)


def settled(text: str) -> str:
    """Leave out what differs from run to run, or by system: names of runs, seconds, the seal."""
    text = re.sub(r"\d{8}-\d{6}-[0-9a-f]{6}", "RUN", text)
    text = re.sub(r"^check it: \S+ verify", "check it: repro verify", text, flags=re.MULTILINE)
    text = re.sub(r" +\d+\.\d$", " N", text, flags=re.MULTILINE)
    text = re.sub(r"^(seal +)(?:not )?sealed\b.*$", r"\1N", text, flags=re.MULTILINE)
    return re.sub(r"\d+\.\d s$", "N s", text.strip("\n"), flags=re.MULTILINE)


def shows(page: str, printed: str) -> bool:
    """Return whether a page shows what was printed; a line of `…` stands for any lines.

    Examples
    --------
    >>> shows("one\\n…\\nfour\\n", "one\\ntwo\\nthree\\nfour\\n")
    True
    >>> shows("one\\n…\\n", "zero\\none\\n"), shows("one\\n", "one\\ntwo\\n")
    (False, False)
    """
    lines = settled(page).split("\n")
    pattern = "".join(r"(?:.*\n)*?" if line == "…" else re.escape(line) + r"\n" for line in lines)
    return re.fullmatch(pattern, settled(printed) + "\n") is not None
