"""All checks of one program."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from repro.lint import generators, parameters, seeds, threads, thresholds
from repro.lint.module import Module
from repro.lint.rules import INVALID_SUPPRESSION, UNREADABLE
from repro.lint.sources import UnreadableError, read_source
from repro.lint.suppression import comments

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from repro.lint.module import Found
    from repro.lint.rules import Rule
    from repro.lint.sources import Source
    from repro.lint.suppression import Comment

_CHECKS = (seeds.check, parameters.check, thresholds.check, generators.check, threads.check)


@dataclass(frozen=True, order=True)
class Finding:
    """One finding in a program.

    Attributes
    ----------
    cell : int
        Of a notebook, from 1; 0 in a file.
    line, column, end_line, end_column : int
        From 1, in characters; the end is the column after the last one.
    rule : Rule
    reason : str
    """

    cell: int
    line: int
    column: int
    end_line: int
    end_column: int
    rule: Rule
    reason: str


def find(content: bytes, *, notebook: bool, rules: Collection[str]) -> tuple[Finding, ...]:
    """Return the findings in a file or notebook, in the order of their places.

    Parameters
    ----------
    rules : collection of str
        The ids of the rules to apply.
    """
    try:
        source = read_source(content, notebook=notebook)
        found = {*map(_unreadable, source.unreadable), *_in_source(source)}
    except UnreadableError as error:
        found = {_unreadable(error)}
    except RecursionError:
        found = {_unreadable(UnreadableError("nested too deeply"))}
    return tuple(sorted(each for each in found if each.rule.id in rules))


def _in_source(source: Source) -> Iterator[Finding]:
    module, silenced = Module(source.tree), comments(source.text)
    lines = source.text.split("\n")
    for each in chain.from_iterable(check(module) for check in _CHECKS):
        if not _is_silenced(each, silenced):
            yield _finding(source, lines, each)
    for number, comment in silenced.items():
        if comment.problem:
            cell, line = source.placed(number)
            place = (cell or 0, line, comment.column, line, comment.column + 1)
            yield Finding(*place, INVALID_SUPPRESSION, comment.problem)


def _is_silenced(found: Found, silenced: dict[int, Comment]) -> bool:
    last = found.scope.end_lineno or found.scope.lineno
    numbers = {*range(found.scope.lineno, last + 1)} & silenced.keys()
    return any(found.rule.id in silenced[number].rules for number in numbers)


def _finding(source: Source, lines: list[str], found: Found) -> Finding:
    node = found.node
    cell, line = source.placed(node.lineno)
    end = node.end_lineno or node.lineno
    return Finding(
        cell or 0,
        line,
        _column(lines[node.lineno - 1], node.col_offset),
        line + end - node.lineno,
        _column(lines[end - 1], node.end_col_offset or node.col_offset),
        found.rule,
        found.reason,
    )


def _column(line: str, offset: int) -> int:
    # Syntax trees count bytes of UTF-8.
    return len(line.encode()[:offset].decode(errors="replace")) + 1


def _unreadable(error: UnreadableError) -> Finding:
    place = (error.cell or 0, error.line, error.column, error.line, error.column + 1)
    return Finding(*place, UNREADABLE, error.reason)
