"""``repro doctor``."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import json_option, level_option, project_option
from repro.cli.telling import line
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from repro.app.doctor import Check, Diagnosis

# Words whose colours say how bad each status is.
_TONES = {"problem": "fails", "warning": "warning", "kept in check": "stable", "ok": "holds"}
_STATUS, _NAME = 15, 26
_INDENT = " " * _STATUS


@click.command()
@level_option
@json_option
@project_option
def command(project_folder: Path | None, level: str | None, *, as_json: bool) -> int:
    """Tell what here is not deterministic, why, and how to mend it.

    Loads NumPy, SciPy and scikit-learn in two processes of their own, one as this shell starts
    Python and one as the level wants it (the project's own level, or portable), and holds what
    they read back against what was asked for. Exit status 1 if there is a problem.

    \b
    kept in check   varies by itself, and repro's own commands fix it
    warning         may matter to other code, or to other people
    problem         is not what it says, or cannot work

    \b
    repro doctor                            this shell, this project
    repro doctor --level portable-v2        could older processors be matched here?
    """
    from repro.app.doctor import examine

    diagnosis = examine(project_folder or Path.cwd(), level, os.environ)
    if as_json:
        checks = [asdict(check) for check in diagnosis.checks]
        output.say_json({"level": diagnosis.level, "holds": diagnosis.holds, "checks": checks})
    else:
        _tell(diagnosis)
    return ExitCode.HOLDS if diagnosis.holds else ExitCode.FINDING


def _tell(diagnosis: Diagnosis) -> None:
    from repro.app.doctor import Status

    for check in diagnosis.checks:
        _tell_check(check)
    counts = {status: diagnosis.count(status) for status in Status}
    plural = "" if counts[Status.PROBLEM] == 1 else "s"
    output.say()
    output.say(
        output.bold(f"{counts[Status.PROBLEM]} problem{plural}")
        + f", {counts[Status.WARNING]} to be warned of,"
        f" {counts[Status.KEPT_IN_CHECK]} kept in check at level '{diagnosis.level}',"
        f" {counts[Status.OK]} ok"
    )


def _tell_check(check: Check) -> None:
    status = output.toned(_TONES[check.status], f"{check.status:<{_STATUS}}")
    output.say(f"{status}{line(check.name):<{_NAME}}{line(check.found)}")
    for label, text in (("why", check.why), ("mend", check.mend)):
        if text:
            output.say(f"{_INDENT}{label:<{_NAME}}{line(text)}")
