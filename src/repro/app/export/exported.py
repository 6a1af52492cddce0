"""The parts of a run that every format takes, all of them checked."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from repro.app.subjects.commands import command_of, is_command
from repro.app.subjects.intact import read_intact, read_intact_command
from repro.app.subjects.records import record_of_run
from repro.app.subjects.subject import Subject
from repro.config.recorded import parse_config
from repro.core.errors import ConfigError, PreconditionError
from repro.core.jsonfile import load_record
from repro.core.verdict import Verification
from repro.store import find_run, open_run
from repro.store.disk import read_limited
from repro.store.naming import LINEAGE, is_detached

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pydantic import JsonValue

    from repro.config.data import SourceDeclaration
    from repro.config.experiment import ExperimentConfig
    from repro.core.environment_file import EnvironmentFile
    from repro.core.record import RunRecord
    from repro.core.records import Lineage
    from repro.store import StoredRun

_INTACT = "only an intact run can be exported; restore it, or train again"


@dataclass(frozen=True)
class Exported:
    """A run whose files were checked.

    Attributes
    ----------
    path : Path
    lineage : Lineage
    record : RunRecord
        With all predictions.
    digest : str
        The digest in the run's ``record.json``.
    environment : EnvironmentFile
    run : StoredRun or None
        None for the run of a recorded command.
    config : ExperimentConfig or None
        None for the run of a recorded command.
    verification : Verification or None
        What ``repro verify`` found about the run, if that was given.
    """

    path: Path
    lineage: Lineage
    record: RunRecord
    digest: str
    environment: EnvironmentFile
    run: StoredRun | None = None
    config: ExperimentConfig | None = None
    verification: Verification | None = None

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return self.lineage.run_id

    @property
    def name(self) -> str:
        """The name of the experiment, or of the program."""
        return self.record.name

    @property
    def source(self) -> SourceDeclaration | None:
        """The source of an experiment's data."""
        return None if self.config is None else self.config.dataset.source

    @property
    def started(self) -> datetime:
        """The start of the run, with a time zone."""
        return datetime.fromisoformat(self.environment.started)

    @property
    def finished(self) -> datetime:
        """The end of the run, with a time zone."""
        return datetime.fromisoformat(self.environment.finished)

    def parameters(self) -> dict[str, str]:
        """Return the configuration of an experiment, or the command, by dotted name.

        Texts stand as they are; everything else is JSON.
        """
        if self.run is not None:
            # A folder of a machine is no parameter.
            return {k: v for k, v in flattened(self.run.config).items() if k != "execution.runs"}
        recipe = command_of(self.record)
        if recipe is None:
            return {}
        return flattened({"argv": list(recipe.argv), "level": recipe.level})

    def numbers(self) -> dict[str, float]:
        """Return the numbers of the record by their names."""
        return dict(self.record.evidence.numbers)

    def tags(self) -> dict[str, str]:
        """Return what identifies the run, its data, its code and its environment."""
        identity, environment = self.record.identity, self.environment.environment
        fingerprint = environment.fingerprint
        found = {
            "repro.run": self.run_id,
            "repro.name": self.name,
            "repro.digest": self.digest,
            "repro.replicate_key": identity.replicate_key,
            "repro.strict_key": identity.strict_key,
            "repro.environment_key": self.record.environment_key,
            "repro.level": environment.level,
            "repro.fingerprint": None if fingerprint is None else fingerprint.digest,
            "repro.integrity": "intact",
            "repro.version": self.lineage.version,
            "repro.commit": self.lineage.commit,
            **{f"repro.data.{each.name}": each.content for each in self.record.materials.data},
            **self.verdict(),
        }
        return {name: value for name, value in found.items() if value}

    def verdict(self) -> dict[str, str]:
        """Return what was verified, as tags; none where no verification was given."""
        found = self.verification
        if found is None:
            return {}
        verdict = found.verdict
        shown = {} if verdict is None else {"repro.verdict": str(verdict)}
        return {**shown, "repro.verification": found.sentence}

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Return each file of the run with the bytes that were checked; the lineage is the last.

        Raises
        ------
        PreconditionError, SchemaError
            If a file changes while it is exported.
        """
        opened = open_run(self.path)
        for name in sorted(opened.lineage.files):
            yield name, opened.content(name)
        for path in sorted(self.path.iterdir()):
            if is_detached(path.name):
                yield path.name, path.read_bytes()
        yield LINEAGE, (self.path / LINEAGE).read_bytes()


def read_exported(runs: Path, name: str | None, verification: Path | None = None) -> Exported:
    """Find a run, check it and read it.

    Parameters
    ----------
    verification : Path or None
        A file that ``repro verify`` wrote about this run.

    Raises
    ------
    ConfigError
        If the verification is of a different run.
    PreconditionError, SchemaError
        If there is no such run, it is damaged, or the verification cannot be read.
    """
    exported = _read(find_run(runs, name))
    if verification is None:
        return exported
    try:
        found = load_record(
            read_limited(verification, verification.name), verification.name, Verification
        )
    except OSError as error:
        raise PreconditionError(
            f"{verification}: cannot be read: {error.strerror}",
            advice=f"write it: repro verify {exported.run_id} --output {verification.name}",
        ) from error
    if found.subject != Subject(exported.path, is_run=True).name:
        raise ConfigError(
            f"{verification}: is about {found.subject}, and run {exported.run_id} is exported",
            advice=f"write one about this run: repro verify {exported.run_id} --output FILE",
        )
    return replace(exported, verification=found)


def _read(path: Path) -> Exported:
    if is_command(path):
        command = read_intact_command(path, _INTACT)
        record = command.record
        return Exported(path, command.lineage, record, record.digest, command.environment)
    run = read_intact(path, _INTACT)
    record = record_of_run(run)
    digest = record.digest if run.record is None else run.record.digest
    config = parse_config(run.config, "config.json")
    return Exported(path, run.lineage, record, digest, run.environment, run, config)


def flattened(value: Mapping[str, JsonValue], start: str = "") -> dict[str, str]:
    """Return the leaves of a configuration by dotted name; lists are leaves.

    Examples
    --------
    >>> flattened({"split": {"test_size": 0.25}, "families": ["knn"], "task": "binary"})
    {'split.test_size': '0.25', 'families': '["knn"]', 'task': 'binary'}
    """
    found: dict[str, str] = {}
    for name, each in value.items():
        if isinstance(each, dict) and each:
            found |= flattened(each, f"{start}{name}.")
        else:
            text = each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)
            found[f"{start}{name}"] = text
    return found
