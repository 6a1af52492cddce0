"""``repro drift``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import PATH, find, json_option, project_option, runs_of, runs_option
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repro.app.answers import DriftAnswer
    from repro.training.drift import FeatureDrift


@click.command()
@click.argument("run")
@click.argument("file", type=PATH)
@runs_option
@json_option("drift-report")
@project_option
def command(
    run: str,
    file: Path,
    project_folder: Path | None,
    runs_folder: Path | None,
    *,
    as_json: bool,
) -> int:
    """Check new data against the training rows of a run.

    FILE is a table with the columns of the run's data set; the target, dropped columns and
    identifiers may be left out. Each feature gets its population stability index and the value
    that the index reaches by chance. The exit status is 1 if any feature raises the alarm.

    RUN is a folder, an id or the beginning of one, or 'latest'.
    """
    from repro.app.drift import drift

    project = find(project_folder)
    moved = drift(runs_of(project, runs_folder), run, file)
    alarms = sum(feature.level == "alarm" for feature in moved)
    if as_json:
        output.say_record(_as_json(moved, holds=not alarms))
    else:
        rows = [
            (d.feature, output.number(d.psi), output.number(d.chance), output.toned(d.level))
            for d in moved
        ]
        output.table(("feature", "psi", "chance", "level"), rows, right="psi chance")
        output.say(f"{alarms} of {len(moved)} features at alarm")
    return ExitCode.FINDING if alarms else ExitCode.HOLDS


def _as_json(moved: Sequence[FeatureDrift], *, holds: bool) -> DriftAnswer:
    from repro.app.answers import DriftAnswer

    features = tuple(map(vars, moved))
    value = {"schema": "repro.drift-report/v1", "holds": holds, "features": features}
    return DriftAnswer.model_validate(value)
