"""Checks of a search before anything is trained: an estimator can be made at every value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.config.search import (
    HalvingSearch,
    OptunaSearch,
    values_in,
    values_of,
    with_parameter,
    with_point,
)
from repro.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.config.search import Search
    from repro.config.training import Model


def first_of(model: Model) -> Model:
    """Return a candidate at the first value of each parameter in its space.

    Raises
    ------
    ConfigError
        If a parameter is inside of no class.
    """
    if model.search is None:
        return model
    point = {name: values_in(each)[0] for name, each in model.search.space.items()}
    if isinstance(model.search, HalvingSearch) and model.search.maximum is not None:
        point[model.search.resource] = model.search.maximum
    params = with_point(model.params, point)
    return model.model_copy(update={"params": params, "search": None})


def check_search(family: str, model: Model, build: Callable[[Model], object]) -> None:
    """Build an estimator at every choice and both ends of every range.

    Parameters
    ----------
    build : callable
        Raises ConfigError where it cannot be built.

    Raises
    ------
    ConfigError
        With the key of the space, what was found and what was expected.
    PreconditionError
        If Optuna is asked for and not installed.
    """
    search = model.search
    if search is None:
        return
    if isinstance(search, OptunaSearch):
        from repro.training.searching.proposals import imported  # noqa: PLC0415

        imported(family)
    start = f"models.{family}.search"
    for name, value in values_of(search):
        is_resource = name not in search.space
        where = f"{start}.resource" if is_resource else f"{start}.space.{name}"
        try:
            example = first_of(model)
            build(
                example.model_copy(update={"params": with_parameter(example.params, name, value)})
            )
        except ConfigError as error:
            raise _placed(where, name, search, error) from error


def _placed(where: str, name: str, search: Search, error: ConfigError) -> ConfigError:
    """Put the key of the space in front of what an estimator said."""
    key, colon, reason = error.message.partition(": ")
    if not key.startswith("models.") or not colon:
        return ConfigError(f"{where}: {error.message}", advice=error.advice)
    last = key.rpartition(".")[2]
    other = [each for each in sorted(search.space) if each.rpartition("__")[2] == last]
    if last != name.rpartition("__")[2] and other:
        where = f"{where.partition('.search')[0]}.search.space.{other[0]}"
    elif last != name.rpartition("__")[2]:
        return error
    return ConfigError(f"{where}: {reason}", advice=error.advice)
