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
    from collections.abc import Callable, Sequence

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
    for name, value in values_of(search):
        try:
            example = first_of(model)
            params = with_parameter(example.params, name, value)
            build(example.model_copy(update={"params": params}))
        except ConfigError as error:
            raise _placed(family, name, search, error) from error


def _placed(family: str, name: str, search: Search, error: ConfigError) -> ConfigError:
    """Put the key of the space in front of what an estimator said."""
    key, _, reason = error.message.partition(": ")
    parts = key.removeprefix(f"models.{family}.params.").split(".")
    if not key.startswith("models."):
        parts, reason = [name.rpartition("__")[2]], error.message
    # The value of a different parameter, which it was tried with, may be the one to blame.
    names = dict.fromkeys((name, *(each for each, _ in values_of(search))))
    blamed = [each for each in names if _is_in(parts, each)]
    if not blamed:
        return error
    where = f"space.{blamed[0]}" if blamed[0] in search.space else "resource"
    return ConfigError(f"models.{family}.search.{where}: {reason}", advice=error.advice)


def _is_in(parts: Sequence[str], name: str) -> bool:
    """Return whether a key of parameters is that of a name in a space, or below it."""
    _, nested, last = name.rpartition("__")
    return last in parts if nested else parts[0] == name
