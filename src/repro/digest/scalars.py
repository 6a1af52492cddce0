"""The canonical bytes of single values: one tag for the type, then the value.

A NumPy scalar counts as the Python value that it holds, because which of the two a library returns
changes between its versions.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DOUBLE: Final = struct.Struct("<d")
_NAN: Final = _DOUBLE.pack(np.nan)
# Of longdouble and clongdouble every platform has its own.
_PLAIN_NUMPY: Final = frozenset("?bBhHiIlLqQefdFDSU")


def encode_scalar(value: object) -> bytes | None:
    """Encode None, a boolean, a number, a string or bytes.

    Parameters
    ----------
    value : object
        Of exactly these types or their NumPy counterparts: a subclass may mean something else.

    Returns
    -------
    bytes or None
        None if the value is of a different type.
    """
    if isinstance(value, np.generic) and value.dtype.char in _PLAIN_NUMPY:
        value = value.item()
    encode = _ENCODERS.get(type(value))
    return encode(value) if encode else None


def is_missing(value: object) -> bool:
    """Return whether an element of an object array is NaN, pandas' NA or NaT; None is a value."""
    if isinstance(value, float | np.floating | np.datetime64 | np.timedelta64):
        return bool(np.isnan(value))
    # By name: an array without pandas objects must not need pandas.
    return type(value).__name__ in {"NAType", "NaTType"} and _is_pandas(type(value))


def _is_pandas(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "pandas"


def _encode_float(value: float) -> bytes:
    return b"f" + _float_bytes(value)


def _encode_complex(value: complex) -> bytes:
    return b"c" + _float_bytes(value.real) + _float_bytes(value.imag)


def _float_bytes(value: float) -> bytes:
    return _DOUBLE.pack(value) if value == value else _NAN  # noqa: PLR0124 - NaN's own test


_ENCODERS: Final[Mapping[type, Callable[..., bytes]]] = {
    type(None): lambda _: b"n",
    bool: lambda value: b"b1" if value else b"b0",
    int: lambda value: b"i%d" % value,
    float: _encode_float,
    complex: _encode_complex,
    # Text from the operating system may hold lone surrogates.
    str: lambda value: b"s" + value.encode("utf-8", "surrogatepass"),
    bytes: lambda value: b"y" + value,
}
