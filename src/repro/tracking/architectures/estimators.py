"""Estimators by scikit-learn's protocol, fitted or not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.digest.estimators import digest_estimator
from repro.tracking.models import ModelContent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def content(model: Any) -> ModelContent:
    """Return the content of an estimator.

    The number of parameters is that of coefficients and intercepts; of the values in the nodes of
    trees; or else of all numbers in its fitted arrays, whose names end in an underscore.

    Raises
    ------
    TypeError
        If it is no estimator, or holds what has no digest.
    """
    if not hasattr(model, "fit") and not hasattr(model, "predict"):
        raise TypeError("it has neither fit nor predict")
    arrays = list(_fitted(model, 0))
    count = sum(each.size for each in arrays) or None
    return ModelContent(
        structure=_structure(model),
        weights=digest_estimator(model),
        size=sum(each.nbytes for each in arrays) or None,
        parameters=count,
        trainable=count,
        layers=[
            {"name": name, "type": type(part).__name__, "parameters": _count(part)}
            for name, part in _steps(model)
        ],
    )


def _structure(model: Any) -> str:
    params = model.get_params(deep=True) if hasattr(model, "get_params") else {}
    kept = {name: params[name] for name in sorted(params) if name not in ("n_jobs", "verbose")}
    lines = json.dumps({n: shown(v) for n, v in kept.items()}, indent=2)
    return f"{type(model).__name__} {lines}"


def shown(value: Any) -> Any:
    """Return a parameter as JSON has it, without the address of anything."""
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if isinstance(value, (list, tuple)):
        return [shown(each) for each in value]
    # The repr of a function or a generator has its address.
    named = getattr(value, "__qualname__", None)
    if named or not hasattr(value, "get_params"):
        return named or (repr(value) if " at 0x" not in repr(value) else type(value).__qualname__)
    return type(value).__qualname__


def _steps(model: Any) -> list[tuple[str, Any]]:
    steps = getattr(model, "steps", None) or getattr(model, "transformers_", None) or ()
    return [(each[0], each[1]) for each in steps if hasattr(each[1], "fit")]


def _count(model: Any) -> int:
    return sum(each.size for each in _fitted(model, 0))


def _fitted(value: Any, depth: int) -> Iterator[np.ndarray[Any, Any]]:
    """Yield the arrays of numbers that fitting made, in the parts of a composite too."""
    if isinstance(value, (np.ndarray, np.floating)) and value.dtype.kind == "f":
        yield np.asarray(value)
    elif hasattr(value, "node_count") and hasattr(value, "value"):
        yield np.asarray(value.value)
    elif depth < _DEPTH:
        for part in _parts(value, depth):
            yield from _fitted(part, depth + 1)


def _parts(value: Any, depth: int) -> Iterable[Any]:
    if isinstance(value, np.ndarray):
        return value.ravel() if value.dtype.kind == "O" else ()
    if isinstance(value, (list, tuple)):
        return value
    if hasattr(value, "__dict__") and (depth == 0 or hasattr(value, "fit")):
        steps = [part for _, part in _steps(value)]
        held = vars(value) if not steps else {}
        fitted = {n: each for n, each in held.items() if n.endswith("_") and n != "classes_"}
        linear = [fitted[name] for name in _LINEAR if name in fitted]
        return steps or linear or [n for n in fitted.values() if not isinstance(n, np.floating)]
    return ()


_DEPTH = 6
_LINEAR = ("coef_", "coefs_", "intercept_", "intercepts_")
