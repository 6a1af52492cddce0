"""The configuration that a run or a reference was trained with, and whether to trust it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.app.configuration import allowed_modules, parse_config
from repro.app.record_file import read_record_file
from repro.app.records import record_of_run
from repro.app.subject import check_integrity, find_subject
from repro.config.data import UrlSource
from repro.core.errors import PreconditionError
from repro.core.jsonfile import load
from repro.core.verdict import Outcome
from repro.datasets.registry import registry
from repro.store import read_run
from repro.store.disk import read_limited

if TYPE_CHECKING:
    from pathlib import Path

    from repro.app.subject import Subject
    from repro.config.experiment import ExperimentConfig
    from repro.core.records import RecordFile


def recorded_config(subject: Subject) -> ExperimentConfig:
    """Read the configuration that the subject was trained with.

    Raises
    ------
    PreconditionError, SchemaError
    """
    if not subject.is_run:
        return parse_config(read_record_file(subject.path).config, subject.path.name)
    path = subject.path / "config.json"
    try:
        value = load(read_limited(path, path.name), path.name)
    except OSError as error:
        raise PreconditionError(f"{path.name}: cannot be read: {error.strerror}") from error
    return parse_config(value, path.name)


@dataclass(frozen=True)
class Recorded:
    """A record that is intact, the configuration in it, and how people are told of it."""

    name: str
    record: RecordFile
    config: ExperimentConfig


def read_recorded(project: Path, runs: Path, name: str | None) -> Recorded:
    """Read a run or a reference to train again from; the newest run where nothing is named.

    Raises
    ------
    PreconditionError, SchemaError
        If there is no such thing, it is damaged, or reaches further than this project allows.
    """
    subject = find_subject(project, runs, name)
    broken = [c.detail for c in check_integrity(subject) if c.outcome is not Outcome.SAME]
    if broken:
        raise PreconditionError(
            f"{subject.name} is tampered or damaged: {'; '.join(broken)}",
            advice="restore it, or name another one",
        )
    config = recorded_config(subject)
    check_trust(project, config)
    return Recorded(subject.name, record_of(subject), config)


def record_of(subject: Subject) -> RecordFile:
    """Read the record of a run or a reference.

    Raises
    ------
    PreconditionError, SchemaError
    """
    if subject.is_run:
        return record_of_run(read_run(subject.path))
    return read_record_file(subject.path)


def check_trust(project: Path, config: ExperimentConfig) -> None:
    """Refuse a recorded configuration that reaches further than this project's own.

    Raises
    ------
    PreconditionError
        If it allows a module that ``configs/base.yaml`` does not, or names a URL that is not that
        data set's in ``configs/datasets.yaml``: a record from somebody else opens nothing here.
    """
    _check_url(project, config)
    allowed = allowed_modules(project)
    beyond = sorted(set(config.security.allowed_modules) - set(allowed))
    if beyond:
        raise PreconditionError(
            f"the record allows estimators from '{beyond[0]}', and this project does not",
            advice=f"if you trust it, add '{beyond[0]}' to security.allowed_modules in base.yaml",
        )


def _check_url(project: Path, config: ExperimentConfig) -> None:
    dataset = config.dataset
    if not isinstance(dataset.source, UrlSource):
        return
    declared = registry(project).get(dataset.name)
    if declared is None or declared.source != dataset.source:
        raise PreconditionError(
            f"the record's data set '{dataset.name}' is at a URL that is not declared here",
            advice="if you trust it, declare the data set in configs/datasets.yaml",
        )
