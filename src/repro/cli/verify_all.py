"""``repro verify --all``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from repro.cli import output
from repro.cli.options import find_if_any, runs_of
from repro.cli.rendering import line
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.core.swept import Verifications, VerifiedRun

# Parameters that each process gets too, and the options that carry them.
_PASSED_ON = {
    "only_integrity": "--integrity",
    "run_command": "--run-command",
    "tolerance": "--tolerance",
    "noise_file": "--noise",
    "level": "--level",
    "workers": "--workers",
    "project_folder": "--project",
}


def verify_every_run(given: Mapping[str, Any]) -> int:
    """Verify every run of the folder and print a table.

    Parameters
    ----------
    given : mapping of str to value
        The parameters of ``repro verify``.
    """
    from repro.app.verify_all import verify_all

    if any(given[name] for name in ("subject", "reference", "report_file", "mapped")):
        raise click.UsageError("--all checks every run: it takes no run, --reference, --map or -o.")
    project = find_if_any(given["project_folder"]) or Path.cwd()
    arguments: list[str] = []
    for name, option in _PASSED_ON.items():
        value = given[name]
        if value is not None and value is not False:
            arguments += [option] if value is True else [option, str(value)]
    quiet = given["quiet"] or given["as_json"]
    runs = runs_of(project, given["runs_folder"])
    found = verify_all(
        runs, arguments, _say_nothing if quiet else _say_progress, jobs=given["jobs"]
    )
    if given["as_json"]:
        output.say_record(found)
    else:
        _render(found)
    return ExitCode.HOLDS if found.holds else ExitCode.FINDING


def _say_nothing(_number: int, _total: int, _run: VerifiedRun) -> None:
    pass


def _say_progress(number: int, total: int, run: VerifiedRun) -> None:
    click.echo(f"{number} of {total}: {line(run.run_id)}: {run.verdict}", err=True)


def _render(found: Verifications) -> None:
    rows = [(run.run_id, output.toned(run.verdict), run.sentence) for run in found.runs]
    output.table(("run", "verdict", "because"), rows)
    held = sum(run.holds for run in found.runs)
    output.say()
    output.say(f"{held} of {len(found.runs)} runs hold")
