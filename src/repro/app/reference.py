"""The use case ``reference``: a run's record as one file, to commit or hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.configuration import verification_settings
from repro.app.subjects.commands import is_command
from repro.app.subjects.intact import read_intact, read_intact_command
from repro.app.subjects.records import record_of_run, sampled
from repro.core.errors import PreconditionError, SchemaError
from repro.core.jsonfile import load
from repro.core.targets import target_of
from repro.store import find_run
from repro.store.disk import read_limited

if TYPE_CHECKING:
    from pathlib import Path

    from repro.core.record import RunRecord


def export(project: Path, runs: Path, name: str | None) -> RunRecord:
    """Make the reference of a run, after checking that the run is intact.

    It has as many predictions as this project asks of a reference when it verifies one.

    Raises
    ------
    PreconditionError
        If there is no such run, or a file of it is not what it was.
    """
    path = find_run(runs, name)
    if is_command(path):
        record = read_intact_command(path, "only an intact run can become a reference").record
        if record.observed is not None and record.observed.status != 0:
            raise PreconditionError(
                f"{path.name}: the command failed with status {record.observed.status}, so nothing"
                " could be verified with it as a reference",
                advice="record it again once it ends with status 0",
            )
        return record
    run = read_intact(path, "only an intact run can become a reference; train again")
    sample = verification_settings(project, run.lineage.experiment).sample
    return sampled(record_of_run(run), sample)


def check_replaceable(file: Path, experiment: str, target: str | None = None) -> None:
    """Refuse to write a reference over anything but an older one of the same experiment and target.

    Raises
    ------
    PreconditionError
    """
    if not file.exists():
        return
    try:
        value = load(read_limited(file, file.name), file.name)
        found = value.get("name", value.get("experiment"))
        recipe = value.get("recipe")
        config = recipe.get("config") if isinstance(recipe, dict) else None
        before = target_of(config) if isinstance(config, dict) else None
    except (SchemaError, OSError):
        found = before = None
    if (found, before) != (experiment, target):
        what = f"a reference of {_named(str(found), before)}" if found else "not a reference"
        raise PreconditionError(
            f"{file} exists and is {what}: it is not overwritten"
            f" with a reference of {_named(experiment, target)}",
            advice="choose a different file, or remove this one",
        )


def _named(experiment: str, target: str | None) -> str:
    return f"'{experiment}'" if target is None else f"'{experiment}', target '{target}'"
