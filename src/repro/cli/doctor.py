"""``repro doctor``."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import json_option, level_option, project_option
from repro.cli.rendering import line
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from repro.app.answers import DiagnosisAnswer
    from repro.app.doctor import Diagnosis, Observation

# Words whose colours say how bad each status is.
_TONES = {"problem": "fails", "warning": "warning", "controlled": "stable", "ok": "holds"}
_STATUS, _NAME = 15, 26
_INDENT = " " * _STATUS


@click.command()
@level_option
@json_option("diagnosis/v2")
@project_option
def command(project_folder: Path | None, level: str | None, *, as_json: bool) -> int:
    """List what is not deterministic on this machine, why, and how to fix it.

    Loads NumPy, SciPy and scikit-learn in two separate processes, one started as this shell starts
    Python and one started at the level (the project's own level, or portable), and compares what
    they read back with what was requested. The exit status is 1 if there is a problem.

    \b
    controlled      varies on its own, and repro's own commands fix it
    warning         may matter to other code or to other people
    problem         is not what it claims to be, or cannot work

    \b
    repro doctor                            this shell, this project
    repro doctor --level portable-v2        can this machine match older processors?
    """
    from repro.app.doctor import examine

    diagnosis = examine(project_folder or Path.cwd(), level, os.environ)
    if as_json:
        output.say_record(_as_json(diagnosis))
    else:
        _render(diagnosis)
    return ExitCode.HOLDS if diagnosis.holds else ExitCode.FINDING


def _as_json(diagnosis: Diagnosis) -> DiagnosisAnswer:
    from repro.app.answers import DiagnosisAnswer, DiagnosisCheck

    return DiagnosisAnswer(
        schema_="repro.diagnosis/v2",
        level=str(diagnosis.level),
        holds=diagnosis.holds,
        checks=tuple(DiagnosisCheck.model_validate(asdict(check)) for check in diagnosis.checks),
    )


def _render(diagnosis: Diagnosis) -> None:
    from repro.app.doctor import Status

    for check in diagnosis.checks:
        _render_check(check)
    counts = {status: diagnosis.count(status) for status in Status}
    output.say()
    output.say(
        output.bold(f"{counts[Status.PROBLEM]} problem{_plural(counts[Status.PROBLEM])}")
        + f", {counts[Status.WARNING]} warning{_plural(counts[Status.WARNING])},"
        f" {counts[Status.CONTROLLED]} controlled at level '{diagnosis.level}',"
        f" {counts[Status.OK]} ok"
    )


def _plural(count: int) -> str:
    return "" if count == 1 else "s"


def _render_check(check: Observation) -> None:
    status = output.toned(_TONES[check.status], f"{check.status:<{_STATUS}}")
    output.say(f"{status}{line(check.name):<{_NAME}}{line(check.found)}")
    for label, text in (("why", check.why), ("fix", check.advice)):
        if text:
            output.say(f"{_INDENT}{label:<{_NAME}}{line(text)}")
