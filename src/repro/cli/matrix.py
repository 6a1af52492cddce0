"""``repro matrix``."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import PathName, find, json_option, make_request, project_option
from repro.core.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from repro.app.matrix.cells import Cell
    from repro.app.matrix.compare import Compared
    from repro.app.matrix.result import CellResult
    from repro.app.matrix.train import Job
    from repro.config.experiment import ExperimentConfig

_FILE = PathName(path_type=Path, exists=True, dir_okay=False)
_FOLDER = PathName(path_type=Path, file_okay=False)
_KINDS = ("stage outputs", "metrics", "predictions")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--cell", "names", multiple=True, metavar="NAME", help="This cell only; can be repeated."
)
@click.option("--exact", is_flag=True, help="Allow no stand-ins and no missing cells.")
@click.option("--train-only", is_flag=True, help="Write the records; compare nothing.")
@click.option(
    "--records",
    type=PathName(path_type=Path, exists=True, file_okay=False),
    help="Train nothing: compare the records in this folder, CELL.json each.",
)
@click.option("--reference", type=_FILE, help="Compare the records with this one.")
@click.option(
    "--work",
    type=_FOLDER,
    help="Folder for records and reports, kept from call to call; build/matrix of"
    " the project by default.",
)
@click.option(
    "--matrix", "file", type=_FILE, help="The cells; matrix.yaml of the project by default."
)
@click.option(
    "--summary",
    type=PathName(path_type=Path, dir_okay=False),
    envvar="GITHUB_STEP_SUMMARY",
    help="Append the comparison to this file, as Markdown.",
)
@click.option(
    "--known",
    type=PathName(path_type=Path, dir_okay=False),
    help="Add the fingerprints of passing cells to this file of known ones.",
)
@click.option("--list", "listed", is_flag=True, help="List the cells, and stop.")
@click.option("--github", is_flag=True, help="List the cells in the form of GitHub's fromJSON.")
@json_option("matrix", "matrix-result")
@project_option
def command(
    arguments: tuple[str, ...],
    names: tuple[str, ...],
    records: Path | None,
    reference: Path | None,
    work: Path | None,
    file: Path | None,
    summary: Path | None,
    known: Path | None,
    project_folder: Path | None,
    **flags: bool,
) -> int:
    """Train in every cell of a matrix that this machine can run, and compare.

    ARGUMENTS are those of repro train; put them after -- if this command has the same option. A
    cell is trained in its image if a container engine and the image are available, and otherwise in
    the stand-in that the matrix names. A cell that cannot be trained on this machine is never a
    pass; the reason is printed.

    The exit status is 0 if all hold; 1 if one differs or its training failed; 3 if there were fewer
    than two records, or if a cell is missing that was named by --cell or --exact.

    \b
    repro matrix -- -p debug                every cell, quickly
    repro matrix --cell debian-13           one cell
    repro matrix --list                     the cells
    """
    from repro.app.known import check_file
    from repro.app.matrix.cells import read_matrix
    from repro.execution.places.workspace import sole_use

    project = find(project_folder)
    cells = read_matrix(file or project / "matrix.yaml").chosen(names)
    if known is not None:
        check_file(known)
    if flags["listed"] or flags["github"]:
        return _list(cells, github=flags["github"], as_json=flags["as_json"])
    _check_arguments(records, arguments)
    work = (work or project / "build" / "matrix").absolute()
    kept = (records or work / "records").absolute()
    click.get_current_context().with_resource(sole_use(work))
    exact = flags["exact"]
    if records is None:
        config = _config(project, arguments)
        found = _all_trained(cells, project, (work, kept), config, exact=exact)
    else:
        from repro.app.matrix.collect import collect

        found = collect(cells, project, kept, exact=exact)
    compared, pages = not flags["train_only"], work / "report"
    if compared:
        found = _compared(found, project, kept, reference, pages)
    _show(found, as_json=flags["as_json"])
    if summary is not None and compared:
        _summarise(found, pages / "summary.md", summary)
    if known is not None:
        _remember(found, cells, kept, known)
    return _status(found, reference, needed=bool(names) or exact, compared=compared)


def _check_arguments(records: Path | None, arguments: tuple[str, ...]) -> None:
    if records is not None and arguments:
        raise ConfigError(f"--records trains nothing, so '{arguments[0]}' has no effect")


def _config(project: Path, arguments: Sequence[str]) -> ExperimentConfig:
    """Resolve the arguments of ``repro train``; those about output have no effect."""
    from repro.app.configuration import resolve_request
    from repro.cli.several import ALL
    from repro.cli.train import command as train

    options = train.make_context("repro train", [*arguments]).params
    own = {"project_folder", "quiet", "fresh", "as_json", "targets", "one_of_several"}
    given = {name: value for name, value in options.items() if name not in own}
    targets = options["targets"]
    if len(targets) > 1 or ALL in targets:
        raise ConfigError(
            "--target: a matrix trains one target", advice="run it once for each target"
        )
    request = make_request(**given, target=targets[0] if targets else None)
    return resolve_request(project, request).config


def _list(cells: Mapping[str, Cell], *, github: bool, as_json: bool) -> int:
    if github:
        rows = [{"name": n, "runner": c.runner, "python": c.python} for n, c in cells.items()]
        click.echo(json.dumps({"include": rows}))
    elif as_json:
        from repro.app.matrix.cells import Matrix

        output.say_record(Matrix(schema_="repro.matrix/v1", cells=dict(cells)))
    else:
        headings = ("cell", "runner", "Python", "image", "stand-in")
        output.table(headings, [
            (
                name, cell.runner, cell.python, (cell.image or "").partition("@")[0],
                " of ".join(filter(None, (cell.stand_in, cell.suite))),
            )
            for name, cell in cells.items()
        ])  # fmt: skip
    return ExitCode.HOLDS


def _all_trained(
    cells: Mapping[str, Cell],
    project: Path,
    folders: tuple[Path, Path],
    config: ExperimentConfig,
    *,
    exact: bool,
) -> list[CellResult]:
    from repro.app.matrix.train import Job
    from repro.execution.places.workspace import Workspace

    work, kept = folders
    jobs = [
        Job(cell, project, config, Workspace(work, name, cell.lock)) for name, cell in cells.items()
    ]
    return [_trained(jobs, n, kept, exact=exact) for n in range(len(jobs))]


def _trained(jobs: Sequence[Job], number: int, records: Path, *, exact: bool) -> CellResult:
    from repro.app.matrix.train import train

    job, total = jobs[number], len(jobs)
    # The line grows: each place that is tried, then the result.
    start = f"[{number + 1:{len(str(total))}}/{total}] {job.workspace.name}: "
    click.echo(start, nl=False, err=True)
    result = train(
        job, records, lambda title: click.echo(f"{title}, ", nl=False, err=True), exact=exact
    )
    click.echo(result.verdict, err=True)
    return result


def _compared(
    found: Sequence[CellResult],
    project: Path,
    records: Path,
    reference: Path | None,
    reports: Path,
) -> list[CellResult]:
    """Compare the records, and leave the comparison in a folder in each of its forms."""
    from repro.app.matrix.compare import compare

    shutil.rmtree(reports, ignore_errors=True)
    compared = compare(found, project, records, reference)
    if compared.report is not None:
        reports.mkdir(parents=True)
        _write(compared, reports)
    return list(compared.results)


def _write(compared: Compared, reports: Path) -> None:
    from repro.app.files import write_whole
    from repro.cli.compare import draw, written

    if compared.report is None:
        return
    for form, name in (
        ("json", "comparison.json"),
        ("markdown", "summary.md"),
        ("junit", "junit.xml"),
    ):
        write_whole(reports / name, written(compared.report, form).encode())
    if find_spec("matplotlib"):
        first, *others = compared.entries
        records = [entry.record for entry in others]
        draw(compared.report, first, records, reports / "report.html")


def _show(found: Sequence[CellResult], *, as_json: bool) -> None:
    if as_json:
        from repro.app.answers import MatrixAnswer

        results = tuple(map(asdict, found))
        value = {"schema": "repro.matrix-result/v1", "cells": results}
        output.say_record(MatrixAnswer.model_validate(value))
        return
    counts = ("stages alike", "metrics alike", "predictions alike")
    headings = ("cell", "trained by", "Python", "bits", "verdict", *counts, "seconds")
    output.table(headings, map(_row, found), right="seconds")
    output.say()
    # A reason that many cells share is printed once.
    reasons: dict[tuple[str, str], list[str]] = {}
    for result in found:
        if result.reason:
            verdict = output.toned(_tone(result), result.verdict)
            reasons.setdefault((verdict, result.reason), []).append(result.name)
    for (verdict, reason), names in reasons.items():
        output.say(f"{verdict}: {', '.join(names)}: {output.plain(reason)}")


def _row(result: CellResult) -> tuple[str, ...]:
    return (
        result.name,
        result.way,
        result.python,
        result.bits,
        output.toned(_tone(result), result.verdict),
        *(result.counted.get(kind, "") for kind in _KINDS),
        "" if result.seconds is None else f"{result.seconds:.0f}",
    )


def _tone(result: CellResult) -> str:
    if result.verdict in {"skipped", "trained"}:
        return result.verdict
    return "holds" if result.holds else "fails"


def _summarise(found: Sequence[CellResult], comparison: Path, summary: Path) -> None:
    lines = [comparison.read_text("utf-8")] if comparison.exists() else ["Nothing was compared.\n"]
    lines += [f"- {r.name}: {r.verdict}: {r.reason}\n" for r in found if r.is_missing]
    with summary.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines))


def _remember(
    found: Sequence[CellResult], cells: Mapping[str, Cell], records: Path, known: Path
) -> None:
    from repro.app.matrix.remember import remember_fingerprints

    new, count = remember_fingerprints(found, cells, records, known)
    click.echo(f"{known.name}: {new} new, from {count} cells", err=True)


def _status(
    found: Sequence[CellResult], reference: Path | None, *, needed: bool, compared: bool
) -> int:
    counts = Counter(result.verdict for result in found)
    numbers = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    wrong = [r.name for r in found if r.verdict not in {"skipped", "trained"} and not r.holds]
    records = sum(not r.is_missing for r in found) + (reference is not None)
    if wrong:
        status, end = ExitCode.FINDING, f"does not hold: {', '.join(wrong)}"
    elif records < (2 if compared else 1):
        status, end = ExitCode.PRECONDITION, "too few records to compare"
    elif needed and any(result.is_missing for result in found):
        status, end = ExitCode.PRECONDITION, "a requested cell is missing"
    else:
        status, end = ExitCode.HOLDS, "all records hold" if compared else "nothing was compared"
    click.echo(f"{numbers}: {end}", err=True)
    return status
