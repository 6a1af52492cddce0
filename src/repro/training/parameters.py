"""Checks of an estimator's parameters, before anything is fitted."""

from __future__ import annotations

import inspect
import numbers
import re
import sys
from typing import TYPE_CHECKING, Any

from repro.config.parameters import DECIDED, LIGHTGBM, reach
from repro.core.errors import ConfigError
from repro.core.suggest import did_you_mean
from repro.training.stopping import OWN, takes_validation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sklearn.base import BaseEstimator

# The form in which scikit-learn says which parameter is wrong.
_SAYS = re.compile(
    r"The '(?P<name>\w+)' parameter of \S+ (?P<rule>.+)\. Got (?P<found>.*) instead\."
)
_NUMBERS = (numbers.Number, numbers.Complex, numbers.Real, numbers.Rational, numbers.Integral)
_LONG = 200


def check_names(where: str, kind: type[BaseEstimator], params: Mapping[str, Any]) -> None:
    """Check that a class takes these parameters, and needs no others.

    Raises
    ------
    ConfigError
        If a parameter is unknown, missing, decided by the seed or the level, or reaches beyond a
        fit: to files, caches, machines or ports.
    """
    known = _named(where, kind)
    for name, value in params.items():
        _check_reach(where, kind, name, value)
        if name in OWN and takes_validation(kind):
            raise ConfigError(
                f"{where}.{name}: '{name}' needs validation rows, which only 'early_stopping' of a"
                " family gives",
                advice=f"remove it; set {where.removesuffix('.params')}.early_stopping: {{rounds:"
                " 20, fraction: 0.1}",
            )
        if DECIDED.search(name):
            raise ConfigError(
                f"{where}.{name}: '{name}' is not a hyper-parameter: seeds are derived from 'seed',"
                " and every fit uses one thread",
                advice="remove it; set the seed with --seed",
            )
        if name not in known and not _takes_any(kind):
            free = [each for each in known if not DECIDED.search(each)]
            raise ConfigError(
                f"{where}.{name}: {kind.__name__} has no parameter '{name}'",
                advice=did_you_mean(name, free),
            )
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in params:
            raise ConfigError(
                f"{where}: {kind.__name__} needs the parameter '{name}'",
                advice=f"add '{name}' to params",
            )


def _check_reach(where: str, kind: type[BaseEstimator], name: str, value: object) -> None:
    """Refuse what reaches beyond a fit, by the names of every class that this one derives from."""
    bases = {f"{base.__module__}:{base.__qualname__}" for base in kind.__mro__}
    what = next(filter(None, (reach(base, name, value) for base in sorted(bases))), "")
    if not what and name in _lightgbm_names(bases):
        what = "names a file, a machine or a port"
    if what:
        raise ConfigError(
            f"{where}.{name}: '{name}' {what}: it is not a hyper-parameter",
            advice="remove it: nothing records what it refers to",
        )


def _lightgbm_names(bases: set[str]) -> set[str]:
    """Return the aliases that the LightGBM which is loaded has for what reaches beyond a fit."""
    if not any(base.startswith("lightgbm.") for base in bases):
        return set()
    table = getattr(sys.modules.get("lightgbm.basic"), "_ConfigAliases", None)
    return set() if table is None else table.get(*LIGHTGBM)


def _named(where: str, kind: type[BaseEstimator]) -> dict[str, inspect.Parameter]:
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {kind.__name__} does not declare its parameters") from error
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        raise ConfigError(
            f"{where}: {kind.__name__} takes *arguments: an estimator's parameters have names",
            advice="name every parameter in its __init__",
        )
    return {each.name: each for each in parameters if each.kind is not each.VAR_KEYWORD}


def _takes_any(kind: type[BaseEstimator]) -> bool:
    """Return whether a class passes on parameters that it does not name, as LightGBM's do."""
    parameters = inspect.signature(kind).parameters.values()
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def check_values(where: str, estimator: BaseEstimator, params: Mapping[str, Any]) -> None:
    """Check values by the rules that the estimator's class declares.

    scikit-learn applies the same rules at the beginning of ``fit``, except that it takes ``true``
    for the number 1.

    Raises
    ------
    ConfigError
        With the key, the rule and the value.
    """
    rules = getattr(estimator, "_parameter_constraints", None)
    for name, value in params.items():
        if isinstance(value, bool) and _wants_number(type(estimator), rules, name):
            raise ConfigError(f"{where}.{name}: expected a number, found {str(value).lower()}")
    if not isinstance(rules, dict) or not hasattr(estimator, "_validate_params"):
        return
    try:
        estimator._validate_params()  # noqa: SLF001 - fit calls it too; there is no other way
    except ValueError as error:
        raise ConfigError(_sentence(where, estimator, str(error))) from error


def _sentence(where: str, estimator: BaseEstimator, text: str) -> str:
    said = _SAYS.fullmatch(text)
    if said is None:
        return f"{where}: {type(estimator).__name__} refused its parameters: {text[: 2 * _LONG]}"
    return f"{where}.{said['name']}: {said['rule']}, found {said['found'][:_LONG]}"


def _wants_number(kind: type[BaseEstimator], rules: object, name: str) -> bool:
    """Return whether a parameter takes numbers and no truth values."""
    declared = rules.get(name) if isinstance(rules, dict) else None
    if isinstance(declared, list):
        return _takes_numbers(declared) and not any(map(_takes_truth, declared))
    parameter = inspect.signature(kind).parameters.get(name)
    default = None if parameter is None else parameter.default
    return isinstance(default, int | float) and not isinstance(default, bool)


def _takes_numbers(rules: Iterable[object]) -> bool:
    return any(hasattr(rule, "left") or rule in (*_NUMBERS, int, float) for rule in rules)


def _takes_truth(rule: object) -> bool:
    if isinstance(rule, str):
        return rule in {"boolean", "verbose"}
    if isinstance(rule, type):
        return issubclass(bool, rule) and rule not in (*_NUMBERS, int)
    options = getattr(rule, "options", ())
    return any(isinstance(option, bool) for option in options)
