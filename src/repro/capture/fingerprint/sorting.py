"""Orders with ties: which of two equal elements comes first depends on the vector instructions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from repro.capture.fingerprint.inputs import below, uniform
from repro.capture.fingerprint.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUP: Final = "sorting"
# Below and above the sizes at which one way of sorting hands over to the next.
_LENGTHS: Final = (16, 61, 257, 1000)


def sorting_kernels() -> Iterator[Kernel]:
    """Return the group ``sorting``."""
    numbers = tuple(below(length // 5, 40, length) for length in _LENGTHS)
    for dtype in ("float64", "float32", "int64", "int32"):
        tied = tuple(each.astype(dtype) for each in numbers)
        yield Kernel(_GROUP, f"argsort {dtype}", _argsort, tied)
        yield Kernel(_GROUP, f"argpartition {dtype}", _argpartition, tied)
    yield Kernel(_GROUP, "argsort stable", lambda *x: _argsort(*x, kind="stable"), numbers)
    yield Kernel(_GROUP, "partition", _partition, (uniform(41, 1000),))
    values, keys = below(30, 42, 1000).astype("float64"), below(7, 43, 1000)
    yield Kernel(_GROUP, "lexsort", lambda *by: np.lexsort(by), (values, keys))
    yield Kernel(_GROUP, "unique", _unique, (values,))
    yield Kernel(_GROUP, "searchsorted", np.searchsorted, (np.arange(30.0), values))


def _argsort(*arrays: Any, kind: Any = None) -> tuple[Any, ...]:
    return tuple(np.argsort(array, kind=kind) for array in arrays)


def _argpartition(*arrays: Any) -> tuple[Any, ...]:
    return tuple(np.argpartition(array, len(array) // 3) for array in arrays)


def _partition(values: Any) -> Any:
    # Only the place of one element is promised: the others show how they were moved.
    return np.partition(values, len(values) // 3)


def _unique(values: Any) -> tuple[Any, ...]:
    return tuple(np.unique(values, return_index=True, return_inverse=True, return_counts=True))
