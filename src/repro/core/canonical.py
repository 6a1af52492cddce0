"""Canonical bytes and tagged hashes: the ground under every key and digest.

A digest reads ``<kind>/v<version>:<64 hexadecimal digits>``. The kind and version are hashed too,
and every part is prefixed by its length, so that two things of different kinds, or two different
ways to cut the same bytes into parts, can never share a digest.
"""

from __future__ import annotations

import hashlib
import json
import re
from json.encoder import encode_basestring
from typing import Any

# The first integer that JSON, whose numbers are doubles, does not keep exact.
UNSAFE = 2**53
# No shorter integer is beyond it. Some floats and texts look like this too.
_MAY_BE_UNSAFE = re.compile(r"[:\[,]-?\d{16}")
_TYPED = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
)


def canonical_json(value: object) -> bytes:
    """Encode a JSON value by RFC 8785 (JSON Canonicalization Scheme).

    Raises
    ------
    ValueError
        If the value holds NaN, an infinity, an integer beyond 2**53 or a non-JSON type.
    """
    return _encoded(value).encode()


def _encoded(value: Any) -> str:
    # The library decides; what Python itself writes alike is most of a record, and twice as fast.
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is float:
        text = repr(value)
        if text[-2:] != ".0" and text[-1:].isdigit() and "e" not in text:
            return text
    elif kind is list or kind is tuple:
        return f"[{','.join(map(_encoded, value))}]"
    elif kind is int and -UNSAFE < value < UNSAFE:
        return repr(value)
    elif kind is dict and set(map(type, value)) <= {str} and "".join(value).isascii():
        pairs = [f"{encode_basestring(key)}:{_encoded(value[key])}" for key in sorted(value)]
        return f"{{{','.join(pairs)}}}"
    # Recorded programs run in interpreters that may lack it, and digest arrays without it.
    import rfc8785  # noqa: PLC0415

    return rfc8785.dumps(value).decode()


class TaggedHash:
    """SHA-256 over length-prefixed parts, bound to the kind of thing that is hashed.

    Parameters
    ----------
    kind : str
        What is hashed, such as ``"array"``.
    version : int
        The version of the encoding; a different version gives a different digest.
    """

    def __init__(self, kind: str, version: int = 1) -> None:
        self._tag = f"{kind}/v{version}"
        self._hash = hashlib.sha256()
        self.add(self._tag.encode())

    def add(self, part: bytes | memoryview) -> TaggedHash:
        """Add one part, prefixed by its length in bytes as eight big-endian bytes."""
        size = part.nbytes if isinstance(part, memoryview) else len(part)
        self._hash.update(size.to_bytes(8, "big"))
        self._hash.update(part)
        return self

    def digest(self) -> str:
        """Return ``<kind>/v<version>:<hex>``."""
        return f"{self._tag}:{self._hash.hexdigest()}"


def tagged_digest(kind: str, value: object, *, version: int = 1) -> str:
    """Digest a JSON value of the given kind.

    Examples
    --------
    >>> tagged_digest("example", {"b": 1, "a": 2}) == tagged_digest("example", {"a": 2, "b": 1})
    True
    >>> tagged_digest("example", [1]) == tagged_digest("other", [1])
    False
    """
    return TaggedHash(kind, version).add(canonical_json(value)).digest()


def typed_json(value: object, *, dumped: bool = False) -> bytes:
    """Encode a JSON value so that numbers keep their type and sign: 1, 1.0, true, 0.0 and -0.0.

    Canonical JSON has one text for 1 and 1.0, and one for 0.0 and -0.0, and an estimator that takes
    both may do different things with them. Otherwise it is as strict: keys are sorted by code
    points, and floats are written in their shortest form that reads back to the same bits.

    Parameters
    ----------
    value : object
    dumped : bool
        Whether a model was dumped as JSON: then only integers can be what canonical JSON refuses,
        and no value has to be looked at for its type.

    Raises
    ------
    ValueError
        If the value holds what canonical JSON refuses.

    Examples
    --------
    >>> typed_json({"b": [1, 1.0, True], "a": -0.0})
    b'{"a":-0.0,"b":[1,1.0,true]}'
    """
    if not dumped:
        _check_plain(value)
    text = _TYPED.encode(value)
    if dumped and _MAY_BE_UNSAFE.search(text):
        _check_plain(value)
    return text.encode()


def _check_plain(value: object) -> None:
    """Refuse what the encoder would write although no record may hold it."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a key of an object is not text")
        for child in value.values():
            _check_plain(child)
    elif isinstance(value, list | tuple):
        for child in value:
            _check_plain(child)
    elif isinstance(value, int) and not -UNSAFE < value < UNSAFE:
        raise ValueError(f"{value} is beyond the integers that JSON keeps exact")
    elif not isinstance(value, str | int | float | None):
        raise ValueError(f"JSON has no {type(value).__name__}")


def typed_digest(kind: str, value: object, *, version: int, dumped: bool = False) -> str:
    """Digest a JSON value of the given kind; numbers keep their type and sign.

    ``dumped`` is as for ``typed_json``.
    """
    return TaggedHash(kind, version).add(typed_json(value, dumped=dumped)).digest()
