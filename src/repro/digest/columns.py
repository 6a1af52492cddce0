"""Digests of columns of plain values: those of the arrays that they came from, without NumPy.

A column read back from text has the digest that ``repro.digest.arrays`` gives its array. This holds
for finite floats, integers of 64 bits and text of a fixed width, and is a law that tests hold.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from typing import TYPE_CHECKING

from repro.core.canonical import TaggedHash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# NumPy holds a character as four bytes.
_CHARACTER = 4


def digest_floats(values: Iterable[float], shape: Sequence[int]) -> str:
    """Return the digest of a float64 array of this shape, whose values are given in C order.

    Examples
    --------
    >>> digest_floats([0.5, 1.0], (2,)) == digest_floats([0.5, 1.0], (2, 1))
    False
    """
    return _digest("<f8", shape, _little_endian(array("d", values)))


def digest_integers(values: Iterable[int]) -> str:
    """Return the digest of an int64 array of one dimension.

    Raises
    ------
    OverflowError
        If an integer has more than 64 bits.
    """
    column = array("q", values)
    return _digest("<i8", (len(column),), _little_endian(column))


def digest_texts(values: Sequence[str], width: int) -> str:
    """Return the digest of an array of text, of one dimension, that holds ``width`` characters.

    Raises
    ------
    ValueError
        If a text is longer, or half of a character.
    """
    cells = {text: _cell(text, width) for text in set(values)}
    return _digest(f"<U{width}", (len(values),), b"".join(map(cells.__getitem__, values)))


def _cell(text: str, width: int) -> bytes:
    if len(text) > width:
        raise ValueError(f"{text!r} is longer than {width} characters")
    return text.encode("utf-32-le").ljust(_CHARACTER * width, b"\0")


def _little_endian(column: array[float] | array[int]) -> bytes:
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def _digest(dtype: str, shape: Sequence[int], content: bytes) -> str:
    # An array without an item hashes nothing, as one of NumPy does.
    tagged = TaggedHash("array").add(dtype.encode())
    tagged.add(",".join(map(str, shape)).encode())
    return tagged.add(hashlib.sha256(content).digest()).digest()
