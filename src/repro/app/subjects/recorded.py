"""The configuration that a run or a reference was trained with, and whether to trust it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.app.subjects.commands import is_command
from repro.app.subjects.record_file import read_record_file
from repro.app.subjects.records import record_of_run
from repro.app.subjects.subject import check_integrity, find_subject
from repro.config.recorded import parse_config
from repro.core.errors import PreconditionError
from repro.core.jsonfile import load
from repro.core.verdict import Outcome
from repro.store import read_command, read_run
from repro.store.disk import read_limited

if TYPE_CHECKING:
    from pathlib import Path

    from repro.app.subjects.subject import Subject
    from repro.config.experiment import ExperimentConfig
    from repro.core.record import AnyRecord
    from repro.store import StoredRun


def recorded_config(subject: Subject) -> ExperimentConfig:
    """Read the configuration that the subject was trained with.

    Raises
    ------
    PreconditionError, SchemaError
    """
    if not subject.is_run:
        record = read_record_file(subject.path)
        if not record.is_pipeline:
            raise PreconditionError(
                f"{subject.path.name}: it is not the record of an experiment, so this version"
                " cannot execute it",
                advice="compare it with a second record: repro compare",
            )
        return parse_config(record.config, subject.path.name)
    path = subject.path / "config.json"
    if not path.exists() and is_command(subject.path):
        # It refuses the run of a command, with the reason.
        read_run(subject.path)
    try:
        value = load(read_limited(path, path.name), path.name)
    except OSError as error:
        raise PreconditionError(f"{path.name}: cannot be read: {error.strerror}") from error
    return parse_config(value, path.name)


def config_again(
    project: Path, subject: Subject, level: str | None, workers: int | None
) -> ExperimentConfig:
    """Return the configuration to train an intact subject again with, once it is trusted.

    Parameters
    ----------
    level : str or None
        The level to train at instead of the recorded one.
    workers : int or None
        One if it is None: the number changes no result.

    Raises
    ------
    PreconditionError, SchemaError
        As ``recorded_config`` and ``check_trust``.
    """
    config = recorded_config(subject)
    # Imported when used: checking integrity trusts nothing.
    from repro.app.subjects.trust import check_trust  # noqa: PLC0415

    check_trust(project, subject, config)
    chosen = {"level": level} if level else {}
    execution = {"workers": workers or 1, "executor": None}
    return config.model_copy(
        update={
            "determinism": config.determinism.model_copy(update=chosen),
            "execution": config.execution.model_copy(update=execution),
        }
    )


@dataclass(frozen=True)
class Named:
    """A record that is intact, and its name for people."""

    name: str
    record: AnyRecord


@dataclass(frozen=True)
class Recorded(Named):
    """The same of an experiment, with the configuration that it was trained with."""

    config: ExperimentConfig


def find_intact(project: Path, runs: Path, name: str | None) -> Subject:
    """Find a run or a reference and check it; the newest run where nothing is named.

    Raises
    ------
    PreconditionError, SchemaError
        If there is no such thing, or it is damaged.
    """
    subject = find_subject(project, runs, name)
    broken = [c.detail for c in check_integrity(subject) if c.outcome is not Outcome.SAME]
    if broken:
        raise PreconditionError(
            f"{subject.name} is tampered or damaged: {'; '.join(broken)}",
            advice="restore it, or name a different one",
        )
    return subject


def read_recorded(project: Path, subject: Subject) -> Recorded:
    """Read an intact run or reference of an experiment to train again from.

    Raises
    ------
    PreconditionError, SchemaError
        If it is of no experiment, or reaches further than this project allows.
    HashMismatchError
        If this project has other data by the name of its data set.
    """
    config = recorded_config(subject)
    from repro.app.subjects.trust import check_trust, with_own_data  # noqa: PLC0415

    check_trust(project, subject, config)
    config = with_own_data(project, config)
    # Sections of a record are trained from too: they are those that were checked.
    checked = config.model_dump(mode="json", by_alias=True)
    return Recorded(subject.name, record_of(subject).with_config(checked), config)


def record_of(subject: Subject) -> AnyRecord:
    """Read the record of a run or a reference.

    Raises
    ------
    PreconditionError, SchemaError
    """
    if not subject.is_run:
        return read_record_file(subject.path)
    if is_command(subject.path):
        return read_command(subject.path).record
    return record_of_run(read_run(subject.path))


def run_of(subject: Subject) -> StoredRun | None:
    """Read a run of an experiment; None for a reference, and for the run of a command.

    Raises
    ------
    PreconditionError, SchemaError
    """
    is_experiment = subject.is_run and not is_command(subject.path)
    return read_run(subject.path) if is_experiment else None
