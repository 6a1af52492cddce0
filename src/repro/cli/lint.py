"""``repro lint``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import PATH, debug_option
from repro.cli.rendering import line
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from repro.core.linting import LintFinding, LintReport

FORMATS = ("text", "json", "sarif")


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=PATH)
@click.option("--select", multiple=True, metavar="RULES", help="Apply only these rules.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Do not apply these rules.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True,
    help="For people, for programs, or for services that review code.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The same as --format json: repro.lint/v1.")
@click.option("-o", "--output", "file", type=PATH, help="Write the findings to this file.")
@debug_option
def command(
    paths: tuple[Path, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    form: str,
    file: Path | None,
    *,
    as_json: bool,
) -> int:
    """Find in Python code what makes results hard to reproduce.

    PATH is a Python file, a notebook (.ipynb), or a folder that is searched for both. Programs are
    read; they are never imported or executed. RULES are ids or names, separated by commas. The
    comment "# repro: ignore[RPR001]" silences that rule on its line.

    \b
    repro lint src notebooks
    repro lint train.py --select hard-coded-seed,unseeded-estimator
    repro lint . --format sarif -o findings.sarif
    """
    if as_json and form == "sarif":
        raise click.UsageError("--json and --format sarif exclude each other.")
    from repro.app.files import check_targets
    from repro.app.lint import lint

    # A report in a folder that is searched is no program: it is not read the next time.
    check_targets([file], [path for path in paths if not path.is_dir()])
    report = lint(paths, select=select, ignore=ignore)
    form = "json" if as_json else form
    if file is not None:
        from repro.app.files import write_whole

        write_whole(file, written(report, form).encode())
    elif form == "text":
        render(report)
    else:
        click.echo(written(report, form), nl=False)
    return ExitCode.HOLDS if report.holds else ExitCode.FINDING


def written(report: LintReport, form: str) -> str:
    """Return a report as a file holds it."""
    if form == "text":
        return "".join(f"{click.unstyle(each)}\n" for each in _lines(report))
    if form == "json":
        return output.escaped(report.model_dump_json(indent=2, by_alias=True)) + "\n"
    import json

    from repro.report.sarif import lint_sarif

    return output.escaped(json.dumps(lint_sarif(report), indent=2, ensure_ascii=False)) + "\n"


def render(report: LintReport) -> None:
    """Print the findings for people."""
    for each in _lines(report):
        output.say(each)


def _lines(report: LintReport) -> list[str]:
    found = [text for each in report.findings for text in _finding(each)]
    files = len({each.path for each in report.findings})
    checked = _counted(report.files, "file")
    if report.holds:
        return [f"no findings in {checked}"]
    return [*found, f"{_counted(len(report.findings), 'finding')} in {files} of {checked}"]


def _finding(each: LintFinding) -> tuple[str, str]:
    cell = f"cell {each.cell}:" if each.cell else ""
    place = output.bold(f"{each.path}:{cell}{each.line}:{each.column}:")
    rule = output.toned("fails", each.rule)
    return f"{place} {rule} {each.name}: {line(each.reason)}", f"    fix: {each.fix}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
