"""Inputs made from integers alone, so that nothing that is under test has a part in them.

SplitMix64 [1]_ gives the integers. Floats are those integers times a power of two: every
conversion, product and sum is exact in every environment.

References
----------
.. [1] Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_GAMMA: Final = np.uint64(0x9E3779B97F4A7C15)
_STEPS: Final = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
)
_LAST_SHIFT: Final = np.uint64(31)
# So few bits that a sum with an integer up to 128 stays exact too.
_BITS: Final = {"float64": 44, "float32": 16}
_EXPONENT_BIAS: Final = 1023
_MANTISSA_BITS: Final = 52


def integers(stream: int, *shape: int) -> npt.NDArray[np.uint64]:
    """Return uniform integers of 64 bits; each stream gives others."""
    start = np.uint64(stream << 32)
    value = np.arange(1, math.prod(shape) + 1, dtype=np.uint64) + start
    value *= _GAMMA
    for shift, factor in _STEPS:
        value ^= value >> shift
        value *= factor
    value ^= value >> _LAST_SHIFT
    return value.reshape(shape)


def below(bound: int, stream: int, *shape: int) -> npt.NDArray[np.int64]:
    """Return integers from 0 to below a bound; with a small one, many are equal."""
    return (integers(stream, *shape) % np.uint64(bound)).astype(np.int64)


def uniform(stream: int, *shape: int, dtype: str = "float64") -> npt.NDArray[Any]:
    """Return floats from -1 to below 1."""
    bits = _BITS[dtype]
    units = (integers(stream, *shape) >> np.uint64(64 - bits)).astype("float64")
    values: npt.NDArray[Any] = units * 2.0 ** (1 - bits) - 1.0
    return values.astype(dtype)


def wide(stream: int, *shape: int, dtype: str = "float64") -> npt.NDArray[Any]:
    """Return floats of both signs with magnitudes over some 40 powers of two."""
    exponents = below(41, stream + 1, *shape) + (_EXPONENT_BIAS - 20)
    powers = (exponents << _MANTISSA_BITS).view(np.float64)
    values: npt.NDArray[Any] = uniform(stream, *shape, dtype=dtype) * powers.astype(dtype)
    return values


def symmetric(stream: int, size: int, dtype: str = "float64") -> npt.NDArray[Any]:
    """Return a positive definite matrix: random, symmetric, with a heavy diagonal."""
    half = uniform(stream, size, size, dtype=dtype)
    # The random part's eigenvalues reach to about 2 * sqrt(2 / 3 * size) on either side of zero.
    values: npt.NDArray[Any] = half + half.T
    values[np.diag_indices(size)] += 2 * math.isqrt(size)
    return values


def seed_of(stream: int) -> int:
    """Return a number of 31 bits to start a generator of random numbers from."""
    return int(integers(stream, 1)[0] >> np.uint64(33))
