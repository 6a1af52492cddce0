"""From a configured class path and parameters to an estimator."""

from __future__ import annotations

import importlib
import inspect
import sys
from typing import TYPE_CHECKING, Any

from repro.config.parameters import DECIDED, LIGHTGBM, reach
from repro.core.errors import ConfigError, PreconditionError
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sklearn.base import BaseEstimator

    from repro.config.training import Model

_EXTRAS = ("lightgbm",)


def build(family: str, model: Model, seed: int, allowed: Sequence[str]) -> BaseEstimator:
    """Make the unfitted estimator of a candidate.

    A parameter that is a mapping with the keys ``class`` and ``params`` becomes an estimator too.
    Every ``random_state`` gets the seed, and every ``n_jobs`` is 1.

    Raises
    ------
    ConfigError
        If the class's module is not allowed, the class does not exist, or a parameter is unknown.
    PreconditionError
        If the class's package is not installed.
    """
    estimator = _instance(f"models.{family}", model.estimator, model.params, allowed)
    fixed: dict[str, int] = {}
    for name in estimator.get_params(deep=True):
        last = name.rpartition("__")[2]
        if last == "random_state":
            fixed[name] = seed
        elif last == "n_jobs":
            fixed[name] = 1
    return estimator.set_params(**fixed)


def _instance(
    where: str, path: str, params: Mapping[str, Any], allowed: Sequence[str]
) -> BaseEstimator:
    kind = _class(where, path, allowed)
    known = kind._get_param_names()  # noqa: SLF001 - the only way to ask a class, not an instance
    for name in params:
        _check_reach(f"{where}.params", kind, name, params[name])
        if DECIDED.search(name):
            raise ConfigError(
                f"{where}.params: '{name}' is not a hyper-parameter: seeds follow from 'seed', and"
                " every fit has one thread",
                advice="take it out; set the seed with --seed",
            )
        if name not in known and not _takes_any(kind):
            raise ConfigError(
                f"{where}.params: {kind.__name__} has no parameter '{name}'",
                advice=did_you_mean(name, known),
            )
    values = {
        name: _value(f"{where}.params.{name}", value, allowed) for name, value in params.items()
    }
    return kind(**values)


def _check_reach(where: str, kind: type[BaseEstimator], name: str, value: object) -> None:
    """Refuse what reaches beyond a fit, by the names of every class that this one derives from."""
    bases = {f"{base.__module__}:{base.__qualname__}" for base in kind.__mro__}
    what = next(filter(None, (reach(base, name, value) for base in sorted(bases))), "")
    if not what and name in _lightgbm_names(bases):
        what = "names a file, a machine or a port"
    if what:
        raise ConfigError(
            f"{where}: '{name}' {what}: it is no hyper-parameter",
            advice="take it out: nothing records what it leads to",
        )


def _lightgbm_names(bases: set[str]) -> set[str]:
    """Return the aliases that the LightGBM which is loaded has for what reaches beyond a fit."""
    if not any(base.startswith("lightgbm.") for base in bases):
        return set()
    table = getattr(sys.modules.get("lightgbm.basic"), "_ConfigAliases", None)
    return set() if table is None else table.get(*LIGHTGBM)


def _takes_any(kind: type[BaseEstimator]) -> bool:
    """Tell whether a class passes parameters on that it does not name, as those of LightGBM do."""
    parameters = inspect.signature(kind).parameters.values()
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def _value(where: str, value: object, allowed: Sequence[str]) -> object:
    if isinstance(value, dict) and set(value) == {"class", "params"}:
        path, params = value["class"], value["params"]
        if not isinstance(path, str) or not isinstance(params, dict):
            raise ConfigError(f"{where}: expected class: 'module:Class' and params: a mapping")
        return _instance(where, path, params, allowed)
    return value


def _class(where: str, path: str, allowed: Sequence[str]) -> type[BaseEstimator]:
    module, _, name = path.partition(":")
    top = module.partition(".")[0]
    if top not in allowed:
        raise ConfigError(
            f"{where}.estimator: the module '{top}' is not allowed",
            advice=f"if you trust it, add '{top}' to security.allowed_modules",
        )
    try:
        kind = getattr(importlib.import_module(module), name, None)
    except ImportError as error:
        install = f"install the extra: pip install -e '.[{top}]', in the project's environment"
        own = f"make '{top}' importable, by PYTHONPATH or pip install -e"
        raise PreconditionError(
            f"{where}.estimator: cannot import '{module}': {error}",
            advice=f"{install if top in _EXTRAS else own}; or choose other families",
        ) from error
    if not isinstance(kind, type) or not hasattr(kind, "_get_param_names"):
        raise ConfigError(f"{where}.estimator: '{path}' is not a scikit-learn estimator class")
    return kind
