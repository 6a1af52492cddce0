"""What ``verify`` is asked about: a run folder or a reference file, and whether it is intact.

Nothing slow is imported here: integrity is answered at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from repro.app.soundness import find_flaw
from repro.core.environment import environment_key
from repro.core.errors import PreconditionError, SchemaError
from repro.core.jsonfile import binding, dump_record, load_record
from repro.core.records import DriftBaseline, Metrics, RecordFile, Stages, Threshold
from repro.core.verdict import Check, Outcome
from repro.store import FileOutcome, find_run, integrity, open_run
from repro.store.disk import read_limited

if TYPE_CHECKING:
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
        """How people are told of it."""
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


def check_integrity(subject: Subject) -> tuple[Check, ...]:
    """Check every file of a run, or the binding of a reference, and that what is there can be.

    Raises
    ------
    SchemaError
        If a reference is not a record of this version.
    """
    if subject.is_run:
        checks = tuple(_file_check(check) for check in integrity(subject.path))
        return _with_flaw(subject.path, checks)
    name, content = subject.path.name, read_limited(subject.path, subject.path.name)
    record = load_record(content, name, RecordFile)
    check = check_record(record, name)
    if check.outcome is Outcome.SAME and content != dump_record(record):
        check = _edited(check)
    return (check,)


def check_record(record: RecordFile, name: str) -> Check:
    """Check whether what a record says of itself follows from what it holds.

    Raises
    ------
    SchemaError
        If it holds what no record of this program holds.
    """
    found = _bound_digest(record, name)
    check = Check(name=name, expected=record.digest, actual=found, outcome=Outcome.SAME)
    if not _is_consistent(record, found):
        return _edited(check)
    flaw = find_flaw(record.stages, record.metrics, record.threshold)
    return _named(flaw, name) if flaw else check


def _edited(check: Check) -> Check:
    detail = f"{check.name} was edited since it was written"
    return replace(check, outcome=Outcome.DIFFERS, detail=detail)


def _with_flaw(run: Path, checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Hold what the files of a run say against each other, beyond their hashes."""
    try:
        files = open_run(run)
        flaw = find_flaw(
            files.record("stages.json", Stages),
            files.record("metrics.json", Metrics),
            files.record("threshold.json", Threshold),
            files.record("drift_baseline.json", DriftBaseline),
        )
    except PreconditionError:
        # What is not as it was written has its own check, and who reads a file of another version
        # says so.
        return checks
    if flaw is None:
        return checks
    file = f"{flaw.name.partition('.')[0]}.json"
    return tuple(_named(flaw, file) if check.name == file else check for check in checks)


def _named(flaw: Check, file: str) -> Check:
    return replace(flaw, name=file, detail=f"{file}: {flaw.detail}")


def _is_consistent(record: RecordFile, digest: str) -> bool:
    key = environment_key(record.environment)
    return (
        digest == record.digest
        and key == record.keys.environment_key
        and record.environment.level == _level(record)
    )


def _level(record: RecordFile) -> object:
    determinism = record.config.get("determinism")
    return determinism.get("level") if isinstance(determinism, dict) else None


def _bound_digest(record: RecordFile, name: str) -> str:
    try:
        return binding(record)
    except ValueError as error:
        # An integer that canonical JSON cannot hold was not written by this program.
        raise SchemaError(f"{name}: {error}", advice="get the file anew") from error


def _file_check(check: FileCheck) -> Check:
    outcomes = {FileOutcome.INTACT: Outcome.SAME, FileOutcome.MISSING: Outcome.MISSING}
    return Check(
        name=check.name,
        expected=check.expected,
        actual=check.actual,
        outcome=outcomes.get(check.outcome, Outcome.DIFFERS),
        detail="" if check.outcome is FileOutcome.INTACT else f"{check.name}: {check.detail}",
    )
