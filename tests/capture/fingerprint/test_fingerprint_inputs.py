"""The inputs of the kernels are exact: no rounding, no library has a part in them."""

from fractions import Fraction

import numpy as np
import pytest

from repro.capture.fingerprint.inputs import below, integers, symmetric, uniform, wide

MASK = (1 << 64) - 1


def splitmix64(state):
    """Yield the stream as its authors define it, in Python's integers."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        value = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
        yield value ^ (value >> 31)


@pytest.mark.parametrize("stream", [0, 1, 77])
def test_integers_are_splitmix64(stream):
    """A stream is the generator's own, started at its number of steps."""
    expected = splitmix64((stream << 32) * 0x9E3779B97F4A7C15)

    assert [next(expected) for _ in range(50)] == integers(stream, 50).tolist()


def test_integers_begin_with_the_published_vector():
    """The first numbers of the seed 0."""
    assert integers(0, 2).tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


@pytest.mark.parametrize(("dtype", "bits"), [("float64", 44), ("float32", 16)])
def test_floats_are_exact(dtype, bits):
    """Each is the integer times a power of two, computed here in fractions."""
    top = [
        Fraction(value >> (64 - bits), 1 << (bits - 1)) - 1 for value in integers(3, 99).tolist()
    ]
    exponents = below(41, 4, 99).tolist()

    assert list(map(Fraction, uniform(3, 99, dtype=dtype).tolist())) == top
    assert list(map(Fraction, wide(3, 99, dtype=dtype).tolist())) == [
        value * Fraction(2) ** (exponent - 20)
        for value, exponent in zip(top, exponents, strict=True)
    ]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_symmetric_is_exact_and_positive_definite(dtype):
    """Its sums are those of fractions, and its eigenvalues are well above zero."""
    matrix, half = symmetric(5, 67, dtype), uniform(5, 67, 67, dtype=dtype)
    exact = [
        [
            Fraction(float(half[i, j])) + Fraction(float(half[j, i])) + 16 * (i == j)
            for j in range(9)
        ]
        for i in range(9)
    ]

    assert [[Fraction(float(value)) for value in row] for row in matrix[:9, :9]] == exact
    assert np.linalg.eigvalsh(matrix.astype("float64")).min() > 0.1


def test_streams_differ():
    """No two kernels that name different streams share a number."""
    assert len(set(integers(1, 999).tolist()) | set(integers(2, 999).tolist())) == 1998
