"""Digests of NumPy arrays: dtype, shape, and the values in C order as little-endian bytes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from repro.core.canonical import TaggedHash
from repro.digest.names import qualified_name
from repro.digest.scalars import encode_scalar, is_missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

# Boolean, signed, unsigned, float, complex, timedelta64, datetime64, bytes, text.
_KINDS: Final = frozenset("biufcmMSU")
_LONG_DOUBLES: Final = frozenset("gG")
# Workers get large arrays as files that are mapped.
PLAIN_ARRAYS: Final = frozenset({np.ndarray, np.memmap})
"""Classes of arrays that count as their values alone."""
# Large enough that a step of the iterator costs nothing, small enough to stay in the second cache.
_BUFFER_ITEMS: Final = 1 << 15


def digest_array(array: npt.NDArray[Any]) -> str:
    """Return the digest of an array, ``array/v1:<hex>``.

    Parameters
    ----------
    array : ndarray
        Of any shape; of booleans, integers, floats, complex numbers, ``datetime64``,
        ``timedelta64``, fixed-width text or bytes, structured, or of objects.

    Returns
    -------
    str
        Equal for equal content in any memory order, byte order or alignment. A structured array
        counts field by field, by name, in order; its padding never counts. In an object array each
        element counts with its type: None, boolean, number, text, bytes, tuple or array. Numbers
        there count as Python's, and NaN, NA and NaT are one missing value. The name of a subclass
        counts, since its operations may be different ones; an array mapped from a file is a plain
        one.

    Raises
    ------
    TypeError
        If it is not an array, is masked, or holds what has no canonical form, ``longdouble``
        included: its bits differ between platforms.

    Notes
    -----
    The parts hashed are dtype, shape, and the SHA-256 of the values, so that they stream through a
    small buffer, in which alone a NaN or a boolean that is not 0 or 1 is replaced. Contiguous
    values are never copied otherwise.

    Examples
    --------
    >>> digest_array(np.eye(2)) == digest_array(np.eye(2, dtype=">f8", order="F"))
    True
    """
    _require_array(array)
    tagged = TaggedHash("array").add(_dtype_name(array.dtype)).add(encode_shape(array.shape))
    for part in _parts(array):
        tagged.add(part)
    if type(array) not in PLAIN_ARRAYS:
        tagged.add(qualified_name(type(array)).encode())
    return tagged.digest()


def encode_shape(shape: tuple[int, ...]) -> bytes:
    """Encode a shape, such as ``2,3``; of a scalar array, nothing."""
    return b",".join(b"%d" % length for length in shape)


def _require_array(array: object) -> None:
    if not isinstance(array, np.ndarray):
        raise TypeError(f"Expected a NumPy array, not {type(array).__name__}.")
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError("A masked array has no digest: digest its data and its mask.")


def _dtype_name(dtype: np.dtype[Any]) -> bytes:
    if dtype.names is not None:
        return b"struct"
    if dtype.kind == "O":
        return b"object"
    if dtype.kind not in _KINDS or dtype.char in _LONG_DOUBLES:
        raise TypeError(f"An array of dtype {dtype} has no digest.")
    return dtype.newbyteorder("<").str.encode()


def _parts(array: npt.NDArray[Any]) -> Iterator[bytes]:
    if array.dtype.names is not None:
        for name in array.dtype.names:
            yield name.encode()
            yield digest_array(array[name]).encode()
    elif array.dtype.kind == "O":
        yield from _length_prefixed(_encode_element(element) for element in array.flat)
    else:
        yield hash_values(array)


def hash_values(array: npt.NDArray[Any]) -> bytes:
    """Return the SHA-256 of an array's values, without its dtype and shape."""
    hasher = hashlib.sha256()
    if not array.size or not array.itemsize:
        return hasher.digest()
    with np.errstate(invalid="ignore"):
        return _hashed(array, hasher)


def _hashed(array: npt.NDArray[Any], hasher: hashlib._Hash) -> bytes:
    is_float, had_nan = array.dtype.kind in "fc", False
    for chunk in _chunks(array):
        before = None
        if is_float and not had_nan:
            # A NaN is looked for when the hash has brought the values into the cache: reading them
            # from memory would take longer than looking.
            before = hasher.copy()
            hasher.update(chunk.view(np.uint8).data)
            had_nan = _has_nan(chunk)
            if not had_nan:
                continue
        hasher = before or hasher
        content = canonical_values(chunk)
        had_nan = is_float and had_nan and content.base is None
        hasher.update(content.view(np.uint8).data)
    return hasher.digest()


def _has_nan(chunk: npt.NDArray[Any]) -> bool:
    # A maximum is NaN if any value is, and is found sooner. Only NaN differs from itself.
    largest = np.maximum.reduce(chunk.view(chunk.real.dtype))
    return bool(largest != largest)  # noqa: PLR0124


def _is_plain_block(array: npt.NDArray[Any]) -> bool:
    little = array.dtype == array.dtype.newbyteorder("<")
    plain = type(array) in PLAIN_ARRAYS and array.flags.aligned
    return little and plain and array.flags.c_contiguous


def _chunks(array: npt.NDArray[Any]) -> Iterable[npt.NDArray[Any]]:
    """Iterate in C order over contiguous little-endian pieces, copied only where they must be."""
    if _is_plain_block(array):
        flat = array.reshape(-1)
        places = range(0, flat.size, _BUFFER_ITEMS)
        return (flat[place : place + _BUFFER_ITEMS] for place in places)
    if array.size <= _BUFFER_ITEMS:
        # An iterator takes longer to make than the copy of a small array.
        return [np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(-1)]
    # NumPy's stubs do not know "contig"; NumPy 2.0 leaves the buffer of a scalar array unfilled.
    return np.nditer(  # type: ignore[no-any-return,call-overload]
        np.atleast_1d(array),
        flags=["external_loop", "buffered"],
        op_flags=[["readonly", "contig", "aligned"]],
        op_dtypes=[array.dtype.newbyteorder("<")],
        casting="equiv",
        order="C",
        buffersize=_BUFFER_ITEMS,
    )


def canonical_values(chunk: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give equal values equal bytes.

    Every NaN gets one sign and payload, since x86 makes negative ones and ARM positive ones. A
    boolean from a file or a buffer may be any byte, and all but 0 are true.
    """
    if chunk.dtype.kind == "b":
        return np.not_equal(chunk.view(np.uint8), 0)
    if chunk.dtype.kind not in "fc":
        return chunk
    parts = chunk.view(chunk.real.dtype)
    missing = np.isnan(parts)
    return np.where(missing, parts.dtype.type(np.nan), parts) if missing.any() else parts


def _length_prefixed(encoded: Iterable[bytes]) -> Iterator[bytes]:
    parts = list(encoded)
    yield np.fromiter(map(len, parts), dtype="<i8", count=len(parts)).tobytes()
    yield b"".join(parts)


def _encode_element(element: object) -> bytes:
    if is_missing(element):
        return b"-"
    scalar = encode_scalar(element)
    if scalar is not None:
        return scalar
    if type(element) is tuple:
        return b"t" + b"".join(_length_prefixed(map(_encode_element, element)))
    if isinstance(element, np.ndarray):
        return b"a" + digest_array(element).encode()
    raise TypeError(f"An object array's element of type {type(element).__name__} has no digest.")
