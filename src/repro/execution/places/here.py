"""The place that is this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.execution.network import shut_network
from repro.execution.places.interface import Executed, config_of, skipped

if TYPE_CHECKING:
    from pathlib import Path

    from repro.core.record import Recipe
    from repro.execution.places.interface import Skipped
    from repro.training.fold import Observer


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

    def lacks(self, project: Path, recipe: Recipe) -> Skipped | None:  # noqa: ARG002 - protocol
        """Return why a recipe cannot be executed; None if it can."""
        return skipped(recipe)

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
        from repro.executors.beside import beside  # noqa: PLC0415

        config = config_of(recipe)
        network = shut_network(project, config.dataset) if self.shut else None
        with beside() as begin:
            execution = execute(project, config, observer, begin=begin)
            record = record_of_execution(execution, predictions_of(execution.training))
        return Executed(record, network)
