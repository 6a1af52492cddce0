"""Plain values among the inputs of a call, and inside of these, so that a difference has a name.

The digest of an estimator or of a mapping shows that something in it differs. A parameter shows
what: ``self.random_state``, or ``params.seed``. Attributes are read from the object's own mapping,
so no code of the program runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST = 128
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
    for name, value in named.items():
        for place, plain in _plain(name, value, _DEPTH):
            if len(found) >= _MOST:
                return found
            found[place] = digest(plain) if isinstance(plain, str) else repr(plain)
    return found


def _plain(name: str, value: Any, depth: int) -> Iterator[tuple[str, object]]:
    kind = type(value)
    if kind in _NUMBERS or kind is str:
        yield name, value
    elif kind.__module__ == "numpy" and getattr(value, "shape", None) == () and depth:
        # A number of NumPy; its own form of text depends on the version.
        yield from _plain(name, value.item(), 0)
    elif depth:
        for inner, held in _inside(value):
            yield from _plain(f"{name}.{inner}", held, depth - 1)


def _inside(value: Any) -> Iterator[tuple[str, object]]:
    kind = type(value)
    if kind is dict:
        yield from ((key, held) for key, held in value.items() if type(key) is str)
    elif kind in (list, tuple) and len(value) <= _WIDE:
        for position, held in enumerate(value):
            # A pipeline has pairs of a name and an estimator.
            if type(held) is tuple and len(held) > 1 and type(held[0]) is str:
                yield from ((held[0], each) for each in held[1:2])
            else:
                yield str(position), held
    elif any(hasattr(kind, name) for name in _CONFIGURED):
        attributes = getattr(value, "__dict__", {})
        yield from ((key, held) for key, held in attributes.items() if not key.endswith("_"))
