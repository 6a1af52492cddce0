"""The report of ``repro lint``: what in programs makes results hard to reproduce."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from repro.core.model import Record


class LintFinding(Record):
    """One finding in a program.

    Attributes
    ----------
    cell : int or None
        Of a notebook, from 1; None in a file.
    line, column, end_line, end_column : int
        From 1, in characters; in a notebook, the line within the cell.
    rule, name : str
        Such as ``RPR001`` and ``hard-coded-seed``.
    """

    path: str
    cell: int | None
    line: int
    column: int
    end_line: int
    end_column: int
    rule: str
    name: str
    reason: str
    why: str
    fix: str


class LintReport(Record):
    """The findings by file and place; it holds if there is no finding.

    Attributes
    ----------
    files : int
        How many files were checked.
    """

    schema_: Literal["repro.lint/v1"] = Field(alias="schema")
    holds: bool
    files: int
    findings: tuple[LintFinding, ...]
