"""Plain values among the inputs of a call, and inside of these, so that a difference has a name.

The digest of an estimator or of a mapping shows that something in it differs. A parameter shows
what: ``self.random_state``, or ``params.seed``. Attributes are read from the object's own mapping,
so no code of the program runs.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST = 128
# A call takes a mapping of a million rows as well as one of ten settings: both cost little.
_VISITED = 1_000
_DEPTH = 5
_WIDE = 16
_NUMBERS = (bool, int, float)
# What an object with parameters can do: an estimator fits, and a splitter splits.
_CONFIGURED = ("fit", "split", "get_params")


def parameters_of(named: dict[str, object], digest: Callable[[object], str]) -> dict[str, str]:
    """Return the plain values in named inputs by dotted name; those that are None are left out.

    Parameters
    ----------
    digest : callable
        Digests a text, which could be a secret.
    """
    found: dict[str, str] = {}
    pending = deque((name, value, 0) for name, value in named.items())
    visited = 0
    while pending and visited < _VISITED and len(found) < _MOST:
        name, value, depth = pending.popleft()
        visited += 1
        if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
            # Its own form of text depends on the version of NumPy.
            value = cast("Any", value).item()
        if type(value) is str:
            found[name] = digest(value)
        elif type(value) in _NUMBERS:
            found[name] = repr(value)
        elif depth < _DEPTH:
            inside = islice(_inside(value), _MOST)
            pending.extend((f"{name}.{inner}", held, depth + 1) for inner, held in inside)
    return found


def _inside(value: Any) -> Iterator[tuple[str, object]]:
    kind = type(value)
    if kind is dict:
        yield from ((key, held) for key, held in value.items() if type(key) is str)
    elif kind in (list, tuple) and len(value) <= _WIDE:
        for position, held in enumerate(value):
            # A pipeline has pairs of a name and an estimator.
            if type(held) is tuple and len(held) > 1 and type(held[0]) is str:
                yield held[0], held[1]
            else:
                yield str(position), held
    elif any(hasattr(kind, name) for name in _CONFIGURED):
        attributes = getattr(value, "__dict__", {})
        yield from ((key, held) for key, held in attributes.items() if not key.endswith("_"))
