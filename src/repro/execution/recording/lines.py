"""Short digests of the lines of a source file, so that a later comparison can name changed lines.

The text itself is never recorded. A digest has 16 bits: enough to align two versions of a file,
and too few to confirm a guess of what a line says.
"""

from __future__ import annotations

import hashlib
import io
import tokenize
from typing import TYPE_CHECKING

from repro.core.observed import BLANK

if TYPE_CHECKING:
    from pathlib import Path

_DIGITS = 4
# Generated files are longer; a change in one is no change that a person made in a line.
_MOST = 20_000


def lines_of(path: Path) -> str | None:
    """Return a digest for each line of a source file, separated by spaces; None if it is too long.

    Comments and blank lines have no digest. The indentation counts by its depth only.
    """
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None
    lines = text.splitlines()
    if len(lines) > _MOST:
        return None
    if path.suffix == ".py":
        depths, comments = _structure(text)
    else:
        depths = {}
        comments = {n: 0 for n, line in enumerate(lines, 1) if line.lstrip().startswith("#")}
    found = (
        _digest(line[: comments.get(number)].strip(), depths.get(number, 0))
        for number, line in enumerate(lines, 1)
    )
    return " ".join(found)


def _structure(text: str) -> tuple[dict[int, int], dict[int, int]]:
    """Return the depth of indentation of lines, and the columns of comments, by line number."""
    depths: dict[int, int] = {}
    comments: dict[int, int] = {}
    indents = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            indents += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
            # A line can begin with several of these: the last one says how deep it is.
            if token.type in {tokenize.INDENT, tokenize.DEDENT}:
                depths[token.start[0]] = indents
            depths.setdefault(token.start[0], indents)
            if token.type == tokenize.COMMENT:
                comments[token.start[0]] = token.start[1]
    except (tokenize.TokenError, SyntaxError):
        return {}, {}
    return depths, comments


def _digest(text: str, depth: int) -> str:
    if not text:
        return BLANK
    return hashlib.sha256(f"{depth} {text}".encode()).hexdigest()[:_DIGITS]
