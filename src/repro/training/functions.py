"""From a path in the configuration to a function that an estimator takes as a parameter."""

from __future__ import annotations

import inspect
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from repro.config.functions import KNOWN, LIBRARIES
from repro.core.errors import ConfigError
from repro.core.suggest import did_you_mean
from repro.training.classes import import_allowed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PATH = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)", re.ASCII)


def find_function(where: str, path: str, seed: int, allowed: Sequence[str]) -> Callable[..., Any]:
    """Import a function by its path.

    One with the parameter ``random_state`` gets the seed, since it would draw from the process's
    own generator.

    Parameters
    ----------
    where : str
        The dotted key that holds the path, for messages.
    path : str
        ``module:function``, of ``KNOWN`` or of an allowed module that is not in ``LIBRARIES``.

    Raises
    ------
    ConfigError
        If it may not be used, does not exist, or is no function of that module.
    PreconditionError
        If its module cannot be imported.
    """
    key, parts = f"{where}.function", _PATH.fullmatch(path)
    if parts is None:
        raise ConfigError(
            f"{key}: expected module:function, found {path[:200]!r}",
            advice="write it like numpy:log1p",
        )
    module, name = parts.groups()
    top = module.partition(".")[0]
    if path in KNOWN:
        return _seeded(getattr(import_allowed(key, module, (top,)), name), seed)
    if top in LIBRARIES:
        raise ConfigError(
            f"{key}: '{path}' is not a function that a parameter may have",
            advice=f"{did_you_mean(path, sorted(KNOWN))}; or call it from a function of your own"
            " module",
        )
    return _seeded(_own(key, import_allowed(key, module, allowed), name, top), seed)


def _own(key: str, module: Any, name: str, top: str) -> Callable[..., Any]:
    """Return a function of somebody's module, if that module defines it."""
    found = getattr(module, name, None)
    names = [each for each, value in vars(module).items() if _is_function(value, top)]
    if found is None:
        raise ConfigError(
            f"{key}: '{module.__name__}' has no function '{name}'",
            advice=did_you_mean(name, names) if names else f"define it in {module.__name__}",
        )
    if not _is_function(found, top):
        origin = getattr(found, "__module__", None) if callable(found) else None
        what = f"of the module '{origin}'" if origin else f"{type(found).__name__}"
        raise ConfigError(
            f"{key}: '{module.__name__}:{name}' is {what}, expected a function that is defined in"
            f" '{top}'",
            advice="define a function that calls it",
        )
    function: Callable[..., Any] = found
    return function


def _is_function(value: object, top: str) -> bool:
    """Return whether a value is a function with a name, from a top-level module."""
    plain = callable(value) and not isinstance(value, type)
    named = "<" not in getattr(value, "__qualname__", "<")
    return plain and named and str(getattr(value, "__module__", "")).partition(".")[0] == top


def _seeded(function: Callable[..., Any], seed: int) -> Callable[..., Any]:
    try:
        taken = inspect.signature(function).parameters
    # A ufunc of NumPy has none in some versions.
    except (TypeError, ValueError):
        return function
    return partial(function, random_state=seed) if "random_state" in taken else function
