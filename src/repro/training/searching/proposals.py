"""Points that Optuna proposes; the module imports it, and is imported only when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.config.search import Range
from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue

    from repro.config.search import Dimension, OptunaSearch
    from repro.training.searching.points import Point


class Proposals:
    """A study of Optuna in this process, which stores nothing.

    Its proposals follow from the seed and the scores that it was given, in the order of numbers.
    Batches have a fixed size, so that the number of workers changes none of them.

    Raises
    ------
    PreconditionError
        If Optuna is not installed.
    """

    def __init__(self, family: str, search: OptunaSearch, seed: int, *, maximize: bool) -> None:
        optuna = imported(family)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=search.startup)
        direction = "maximize" if maximize else "minimize"
        self._study = optuna.create_study(sampler=sampler, direction=direction)
        self._space = search.space
        self._asked: list[Any] = []

    def ask(self, count: int) -> list[Point]:
        """Return so many new points."""
        self._asked = [self._study.ask() for _ in range(count)]
        return [
            {name: _suggested(trial, name, self._space[name]) for name in sorted(self._space)}
            for trial in self._asked
        ]

    def tell(self, scores: Sequence[float]) -> None:
        """Give the scores of the points that were asked for last, in their order."""
        for trial, score in zip(self._asked, scores, strict=True):
            self._study.tell(trial, score)


def imported(family: str) -> Any:
    """Import Optuna.

    Raises
    ------
    PreconditionError
        If it is not installed.
    """
    try:
        import optuna  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise PreconditionError(
            f"models.{family}.search.kind: optuna: cannot import 'optuna': {error}",
            advice="install the extra: pip install -e '.[optuna]', in the project's environment;"
            " or use kind: random",
        ) from error
    return optuna


def _suggested(trial: Any, name: str, dimension: Dimension) -> JsonValue:
    if not isinstance(dimension, Range):
        # By position: Optuna takes no lists and no mappings.
        position: int = trial.suggest_categorical(name, range(len(dimension)))
        return dimension[position]
    low, high = dimension.ends
    if dimension.is_integer:
        step = dimension.step or 1
        return int(trial.suggest_int(name, low, high, step=step, log=dimension.log))
    return float(trial.suggest_float(name, low, high, step=dimension.step, log=dimension.log))
