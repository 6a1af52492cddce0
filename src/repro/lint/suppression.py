"""Comments that silence rules: ``# repro: ignore[RPR001]``."""

from __future__ import annotations

import io
import re
import tokenize
from typing import TYPE_CHECKING, NamedTuple

from repro.core.suggest import did_you_mean
from repro.lint.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMENT = re.compile(r"#\s*repro:\s*ignore\b(?P<rules>\[[^\]]*\])?")


class Comment(NamedTuple):
    """One comment.

    Attributes
    ----------
    rules : frozenset of str
        The ids of rules that it silences.
    problem : str
        Why it silences nothing; empty if it names rules.
    column : int
        From 1.
    """

    rules: frozenset[str]
    problem: str
    column: int


def comments(text: str) -> dict[int, Comment]:
    """Return the comments that silence rules, by line.

    Examples
    --------
    >>> comments("x = 1  # repro: ignore[RPR001]")[1].rules
    frozenset({'RPR001'})
    """
    if "repro:" not in text:
        return {}
    found = {}
    for token in _tokens(text):
        comment = _COMMENT.search(token.string) if token.type == tokenize.COMMENT else None
        if comment:
            column = token.start[1] + comment.start() + 1
            found[token.start[0]] = _read(comment["rules"] or "", column)
    return found


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):
        # A text that Python parses, and that its module for tokens does not split.
        return


def _read(listed: str, column: int) -> Comment:
    names = [name.strip() for name in listed.strip("[]").split(",") if name.strip()]
    unknown = [name for name in names if name not in RULES]
    if unknown:
        problem = f"there is no rule '{unknown[0]}': {did_you_mean(unknown[0], RULES)}"
    else:
        problem = "" if names else "the comment names no rule"
    return Comment(frozenset(names) - {*unknown}, problem, column)
