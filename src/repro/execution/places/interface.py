"""The protocol of places, and the values that places take and return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from repro.config.recorded import parse_config
from repro.core.errors import PreconditionError
from repro.core.record import PipelineRecipe

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.record import Recipe, RunRecord
    from repro.core.verdict import Network
    from repro.training.fold import Observer

_NOT_YET = "only the recipe of an experiment can be executed by this version"


@dataclass(frozen=True)
class Executed:
    """A training that was done, and how far it was shut off from the network."""

    record: RunRecord
    network: Network | None = None


@dataclass(frozen=True)
class Skipped:
    """The reason why a place cannot execute a recipe."""

    reason: str


class UnavailableError(PreconditionError):
    """A place could not be prepared on this machine, so that nothing was trained."""


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

    def lacks(self, project: Path, recipe: Recipe) -> Skipped | None:
        """Return why a recipe cannot be executed at this place; None if nothing is known.

        It prepares nothing, so that what only a preparation shows is an ``UnavailableError``.
        """

    def execute(self, project: Path, recipe: Recipe, observer: Observer) -> Executed:
        """Execute a recipe and return its record, with all predictions.

        Raises
        ------
        UnavailableError
            If the place cannot be prepared.
        ReproError
            If the training does not finish.
        """


class Silent:
    """An observer that reports nothing."""

    def preparing(self, what: str) -> None:
        """Pass over it."""

    def stage_started(self, name: str, position: int, total: int) -> None:
        """Pass over it."""

    def task_started(self, label: str, position: int, total: int) -> None:
        """Pass over it."""


def recipe_of(config: ExperimentConfig) -> PipelineRecipe:
    """Return the recipe of an experiment."""
    return PipelineRecipe(kind="pipeline", config=config.model_dump(mode="json", by_alias=True))


def config_of(recipe: Recipe) -> ExperimentConfig:
    """Return the configuration that a recipe trains.

    Raises
    ------
    PreconditionError
        If it is a recipe of a different kind.
    """
    if not isinstance(recipe, PipelineRecipe):
        raise PreconditionError(f"this recipe is a {recipe.kind}: {_NOT_YET}")
    return parse_config(recipe.config, "recipe")


def skipped(recipe: Recipe, reason: str = "") -> Skipped | None:
    """Return why a recipe is not executed: its kind, or a reason that the place has."""
    if not isinstance(recipe, PipelineRecipe):
        return Skipped(_NOT_YET)
    return Skipped(reason) if reason else None
