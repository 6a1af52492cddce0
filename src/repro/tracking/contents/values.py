"""Digests of plain Python values and containers, and what other kinds of data are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from repro.core.canonical import TaggedHash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SCALARS = (bool, int, float, complex, str, bytes, bytearray, type(None))
# Their text is exact.
_EXACT = ("datetime", "decimal", "fractions", "uuid", "pathlib")


def is_plain(value: object) -> bool:
    """Return whether a value is a scalar or a container of Python itself."""
    kind = type(value)
    return (
        kind in (*_SCALARS, list, tuple, dict, set, frozenset)
        or kind.__module__ in _EXACT
        or (isinstance(value, (Mapping, tuple)) and not hasattr(value, "dtype"))
    )


def digest_scalar(value: Any) -> str:
    """Return the digest of a scalar, ``<type>/v1:<hex>``; NaN is one value, -0.0 and 0.0 are two.

    Raises
    ------
    TypeError
        If it is no scalar of Python.
    """
    if type(value) not in _SCALARS and type(value).__module__ not in _EXACT:
        raise TypeError(f"a {type(value).__name__} has no digest")
    content = bytes(value) if isinstance(value, (bytes, bytearray)) else _text(value)
    return TaggedHash(type(value).__name__).add(content).digest()


def _text(value: object) -> bytes:
    text = value if isinstance(value, str) else repr(value)
    return text.encode("utf-8", "surrogatepass")


def digest_container(value: Any, digest: Callable[[object], str]) -> str:
    """Return the digest of a container by those of its parts, ``<type>/v1:<hex>``.

    The order of a list, and of the keys of a mapping, counts; that of a set does not.

    Parameters
    ----------
    digest : callable
        Digests a part.
    """
    tagged = TaggedHash(type(value).__name__)
    for part in _parts(value, digest):
        tagged.add(part.encode())
    return tagged.digest()


def _parts(value: Any, digest: Callable[[object], str]) -> Iterable[str]:
    if isinstance(value, Mapping):
        return (digest(each) for pair in value.items() for each in pair)
    if isinstance(value, (set, frozenset)):
        return sorted(digest(each) for each in value)
    names = [str(name) for name in getattr(value, "_fields", ())]
    return [*names, *(digest(each) for each in value)]
