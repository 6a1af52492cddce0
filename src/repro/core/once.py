"""Results of pure functions, kept for arguments of the same content.

Of many records that are compared, most have sections in common: a configuration, an environment.
What follows from such a section is computed once. Content is compared as text, in which numbers
keep their type and mappings their order. The text of a model, which is frozen, is written once too.
"""

from __future__ import annotations

import json
from functools import wraps
from threading import Lock
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_P = ParamSpec("_P")
_T = TypeVar("_T")
# As many as a comparison of machines has kinds of environments; more are rare, and computed again.
_MOST = 32
_MISSING = object()
_TEXTS: dict[int, tuple[BaseModel, str]] = {}


def once(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Keep the last results of a pure function of models, JSON values and hashable values.

    No hashable value but a tuple may hold numbers, since equal numbers need not be the same.

    A result is handed out again and again, so that nobody may change it. An exception is not kept.

    Examples
    --------
    >>> @once
    ... def length(value):
    ...     print("computed")
    ...     return len(value)
    >>> length({"a": 1}), length({"a": 1}), length({"a": 1.0})
    computed
    computed
    (1, 1, 1)
    """
    known: dict[tuple[Hashable, ...], object] = {}
    changing = Lock()

    @wraps(function)
    def found(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Return what is known for such arguments, or compute it."""
        try:
            key = (len(args), *map(_content, (*args, *kwargs, *kwargs.values())))
            hash(key)
        except (TypeError, ValueError):
            # What is no JSON has no text to be known by.
            return function(*args, **kwargs)
        # The last that was used is the last to go. Two threads may compute the same result.
        with changing:
            result = known.pop(key, _MISSING)
        if result is _MISSING:
            result = function(*args, **kwargs)
        with changing:
            known[key] = result
            if len(known) > _MOST:
                del known[next(iter(known))]
        return cast("_T", result)

    return found


def _content(value: object) -> Hashable:
    """Return a key of a value: its type, and its text if it can be changed."""
    if isinstance(value, BaseModel):
        return type(value), _text(value)
    if isinstance(value, dict | list):
        return type(value), json.dumps(value)
    if isinstance(value, tuple):
        return type(value), tuple(map(_content, value))
    # 1 is no 1.0 and no True, and 0.0 is no -0.0.
    return type(value), repr(value) if isinstance(value, float) else value


def _text(model: BaseModel) -> str:
    """Write a model, which is frozen, once for all functions that take it."""
    known = _TEXTS.get(id(model))
    if known is not None and known[0] is model:
        return known[1]
    if len(_TEXTS) >= 4 * _MOST:
        _TEXTS.clear()
    text = model.model_dump_json()
    _TEXTS[id(model)] = model, text
    return text
