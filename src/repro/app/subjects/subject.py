"""The subject of ``verify``: a run folder or a reference file, and whether it is intact.

The module imports nothing slow: integrity is checked at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from repro.app.own_metrics import find_missing_metric
from repro.app.subjects.command_facts import find_false_fact as find_false_command_fact
from repro.app.subjects.commands import is_command, meaning_of
from repro.app.subjects.facts import find_false_fact
from repro.app.subjects.record_file import read_record_file
from repro.app.subjects.records import find_odd_record
from repro.core.errors import PreconditionError, SchemaError
from repro.core.jsonfile import binding
from repro.core.verdict import Check, Outcome
from repro.divergence.consistency import Results, find_inconsistency, find_odd_stage
from repro.divergence.self_consistency import find_contradiction, names_itself
from repro.store import (
    FileOutcome,
    find_run,
    integrity,
    read_command,
    read_run,
)
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from repro.core.record import AnyRecord
    from repro.store import FileCheck


@dataclass(frozen=True)
class Subject:
    """A run folder or a reference file.

    Attributes
    ----------
    path : Path
    is_run : bool
    """

    path: Path
    is_run: bool

    @property
    def name(self) -> str:
        """The name of the subject for people."""
        return f"run {self.path.name}" if self.is_run else f"reference {self.path.name}"


def find_subject(project: Path, runs: Path, name: str | None) -> Subject:
    """Find a run or a reference by path, id or prefix; the newest run where nothing is named.

    Raises
    ------
    PreconditionError
        If there is no such thing; the advice says what there is.
    """
    if name is not None:
        for path in (Path(name), project / name):
            if path.is_file():
                return Subject(path, is_run=False)
    if name is not None and name.endswith(".json"):
        raise PreconditionError(
            f"no reference file {name}",
            advice="make one from a run: repro reference RUN -o FILE",
        )
    return Subject(find_run(runs, name), is_run=True)


def find_run_subject(runs: Path, name: str | None) -> Subject:
    """Find a run by path, id or prefix; the newest one where nothing is named.

    Raises
    ------
    PreconditionError
        If there is no such run.
    """
    return Subject(find_run(runs, name), is_run=True)


def check_integrity(subject: Subject) -> tuple[Check, ...]:
    """Check every file of a run, or the binding of a reference, and what they say of each other.

    Raises
    ------
    SchemaError
        If a reference, or a file of a run that is intact, is not a record of this version: what it
        says cannot be checked.
    """
    if subject.is_run:
        checks = tuple(_file_check(check) for check in integrity(subject.path))
        return _with_flaw(subject.path, checks)
    return (check_record(read_record_file(subject.path), subject.path.name),)


def check_record(record: AnyRecord, name: str) -> Check:
    """Check whether what a record says of itself follows from what it holds.

    Raises
    ------
    SchemaError
        If it holds what no record of this program holds.
    """
    found = _bound_digest(record, name)
    check = Check(name=name, expected=record.digest, actual=found, outcome=Outcome.SAME)
    if found != record.digest or not names_itself(record):
        return _edited(check)
    flaw = find_contradiction(record, meaning_of(record)) or _missing_metric(record)
    return _named(flaw, name) if flaw else check


def _missing_metric(record: AnyRecord) -> Check | None:
    if not record.is_pipeline:
        return None
    return find_missing_metric(record.stages, record.metrics, record.config)


def _edited(check: Check) -> Check:
    detail = f"{check.name} was edited since it was written"
    return replace(check, outcome=Outcome.DIFFERS, detail=detail)


def _with_flaw(run: Path, checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Compare what the files of a run say with each other, beyond their hashes."""
    if any(check.outcome is not Outcome.SAME for check in checks):
        # Nothing is said of files that are not those that were written.
        return checks
    if is_command(run):
        flaw = find_false_command_fact(read_command(run))
        return _placed(flaw, checks)
    files = read_run(run)
    results = Results(
        files.stages,
        files.metrics,
        files.threshold,
        files.predictions,
        files.drift_baseline,
        files.search,
    )
    flaw = (
        find_inconsistency(results, MEANING)
        or find_odd_stage(files.stages, files.config, MEANING)
        or find_missing_metric(files.stages, files.metrics, files.config)
        or find_false_fact(files)
        or find_odd_record(files)
    )
    return _placed(flaw, checks)


def _placed(flaw: Check | None, checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Put a flaw in the place of the check of the file that it is in."""
    if flaw is None:
        return checks
    head = flaw.name.partition(".")[0]
    file = "predictions.csv" if head == "predictions" else f"{head}.json"
    return tuple(_named(flaw, file) if check.name == file else check for check in checks)


def _named(flaw: Check, file: str) -> Check:
    return replace(flaw, name=file, detail=f"{file}: {flaw.detail}")


def _bound_digest(record: AnyRecord, name: str) -> str:
    try:
        return binding(record)
    except ValueError as error:
        # An integer that canonical JSON cannot hold was not written by this program.
        raise SchemaError(f"{name}: {error}", advice="get a fresh copy of the file") from error


def _file_check(check: FileCheck) -> Check:
    outcomes = {FileOutcome.INTACT: Outcome.SAME, FileOutcome.MISSING: Outcome.MISSING}
    return Check(
        name=check.name,
        expected=check.expected,
        actual=check.actual,
        outcome=outcomes.get(check.outcome, Outcome.DIFFERS),
        detail="" if check.outcome is FileOutcome.INTACT else f"{check.name}: {check.detail}",
    )
