"""Train in every cell of ``matrix.yaml`` that this machine can offer, and compare all records.

A cell is trained in its image where an engine of containers and the image are at hand, and else in
what the matrix names as a stand-in. One that cannot be trained here says why, and is never a pass.
What trains is this project's wheel, with the wheels of the lock.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from matrix_cells import outcome as outcomes_of
from matrix_cells.model import read_matrix
from matrix_cells.places import ROOT, Job
from matrix_cells.processes import sole_use
from repro.app.known import check_file
from repro.cli import guarded, output
from repro.core.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matrix_cells.model import Cell
    from matrix_cells.outcome import Outcome

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "ignore_unknown_options": True}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--cell", "names", multiple=True, metavar="NAME", help="Several may be given.")
@click.option("--exact", is_flag=True, help="Let nothing stand in for a cell, and none be missing.")
@click.option("--train-only", is_flag=True, help="Leave the records; compare nothing.")
@click.option(
    "--records", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Train nothing: compare the records in this folder, CELL.json each.",
)  # fmt: skip
@click.option("--reference", type=_FILE, help="Hold the records against this one.")
@click.option(
    "--work", type=_FOLDER, default=ROOT / "build" / "matrix", show_default="build/matrix",
    help="What is kept from call to call, and the records and reports.",
)  # fmt: skip
@click.option("--matrix", "file", type=_FILE, default=ROOT / "matrix.yaml", show_default=False,
              help="Other cells than matrix.yaml.")  # fmt: skip
@click.option(
    "--summary", type=click.Path(path_type=Path), envvar="GITHUB_STEP_SUMMARY",
    help="Append the comparison to this file, as Markdown.",
)  # fmt: skip
@click.option(
    "--known", type=click.Path(path_type=Path, dir_okay=False),
    help="Add the fingerprints of the cells that hold to this file of known ones.",
)  # fmt: skip
@click.option("--list", "listed", is_flag=True, help="Tell the cells, and stop.")
@click.option("--github", is_flag=True, help="Tell the cells as GitHub's fromJSON wants them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
def command(
    arguments: tuple[str, ...],
    names: tuple[str, ...],
    records: Path | None,
    reference: Path | None,
    work: Path,
    file: Path,
    summary: Path | None,
    known: Path | None,
    **flags: bool,
) -> int:
    """Train in cells of the matrix and compare the records; ARGUMENTS are those of repro train.

    Exit status 0 where all hold; 1 where one differs, or its training failed; 3 where there were
    fewer than two records, or where a cell is missing that was asked for by --cell or --exact.
    """
    cells = read_matrix(file).chosen(names)
    if known is not None:
        check_file(known)
    if flags["listed"] or flags["github"]:
        _list(cells, github=flags["github"], as_json=flags["as_json"])
        return ExitCode.HOLDS
    work = work.absolute()
    click.get_current_context().with_resource(sole_use(work))
    if records is None:
        kept = work / "records"
        jobs = [Job(name, cell, work, arguments) for name, cell in cells.items()]
        found = _trained(jobs, kept, exact=flags["exact"])
    elif arguments:
        raise ConfigError(f"--records trains nothing, so that '{arguments[0]}' has no effect")
    else:
        kept = records.absolute()
        found = outcomes_of.found(cells, kept, exact=flags["exact"])
    if not flags["train_only"]:
        found = outcomes_of.compare(found, kept, reference, work / "report")
    _tell(found, as_json=flags["as_json"])
    if summary is not None and not flags["train_only"]:
        _summarise(found, work / "report" / "summary.md", summary)
    if known is not None:
        outcomes_of.remember_fingerprints(found, cells, kept, known)
    needed = bool(names) or flags["exact"]
    return _status(found, reference, needed=needed, compared=not flags["train_only"])


def _list(cells: Mapping[str, Cell], *, github: bool, as_json: bool) -> None:
    if github:
        rows = [{"name": n, "runner": c.runner, "python": c.python} for n, c in cells.items()]
        click.echo(json.dumps({"include": rows}))
    elif as_json:
        output.say_json({name: cell.model_dump(mode="json") for name, cell in cells.items()})
    else:
        headings = ("cell", "runner", "Python", "image", "stand-in")
        output.table(headings, [
            (
                name, cell.runner, cell.python, (cell.image or "").partition("@")[0],
                " of ".join(filter(None, (cell.stand_in, cell.suite))),
            )
            for name, cell in cells.items()
        ])  # fmt: skip


def _trained(jobs: Sequence[Job], records: Path, *, exact: bool) -> list[Outcome]:
    found = []
    for number, job in enumerate(jobs, 1):
        begun = f"[{number:{len(str(len(jobs)))}}/{len(jobs)}] {job.name}: "
        click.echo(begun, nl=False, err=True)
        # What is appended says which way there is, then what came of it.
        outcome = outcomes_of.train(
            job, records, lambda title: click.echo(f"{title}, ", nl=False, err=True), exact=exact
        )
        click.echo(outcome.verdict, err=True)
        found.append(outcome)
    return found


def _tell(found: Sequence[Outcome], *, as_json: bool) -> None:
    if as_json:
        click.echo(outcomes_of.as_json(found))
        return
    kinds = ("stage outputs", "metrics", "predictions")
    counts = ("stages alike", "metrics alike", "predictions alike")
    headings = ("cell", "trained by", "Python", "bits", "verdict", *counts, "seconds")
    rows = [
        (
            outcome.name,
            outcome.way,
            outcome.python,
            outcome.bits,
            output.toned(_tone(outcome), outcome.verdict),
            *(outcome.counted.get(kind, "") for kind in kinds),
            "" if outcome.seconds is None else f"{outcome.seconds:.0f}",
        )
        for outcome in found
    ]
    output.table(headings, rows, right="seconds")
    output.say()
    # What many cells lack is told once.
    reasons: dict[tuple[str, str], list[str]] = {}
    for outcome in found:
        if outcome.reason:
            told = output.toned(_tone(outcome), outcome.verdict)
            reasons.setdefault((told, outcome.reason), []).append(outcome.name)
    for (told, reason), names in reasons.items():
        output.say(f"{told}: {', '.join(names)}: {output.plain(reason)}")


def _tone(outcome: Outcome) -> str:
    if outcome.verdict in {"skipped", "trained"}:
        return outcome.verdict
    return "holds" if outcome.holds else "fails"


def _summarise(found: Sequence[Outcome], comparison: Path, summary: Path) -> None:
    lines = [comparison.read_text("utf-8")] if comparison.exists() else ["Nothing was compared.\n"]
    lines += [f"- {o.name}: {o.verdict}: {o.reason}\n" for o in found if _missing(o)]
    with summary.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines))


def _missing(outcome: Outcome) -> bool:
    return outcome.verdict in {"skipped", "failed"}


def _status(
    found: Sequence[Outcome], reference: Path | None, *, needed: bool, compared: bool
) -> int:
    counted = _counted(o.verdict for o in found)
    told = ", ".join(f"{number} {verdict}" for verdict, number in counted.items())
    wrong = [o.name for o in found if o.verdict not in {"skipped", "trained"} and not o.holds]
    records = sum(not _missing(o) for o in found) + (reference is not None)
    if wrong:
        status, end = ExitCode.FINDING, f"does not hold: {', '.join(wrong)}"
    elif records < (2 if compared else 1):
        status, end = ExitCode.PRECONDITION, "too few records to say anything"
    elif needed and any(map(_missing, found)):
        status, end = ExitCode.PRECONDITION, "not every cell that was asked for is there"
    else:
        status, end = ExitCode.HOLDS, "all records hold" if compared else "nothing was compared"
    click.echo(f"{told}: {end}", err=True)
    return status


def _counted(verdicts: Iterable[str]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for verdict in verdicts:
        counted[verdict] = counted.get(verdict, 0) + 1
    return counted


if __name__ == "__main__":
    sys.exit(guarded(command, sys.argv[1:]))
