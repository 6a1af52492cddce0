"""``repro compare --gate``: the options, and the output for people and for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import PATH
from repro.cli.rendering import line

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from repro.core.gate import GateReport


def gate_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options by which a candidate is accepted or refused."""
    options = (
        click.option(
            "--gate", "gates", multiple=True, metavar="\"METRIC better|no-worse N\"",
            help="Require the candidate to be better than REFERENCE, or worse by N at most.",
        ),
        click.option(
            "--level", type=float,
            help="Of the intervals of --gate; as in the reference by default.",
        ),
        click.option("--markdown", type=PATH, help="Also write Markdown to this file."),
        click.option("--junit", type=PATH, help="Also write a JUnit test report to this file."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def written(report: GateReport, form: str) -> str:
    """Return a gate as JSON, Markdown or JUnit XML."""
    if form == "json":
        return output.escaped(report.model_dump_json(indent=2, by_alias=True)) + "\n"
    if form == "junit":
        from repro.report.junit import gate_junit

        return output.plain(gate_junit(report))
    from repro.report.gate import gate_markdown

    return output.plain(gate_markdown(report))


def render(report: GateReport) -> None:
    """Print a gate for people: one line for each metric."""
    from repro.report.gate import basis, interval

    output.say(f"base {output.bold(report.base)}, candidate {output.bold(report.candidate)}")
    output.say(line(basis(report)))
    output.say()
    headings = ("gate", "base", "candidate", "effect", "interval", "result")
    rows = [
        (
            result.gate,
            *(_number(each) for each in (result.base, result.candidate, result.effect)),
            interval(result) or "-",
            output.toned("holds" if result.outcome == "passed" else "fails", result.outcome),
        )
        for result in report.results
    ]
    output.table(headings, rows, right="base candidate effect")
    output.say()
    for result in report.results:
        output.say(line(f"{result.gate}: {result.sentence}"))
    for note in report.notes:
        output.field("note", line(note))


def _number(value: float | None) -> str:
    return "-" if value is None else output.number(value)
