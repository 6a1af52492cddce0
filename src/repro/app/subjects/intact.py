"""A run that is read only after its files, and what they say of each other, were checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.subjects.subject import Subject, check_integrity
from repro.core.errors import PreconditionError
from repro.core.verdict import Outcome
from repro.store import read_command, read_run

if TYPE_CHECKING:
    from pathlib import Path

    from repro.store import StoredCommand, StoredRun


def read_intact(run: Path, advice: str = "restore it, or name a different run") -> StoredRun:
    """Check a run and read it.

    Raises
    ------
    PreconditionError
        If a file is missing, changed, or contradicted by a second file.
    SchemaError
        If a file is of a different version.
    """
    _check(run, advice)
    return read_run(run)


def read_intact_command(
    run: Path, advice: str = "restore it, or name a different run"
) -> StoredCommand:
    """Check the run of a recorded command and read it.

    Raises
    ------
    PreconditionError, SchemaError
        As ``read_intact``.
    """
    _check(run, advice)
    return read_command(run)


def _check(run: Path, advice: str) -> None:
    checks = check_integrity(Subject(run, is_run=True))
    broken = [check.detail for check in checks if check.outcome is not Outcome.SAME]
    if broken:
        raise PreconditionError(
            f"run {run.name} is tampered or damaged: {'; '.join(broken)}", advice=advice
        )
