"""Streams of random numbers: integers that never differ, and what the C library makes of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from repro.capture.fingerprint.inputs import seed_of
from repro.capture.fingerprint.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUP: Final = "random"
_DRAWS: Final = 2003
_SHAPED: Final = (("gamma", (0.7,)), ("beta", (0.5, 2.5)), ("choice", (1000,)))
_PLAIN: Final = (("normal", ()), ("uniform", ()))
_COUNTS: Final = (("poisson", (30.0,)), ("binomial", (100, 0.3)), ("integers", (1000,)))


def sampling_kernels() -> Iterator[Kernel]:
    """Return the group ``random``."""
    start = seed_of(50)
    for label, make, distributions in (
        ("PCG64", _modern, (*_PLAIN, *_SHAPED, *_COUNTS, ("exponential", ()))),
        ("MT19937", np.random.RandomState, (*_PLAIN, *_SHAPED, ("randint", (1000,)))),
    ):
        for name, parameters in distributions:
            draw = partial(_draw, make, name, parameters)
            yield Kernel(_GROUP, f"{name} {label}", draw, (start,))
        yield Kernel(_GROUP, f"permutation {label}", partial(_permute, make), (start,))
    yield Kernel(_GROUP, "normal float32 PCG64", _single, (start,))


def _modern(start: int) -> Any:
    return np.random.Generator(np.random.PCG64(start))


def _draw(make: Any, name: str, parameters: tuple[float, ...], start: int) -> Any:
    return getattr(make(start), name)(*parameters, size=_DRAWS)


def _permute(make: Any, start: int) -> tuple[Any, Any]:
    generator, shuffled = make(start), np.arange(99)
    generator.shuffle(shuffled)
    return generator.permutation(101), shuffled


def _single(start: int) -> Any:
    return _modern(start).standard_normal(_DRAWS, dtype=np.float32)
