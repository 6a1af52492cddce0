"""Writing the run of a command, or of a program that recorded itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from repro import __version__
from repro.app.subjects.commands import command_facts, remember
from repro.core.environment_file import EnvironmentFile
from repro.core.jsonfile import dump_record
from repro.core.record import CommandRecipe
from repro.core.records import Lineage
from repro.report import command_markdown
from repro.store import PendingRun, new_run_id
from repro.store.naming import RECORD

if TYPE_CHECKING:
    from pathlib import Path

    from repro.core.record import RunRecord


def write_command_run(made: RunRecord, runs: Path, started: datetime, seconds: float) -> Path:
    """Write the run folder of a record and return its path; it exists whole or not at all.

    Parameters
    ----------
    started : datetime
        With a time zone.
    seconds : float

    Raises
    ------
    PreconditionError
        If it cannot be written.
    """
    from repro.capture import capture_host  # noqa: PLC0415 - it imports NumPy

    environment = EnvironmentFile(
        schema_="repro.environment/v1",
        environment=made.environment,
        host=capture_host(),
        started=started.isoformat(),
        finished=datetime.now(UTC).isoformat(),
        seconds=seconds,
    )
    with PendingRun(runs, new_run_id(started)) as pending:
        pending.write(RECORD, dump_record(made))
        pending.write("environment.json", dump_record(environment))
        facts = command_facts(pending.run_id, made, environment)
        pending.write("report.md", command_markdown(facts).encode())
        path = pending.commit(_lineage(made, pending.run_id, started.isoformat()))
    remember(made)
    return path


def _lineage(made: RunRecord, run_id: str, created: str) -> Lineage:
    recipe = made.recipe
    return Lineage(
        schema_="repro.lineage/v1",
        run_id=run_id,
        experiment=made.name,
        created=created,
        version=__version__,
        command=recipe.argv if isinstance(recipe, CommandRecipe) else (),
        configuration={},
        code=made.materials.code,
        commit=made.environment.commit,
        dirty=made.environment.dirty,
        files={},
        digest="",
    )
