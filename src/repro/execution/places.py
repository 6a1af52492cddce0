"""Places: where a recipe is executed again, all through one door.

A place says what it lacks before anything is trained, and gives the record of what it trained.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from repro.config.recorded import parse_config
from repro.core.errors import PreconditionError
from repro.core.jsonfile import load_record
from repro.core.record import PipelineRecipe, RunRecord
from repro.execution.network import fetch, network_of_children, shut_network
from repro.execution.processes import finished
from repro.launch import Level, isolated_command, lacking, module_command, pinned, without_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.record import Recipe
    from repro.core.verdict import Network
    from repro.training.fold import Observer

_NOT_YET = "only the recipe of an experiment can be executed by this version"


@dataclass(frozen=True)
class Executed:
    """A training that was done, and how far it was shut off from the network."""

    record: RunRecord
    network: Network | None = None


class Place(Protocol):
    """Something that executes recipes.

    Attributes
    ----------
    title : str
        The name of the place for people.
    """

    @property
    def title(self) -> str:
        """The name of the place for people."""

    def lacks(self, recipe: Recipe) -> str:
        """Return why a recipe cannot be executed at this place; empty if it can."""

    def execute(self, project: Path, recipe: Recipe, observer: Observer) -> Executed:
        """Execute a recipe and return its record, with all predictions.

        Raises
        ------
        ReproError
            If it does not finish.
        """


def recipe_of(config: ExperimentConfig) -> PipelineRecipe:
    """Return the recipe of an experiment."""
    return PipelineRecipe(kind="pipeline", config=config.model_dump(mode="json", by_alias=True))


@dataclass(frozen=True)
class Here:
    """The process that asks.

    Attributes
    ----------
    shut : bool
        Whether the process is shut off from the network for good, after the data was fetched and
        before anything of the recipe is built. A process that goes on afterwards must not be.
    """

    shut: bool = False
    title: str = "this process"

    def lacks(self, recipe: Recipe) -> str:
        """Return why a recipe cannot be executed; empty if it can."""
        return "" if isinstance(recipe, PipelineRecipe) else _NOT_YET

    def execute(self, project: Path, recipe: Recipe, observer: Observer) -> Executed:
        """Train, at the level that the recipe names and that this process has to be at.

        Raises
        ------
        PreconditionError, DataError, ConfigError
            As ``pipeline.execute``.
        """
        # Imported when used: they import NumPy, and a command reads a record before it trains.
        from repro.execution.pipeline import execute, predictions_of  # noqa: PLC0415
        from repro.execution.record import record_of_execution  # noqa: PLC0415

        config = _config_of(recipe)
        network = shut_network(project, config.dataset) if self.shut else None
        execution = execute(project, config, observer)
        record = record_of_execution(execution, predictions_of(execution.training))
        return Executed(record, network)


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

    def lacks(self, recipe: Recipe) -> str:
        """Return why a recipe cannot be executed; empty if it can."""
        if not isinstance(recipe, PipelineRecipe):
            return _NOT_YET
        missing = lacking(self.level) if self.level else ()
        return f"this processor has no {', '.join(missing)}" if missing else ""

    def execute(self, project: Path, recipe: Recipe, observer: Observer) -> Executed:
        """Train in a child at the level ``seeded``, so that its variables decide, by one worker.

        Raises
        ------
        PreconditionError
            If the training does not finish, with the last thing that it said.
        """
        observer.preparing(f"training in {self.title}")
        given = _seeded(_config_of(recipe))
        fetch(project, given.dataset)
        command = module_command(self.interpreter, "repro.execution.child", str(project))
        text = json.dumps(given.model_dump(mode="json", by_alias=True)).encode()
        try:
            done = finished(isolated_command(command), without_folder({**self.environ}), text)
        except OSError as error:
            raise PreconditionError(f"could not be started: {error.strerror}") from error
        if done.returncode:
            # What it cannot do, it says in place of the record; how it died is on standard error.
            words = (done.stdout or done.stderr).decode(errors="replace").strip().splitlines()
            raise PreconditionError(words[-1] if words else f"exit status {done.returncode}")
        record = load_record(done.stdout, "this machine's training", RunRecord)
        return Executed(record, network_of_children())


class Silent:
    """An observer that reports nothing."""

    def preparing(self, what: str) -> None:
        """Pass over it."""

    def stage_started(self, name: str, position: int, total: int) -> None:
        """Pass over it."""

    def task_started(self, label: str, position: int, total: int) -> None:
        """Pass over it."""


def _config_of(recipe: Recipe) -> ExperimentConfig:
    if not isinstance(recipe, PipelineRecipe):
        raise PreconditionError(f"this recipe is a {recipe.kind}: {_NOT_YET}")
    return parse_config(recipe.config, "recipe")


def _seeded(config: ExperimentConfig) -> ExperimentConfig:
    determinism = config.determinism.model_copy(update={"level": "seeded"})
    execution = config.execution.model_copy(update={"workers": 1})
    return config.model_copy(update={"determinism": determinism, "execution": execution})
