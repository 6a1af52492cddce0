"""The place that is a process with variables of its own."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError
from repro.core.jsonfile import dump, load_record
from repro.core.record import RunRecord
from repro.execution.network import fetch, network_of_children
from repro.execution.places.interface import Executed, config_of, skipped
from repro.execution.processes import finished
from repro.launch import Level, isolated_command, lacking, module_command, pinned, without_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.record import Recipe
    from repro.execution.places.interface import Skipped
    from repro.training.fold import Observer

MODULE = "repro.execution.child"
"""The program that trains: a configuration on standard input, its record on standard output."""


@dataclass(frozen=True)
class Child:
    """A process with variables of its own, in which no network can be reached.

    Attributes
    ----------
    environ : mapping of str to str
        All of its variables; nothing else is fixed.
    level : Level or None
        The level whose code paths the variables pin, which this processor has to have.
    """

    environ: Mapping[str, str] = field(repr=False)
    level: Level | None = None
    interpreter: str = sys.executable

    @staticmethod
    def at(level: Level) -> Child:
        """Return a process in which the code paths of a level are pinned."""
        return Child(pinned(level, os.environ), level)

    @property
    def title(self) -> str:
        """The level, if it is one."""
        return self.level or "a process of its own"

    def lacks(self, project: Path, recipe: Recipe) -> Skipped | None:  # noqa: ARG002 - protocol
        """Return why a recipe cannot be executed; None if it can."""
        missing = lacking(self.level) if self.level else ()
        return skipped(recipe, f"this processor has no {', '.join(missing)}" if missing else "")

    def execute(self, project: Path, recipe: Recipe, observer: Observer) -> Executed:
        """Train in a child at the level ``seeded``, so that its variables decide, by one worker.

        Raises
        ------
        PreconditionError
            If the training does not finish, with the last thing that it said.
        """
        observer.preparing(f"training in {self.title}")
        config = at_level(config_of(recipe), Level.SEEDED)
        fetch(project, config.dataset)
        command = module_command(self.interpreter, MODULE, str(project), Level.SEEDED)
        record = trained_by(isolated_command(command), self.environ, config)
        return Executed(record, network_of_children())


def at_level(config: ExperimentConfig, level: Level) -> ExperimentConfig:
    """Return a configuration that one worker trains at a level."""
    determinism = config.determinism.model_copy(update={"level": str(level)})
    execution = config.execution.model_copy(update={"workers": 1, "executor": None})
    return config.model_copy(update={"determinism": determinism, "execution": execution})


def trained_by(
    command: list[str], environ: Mapping[str, str], config: ExperimentConfig
) -> RunRecord:
    """Run a command that ends in `MODULE`, and return the record of its training.

    Raises
    ------
    PreconditionError
        If the training does not finish, with the last thing that it said.
    """
    try:
        done = finished(command, without_folder({**environ}), dump_config(config))
    except OSError as error:
        raise PreconditionError(f"could not be started: {error.strerror}") from error
    if done.returncode:
        # What it cannot do, it says in place of the record; how it died is on standard error.
        words = (done.stdout or done.stderr).decode(errors="replace").strip().splitlines()
        raise PreconditionError(words[-1] if words else f"exit status {done.returncode}")
    return load_record(done.stdout, "this machine's training", RunRecord)


def dump_config(config: ExperimentConfig) -> bytes:
    """Return a configuration as `MODULE` reads it."""
    return dump(config.model_dump(mode="json", by_alias=True))
