"""The run of a recorded command: its recipe, its facts, and whether this user recorded it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError, SchemaError
from repro.core.meaning import OF_COMMANDS
from repro.core.record import CommandRecipe
from repro.core.redaction import REDACTED
from repro.store import open_run
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from repro.core.environment_file import EnvironmentFile
    from repro.core.meaning import Meaning
    from repro.core.record import AnyRecord, RunRecord
    from repro.report import CommandFacts

_LEDGER = "recorded-here"


def is_command(run: Path) -> bool:
    """Return whether a run is of a recorded command.

    Raises
    ------
    PreconditionError, SchemaError
        If the lineage of the run cannot be read.
    """
    return open_run(run).lineage.dataset is None


def meaning_of(record: AnyRecord) -> Meaning:
    """Return the meaning of a record's steps: that of the pipeline, or that of a command."""
    return MEANING if record.is_pipeline else OF_COMMANDS


def command_of(record: AnyRecord) -> CommandRecipe | None:
    """Return the recipe of a recorded command; None for any other record."""
    recipe = getattr(record, "recipe", None)
    return recipe if isinstance(recipe, CommandRecipe) else None


def command_facts(
    run_id: str, record: RunRecord, environment: EnvironmentFile, damage: tuple[str, ...] = ()
) -> CommandFacts:
    """Return the facts for a report on a command's run.

    Raises
    ------
    SchemaError
        If the record is not of a command.
    """
    if record.observed is None:
        raise SchemaError("record.json is not the record of a command")
    # Imported when used: records are read much more often than reports are written.
    from repro.report import CommandFacts  # noqa: PLC0415

    return CommandFacts(run_id, record, command_of(record), record.observed, environment, damage)


def remember(record: RunRecord) -> None:
    """Note that this user recorded a command on this machine, so that ``verify`` may run it.

    If the note cannot be written, ``verify`` asks the user first.
    """
    ledger = _ledger()
    try:
        ledger.parent.mkdir(parents=True, exist_ok=True)
        with ledger.open("a", encoding="ascii") as file:
            file.write(f"{record.digest}\n")
    except OSError:
        return


def is_own(record: AnyRecord) -> bool:
    """Return whether this user made a record on this machine."""
    try:
        return record.digest in _ledger().read_text("ascii").splitlines()
    except (OSError, ValueError):
        return False


def check_runnable(record: RunRecord, *, sealed: bool) -> None:
    """Refuse a command that cannot run again unchanged, or that writes outside its folder.

    Raises
    ------
    PreconditionError
    """
    recipe, observed = command_of(record), record.observed
    if recipe is None or observed is None:
        raise PreconditionError(
            "the record is of a program that recorded itself, and has no command to run",
            advice="record a second run, and compare the two: repro compare",
        )
    if any(REDACTED in word for word in recipe.argv):
        raise PreconditionError(
            "an argument of the command was redacted, because it looks like a secret",
            advice="pass secrets by an environment variable or a file, and record again",
        )
    if observed.outside and not sealed:
        raise PreconditionError(
            f"the command writes outside its working folder: {observed.outside[0]}",
            advice="let it write inside its working folder, and record again",
        )


def _ledger() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "repro" / _LEDGER
