"""Digests of the inputs and outputs of a call.

Only libraries that the recorded program has already loaded are used. A value without a digest
becomes a typed skip, ``skipped/v1:<type>``, which is equal for equal types and is listed in the
record.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from repro.tracing.places import Places

SKIPPED = "skipped/v1:"

# By "package.Class": a function that digests objects of that class and of derived classes.
KINDS: dict[str, Callable[[Any, Callable[[object], str]], str]] = {}


class Digests:
    """Digests the values of one process.

    Parameters
    ----------
    places : Places
        Replaces the folders of this machine in paths.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        # By the id of an object. Its entry keeps the object alive, so no other object gets the id.
        self._fitted: dict[int, tuple[object, tuple[tuple[str, int], ...], str]] = {}
        self._plain: dict[type, Callable[[Any], Iterable[bytes]]] = {
            **dict.fromkeys((type(None), bool, int, float, complex), _shown),
            str: self._text,
            bytes: lambda value: [value],
            list: self._each,
            tuple: self._each,
            dict: self._pairs,
            OrderedDict: self._pairs,
            set: self._unordered,
            frozenset: self._unordered,
        }

    def digest(self, value: object) -> str:
        """Digest any value; a value without a digest becomes a skip."""
        try:
            return self._digest(value)
        except Exception:
            return SKIPPED + _type_name(value)

    def fitted(self, value: object, *, renew: bool) -> str:
        """Digest an object that is used repeatedly, such as a fitted estimator.

        Parameters
        ----------
        renew : bool
            Whether a call may just have changed it in place. Otherwise the last digest is reused
            while every attribute is still the same object.
        """
        names = tuple((name, id(held)) for name, held in getattr(value, "__dict__", {}).items())
        known = self._fitted.get(id(value))
        if not renew and known is not None and known[0] is value and known[1] == names:
            return known[2]
        digest = self.digest(value)
        if len(self._fitted) >= _KEPT:
            self._fitted.pop(next(iter(self._fitted)))
        self._fitted[id(value)] = (value, names, digest)
        return digest

    def _digest(self, value: object) -> str:
        kind = type(value)
        if isinstance(value, os.PathLike):
            return self._digest(os.fspath(value))
        encode = self._plain.get(kind)
        if encode is not None:
            return _hashed(kind.__name__, encode(value))
        for own in kind.__mro__[:-1]:
            function = KINDS.get(f"{str(own.__module__).partition('.')[0]}.{own.__qualname__}")
            if function is not None:
                return function(value, self._digest)
        return _of_library(value, self._digest)

    def _text(self, value: str) -> list[bytes]:
        return [self._places.portable(value).encode("utf-8", "replace")]

    def _pairs(self, value: dict[object, object]) -> Iterable[bytes]:
        return self._each(each for pair in value.items() for each in pair)

    def _unordered(self, value: Iterable[object]) -> list[bytes]:
        return sorted(self._each(value))

    def _each(self, values: Iterable[object]) -> Iterable[bytes]:
        return (self._digest(value).encode() for value in values)


_KEPT = 64


def _shown(value: object) -> list[bytes]:
    # The shortest form that reads back to the same bits, on every machine.
    return [repr(value).encode()]


def _hashed(kind: str, parts: Iterable[bytes]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return f"{kind}/v1:{found.hexdigest()}"


def _of_library(value: Any, digest: Callable[[object], str]) -> str:
    """Digest an object of a library by the functions of ``repro.digest``."""
    packages = {str(own.__module__).partition(".")[0] for own in type(value).__mro__[:-1]}
    if "numpy" in packages and hasattr(value, "dtype") and type(value).__module__ == "numpy":
        from repro.digest.arrays import digest_array

        if isinstance(value, sys.modules["numpy"].generic):
            return digest_array(sys.modules["numpy"].asarray(value))
        if value.dtype.kind != "O" or "sklearn" not in sys.modules:
            return digest_array(value)
    if "pandas" in packages:
        from repro.digest import frames

        for name, function in (
            ("DataFrame", frames.digest_frame),
            ("Series", frames.digest_series),
            ("Index", frames.digest_index),
        ):
            if isinstance(value, getattr(sys.modules["pandas"], name)):
                return function(value)
    if "numpy" not in sys.modules:
        return _of_plain_object(value, digest)
    from repro.digest.estimators import digest_estimator

    return digest_estimator(value)


def _of_plain_object(value: Any, digest: Callable[[object], str]) -> str:
    """Digest an object of a class in Python by its attributes, where no library walks it."""
    kind = type(value)
    own = [
        base for base in kind.__mro__[:-1] if {"__reduce_ex__", "__reduce__"} & vars(base).keys()
    ]
    if own:
        raise TypeError(f"{kind.__name__} has a state of its own")
    return "object-" + digest([kind.__qualname__, dict(sorted(vars(value).items()))])


def _type_name(value: object) -> str:
    kind = type(value)
    return f"{str(kind.__module__).partition('.')[0]}.{kind.__qualname__}"
