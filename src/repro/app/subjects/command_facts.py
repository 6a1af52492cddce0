"""Agreement of the files in the run of a recorded command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.subjects.commands import command_of
from repro.core.environment import follows
from repro.core.errors import SchemaError
from repro.core.jsonfile import binding
from repro.core.verdict import Check, Outcome
from repro.divergence.self_consistency import names_itself

if TYPE_CHECKING:
    from pydantic import JsonValue

    from repro.core.record import RunRecord
    from repro.store import StoredCommand


def find_false_fact(run: StoredCommand) -> Check | None:
    """Return the first fact in a command's run that its record contradicts; None if all agree.

    Raises
    ------
    SchemaError
        If the record has values that repro never writes.
    """
    record, lineage = run.record, run.lineage
    recipe = command_of(record)
    environment = record.environment
    facts: tuple[tuple[str, JsonValue, JsonValue], ...] = (
        ("record.digest", record.digest, _bound(record)),
        ("record.identity", names_itself(record), True),
        ("record.environment", follows(record.environment_key, environment), True),
        ("environment.environment", run.environment.environment == environment, True),
        ("lineage.experiment", lineage.experiment, record.name),
        ("lineage.command", list(lineage.command), list(recipe.argv) if recipe else []),
        ("lineage.code", dict(lineage.code), dict(record.materials.code)),
        ("lineage.commit", lineage.commit, environment.commit),
        ("lineage.created", lineage.created, run.environment.started),
    )
    for name, recorded, expected in facts:
        if recorded != expected:
            detail = "it does not agree with record.json: one of the two was edited"
            return Check(
                name=name, expected=expected, actual=recorded, outcome=Outcome.DIFFERS,
                detail=f"{name.partition('.')[2]}: {detail}",
            )  # fmt: skip
    return None


def _bound(record: RunRecord) -> str:
    try:
        return binding(record)
    except ValueError as error:
        raise SchemaError(f"record.json: {error}", advice="get a fresh copy of it") from error
