"""Processors of the bench as places: an experiment is trained as it would be on each of them."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.execution.network import fetch, network_of_children
from repro.execution.places.child import MODULE, at_level, trained_by
from repro.execution.places.interface import Executed, config_of, skipped
from repro.launch import Level, isolated_command, leaking, module_command
from tools.cpu_bench.bench import Emulation

if TYPE_CHECKING:
    from pathlib import Path

    from repro.core.record import Recipe
    from repro.execution.places import Skipped
    from repro.training.fold import Observer
    from tools.cpu_bench.bench import Cpu, Mask


@dataclass(frozen=True)
class Processor:
    """A processor: this one as it is, or one that the bench presents.

    Attributes
    ----------
    way : Mask or Emulation
        How it is presented.
    cpu : Cpu or None
        None for this machine's own.
    """

    way: Mask | Emulation
    cpu: Cpu | None = None

    @property
    def title(self) -> str:
        """The name of the processor."""
        return self.cpu.name if self.cpu else "native"

    def lacks(self, project: Path, recipe: Recipe) -> Skipped | None:  # noqa: ARG002 - protocol
        """Return why the processor cannot be presented here; None if it can."""
        return skipped(recipe, (self.way.reason_to_skip(self.cpu) or "") if self.cpu else "")

    def execute(self, project: Path, recipe: Recipe, observer: Observer) -> Executed:
        """Train in a process that sees the processor, at the recipe's level, by one worker.

        Raises
        ------
        PreconditionError
            If the training does not finish, or the processor is below the level.
        BenchError
            If the processor cannot be presented here.
        """
        observer.preparing(f"training on {self.title}")
        config = config_of(recipe)
        level = Level(config.determinism.level)
        fetch(project, config.dataset)
        command = module_command(sys.executable, MODULE, str(project), level)
        command = self.way.command(self.cpu, command) if self.cpu else command
        command[0] = shutil.which(command[0]) or command[0]
        inherited = leaking(os.environ)
        environ = {name: value for name, value in os.environ.items() if name not in inherited}
        if self.cpu and isinstance(self.way, Emulation):
            # A restart would leave the emulator.
            environ |= level.variables
        record = trained_by(isolated_command(command), environ, at_level(config, level))
        return Executed(record, network_of_children())
