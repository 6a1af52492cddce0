"""Places that train in an environment of their own, which is made from a lock."""

from __future__ import annotations

import shutil
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError
from repro.core.jsonfile import load_record
from repro.core.record import RunRecord
from repro.execution.network import fetch, network_of_children
from repro.execution.places.child import dump_config
from repro.execution.places.commands import run
from repro.execution.places.interface import Executed, UnavailableError, config_of, skipped
from repro.execution.places.workspace import INSIDE, Workspace
from repro.launch import isolated_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.record import Recipe
    from repro.execution.places.interface import Skipped
    from repro.training.fold import Observer

FROM_WHEELS = ("--wheels", "/wheels")
_CONFIG, _RECORD = "config.json", "record.json"


@dataclass(frozen=True)
class Plan:
    """The command that trains at a prepared place.

    Attributes
    ----------
    command : tuple of str
    end : tuple of str
        The command that ends it, if killing the first one is not enough.
    """

    command: tuple[str, ...]
    end: tuple[str, ...] = ()


@dataclass(frozen=True)
class Installed(ABC):
    """A place with an environment of its own.

    Attributes
    ----------
    workspace : Workspace
    variables : mapping of str to str
        Set for the training alone.
    """

    workspace: Workspace
    variables: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    @property
    @abstractmethod
    def title(self) -> str:
        """The name of the place for people."""

    @abstractmethod
    def obstacle(self, project: Path) -> str:
        """Return why this machine does not have the place; empty if it can be prepared."""

    @abstractmethod
    def prepare(self, project: Path, level: str) -> Plan:
        """Make what the place needs, and return the command that trains at a level.

        Raises
        ------
        UnavailableError
            If it cannot be made.
        """

    @property
    def has_network(self) -> bool:
        """True if something else than this program decides about the network."""
        return False

    def lacks(self, project: Path, recipe: Recipe) -> Skipped | None:
        """Return why a recipe cannot be executed; None if it can, as far as is known."""
        lock = project / self.workspace.lock
        reason = self.obstacle(project) if lock.is_file() else f"the project has no {lock.name}"
        return skipped(recipe, reason)

    def execute(self, project: Path, recipe: Recipe, observer: Observer) -> Executed:
        """Prepare the place and train, shut off from the network.

        Raises
        ------
        UnavailableError
            If the place cannot be prepared.
        PreconditionError
            If the training does not finish, with its first error.
        """
        observer.preparing(f"training by {self.title}")
        config = config_of(recipe)
        fetch(project, config.dataset)
        try:
            self.workspace.folder.mkdir(parents=True, exist_ok=True)
            plan = self.prepare(project, config.determinism.level)
            record = self._trained(plan, config)
        except OSError as error:
            raise UnavailableError(f"{self.workspace.folder}: {error.strerror}") from error
        return Executed(record, None if self.has_network else network_of_children())

    def _trained(self, plan: Plan, config: ExperimentConfig) -> RunRecord:
        folder = self.workspace.folder
        # What an earlier call left is never taken for this one's.
        (folder / _RECORD).unlink(missing_ok=True)
        (folder / _CONFIG).write_bytes(dump_config(config))
        command = plan.command
        if not self.has_network:
            program = shutil.which(command[0]) or command[0]
            command = tuple(isolated_command([program, *command[1:]]))
        try:
            status = run(command, self.workspace.log)
        except BaseException:
            if plan.end:
                subprocess.run(plan.end, capture_output=True, check=False)
            raise
        if status:
            raise PreconditionError(f"exit status {status}: {self.workspace.failure}")
        return load_record((folder / _RECORD).read_bytes(), _RECORD, RunRecord)

    def training(self, project: Path, level: str, *source: str) -> tuple[str, ...]:
        """Return the command that trains with the file names of this machine."""
        where = ("--project", str(project), "--cell", str(self.workspace.folder))
        return (str(INSIDE / "train.py"), *where, *source, *self._options(level))

    def training_inside(self, level: str, *source: str) -> tuple[str, ...]:
        """Return the command for a place that has file names of its own."""
        where = ("--project", "/project", "--cell", "/cell")
        return ("/matrix/train.py", *where, *source, *self._options(level))

    def _options(self, level: str) -> tuple[str, ...]:
        given = [w for name, text in self.variables.items() for w in ("--set", f"{name}={text}")]
        return ("--lock", self.workspace.lock, "--level", level, *given)


def python_inside(version: str, packages: tuple[str, ...]) -> str:
    """Return the name of the interpreter at a place whose packages bring one."""
    versioned = f"python{version}"
    return versioned if versioned in packages else "python3"
