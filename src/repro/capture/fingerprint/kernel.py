"""A kernel: one function of fixed inputs, and the digest of what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.core.canonical import tagged_digest
from repro.digest.arrays import digest_array

if TYPE_CHECKING:
    from collections.abc import Callable

KIND = "kernel"


@dataclass(frozen=True)
class Kernel:
    """One small computation.

    Attributes
    ----------
    group : str
        What it stands for, such as ``numpy.linalg``.
    name : str
        Unique in its group.
    function : callable
        Returns a number, an array, or a tuple of them. It changes none of its arguments.
    arguments : tuple
        What the function is called with.
    """

    group: str
    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


def named(path: str) -> Callable[..., Any]:
    """Return a function that is looked up when it is called, by a path such as ``math:exp``.

    So what a different version lacks fails as one kernel, not as the whole fingerprint.

    Examples
    --------
    >>> named("math:fsum")([0.1] * 10)
    1.0
    """

    def call(*arguments: Any, **options: Any) -> Any:
        """Look the function up, and call it."""
        return resolve_name(path)(*arguments, **options)

    return call


def digest_kernel(kernel: Kernel) -> str:
    """Run a kernel and return the digest of its results, ``kernel/v1:<hex>``.

    A kernel that raises, since a version lacks a function or refuses its input, gives the digest of
    the exception's type: no result has such a digest, so that it is seen in the comparison.
    """
    try:
        return tagged_digest(KIND, {"results": _digest_results(kernel)})
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this environment's answer
        return tagged_digest(KIND, {"raised": type(error).__name__})


def _digest_results(kernel: Kernel) -> list[str]:
    results = kernel.function(*kernel.arguments)
    parts = results if isinstance(results, tuple) else (results,)
    return [digest_array(np.asarray(part)) for part in parts]
