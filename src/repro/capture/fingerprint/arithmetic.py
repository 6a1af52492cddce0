"""Functions of single numbers and sums over many: the C library's and NumPy's own."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from repro.capture.fingerprint.inputs import uniform, wide
from repro.capture.fingerprint.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# No multiple of a vector's length, so that the rest of a loop is run too. The C library's variants
# differ at one result in some hundreds, NumPy's sooner.
_MANY: Final = 2003
_SOME: Final = 1021
_STRIDE: Final = 3
_DTYPES: Final = ("float64", "float32")


def arithmetic_kernels() -> Iterator[Kernel]:
    """Return the groups ``libm``, ``numpy.elementwise`` and ``numpy.reductions``."""
    yield from _libm()
    yield from _elementwise()
    yield from _reductions()


def _libm() -> Iterator[Kernel]:
    group = "libm"
    real, positive, moderate, unit = (each.tolist() for each in _ranges(_MANY, "float64"))
    # Functions that every Python since 3.11 passes on to the C library, or computes with it.
    for name in ("exp", "expm1", "tanh", "erf", "gamma"):
        yield Kernel(group, name, _each(name), (moderate,))
    for name in ("sin", "cos", "tan", "atan", "cbrt"):
        yield Kernel(group, name, _each(name), (real,))
    for name in ("log", "log1p", "lgamma"):
        yield Kernel(group, name, _each(name), (positive,))
    yield Kernel(group, "pow", _each("pow"), (positive, unit))
    yield Kernel(group, "fsum", math.fsum, (real,))
    # NumPy has no vector variant of these: they end in the C library's.
    pairs = [uniform(10, _SOME, dtype=dtype) * 8 for dtype in _DTYPES]
    for name in ("logaddexp", "hypot"):
        yield Kernel(group, name, _both(name), tuple((x, x[::-1]) for x in pairs))
    yield Kernel(group, "pow float32", _scalar_powers, (abs(uniform(10, _SOME, dtype="float32")),))
    plane = _plane(uniform(11, _SOME))
    for name in ("exp", "log", "tanh"):
        yield Kernel(group, f"{name} complex", _both(name), ((plane,),))


def _each(name: str) -> Callable[..., list[float]]:
    return lambda *columns: list(map(getattr(math, name), *columns))


def _scalar_powers(values: Any) -> list[Any]:
    # Of scalars: with an array, NumPy has a variant of its own.
    return [value ** (value * 4) for value in values]


def _plane(values: Any) -> Any:
    return values + 1j * values[::-1]


def _ranges(length: int, dtype: str) -> tuple[Any, Any, Any, Any]:
    """Return numbers of many magnitudes, positive ones, moderate ones, and ones inside (-1, 1)."""
    real = wide(12, length, dtype=dtype)
    unit = uniform(14, length, dtype=dtype)
    return real, abs(real) + np.finfo(dtype).tiny, unit * 32, unit * 0.875


def _both(name: str) -> Callable[..., tuple[Any, ...]]:
    """Apply a function of NumPy to each tuple of arrays, as they are and strided."""

    def results(*calls: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the results for whole and for strided arrays."""
        function = getattr(np, name)
        strided = [tuple(array[::_STRIDE] for array in call) for call in calls]
        return tuple(function(*call) for call in (*calls, *strided))

    return results


def _elementwise() -> Iterator[Kernel]:
    group = "numpy.elementwise"
    real, positive, moderate, unit = zip(*(_ranges(_SOME, dtype) for dtype in _DTYPES), strict=True)
    # Each over a range where no result is infinite or missing.
    for names, arrays in (
        (("sin", "cos", "tan", "arctan", "arcsinh", "cbrt"), real),
        (("log", "log10", "log1p", "sqrt"), positive),
        (("exp", "exp2", "expm1", "sinh", "tanh"), moderate),
        (("arcsin", "arctanh"), unit),
    ):
        for name in names:
            yield Kernel(group, name, _both(name), tuple((array,) for array in arrays))
    for name, left, right in (
        ("power", positive, unit),
        ("arctan2", real, moderate),
        ("floor_divide", real, moderate),
    ):
        yield Kernel(group, name, _both(name), tuple(zip(left, right, strict=True)))
    plane = _plane(real[0])
    yield Kernel(group, "multiply complex", _both("multiply"), ((plane, plane[::-1]),))
    yield Kernel(group, "absolute complex", _both("absolute"), ((plane,),))
    yield Kernel(group, "float16", _halves, (unit[1],))


def _halves(values: Any) -> tuple[Any, Any]:
    halves = values.astype("float16")
    return halves, np.exp(halves)


def _reductions() -> Iterator[Kernel]:
    group = "numpy.reductions"
    tables = tuple(wide(22, 131, 23, dtype=dtype) for dtype in _DTYPES)
    factors = 1.0 + uniform(24, 131, 23) / 64
    for name in ("sum", "mean", "var", "cumsum"):
        yield Kernel(group, name, _over_axes(name), tables)
    yield Kernel(group, "prod", _over_axes("prod"), (factors,))
    yield Kernel(group, "sum complex", _over_axes("sum"), (_plane(tables[0]),))
    yield Kernel(group, "sum strided", lambda x: np.sum(x[::2, ::3]), tables[:1])
    yield Kernel(group, "einsum", lambda x: np.einsum("ij,ij->j", x, x), tables[:1])
    yield Kernel(group, "einsum float32", lambda x: np.einsum("ij,kj->i", x, x), tables[1:])
    yield Kernel(group, "quantile", lambda x: np.quantile(x, [0.1, 0.5, 0.77], axis=0), tables[:1])


def _over_axes(name: str) -> Callable[..., tuple[Any, ...]]:
    axes: tuple[dict[str, int], ...] = ({}, {"axis": 0}, {"axis": 1})
    return lambda *tables: tuple(
        partial(getattr(np, name), **axis)(table) for table in tables for axis in axes
    )
