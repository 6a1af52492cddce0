"""The numeric fingerprint: digests of small computations, by the code paths they run through.

A wheel brings several variants of its functions and picks one when it is loaded: NumPy by the
processor's vector instructions, OpenBLAS by its model, the C library by both. The results differ in
their last bits. Names of variants can be read back if a library reports them; the fingerprint asks
the functions themselves, and so also sees a cause that nobody thought of: a new build, an
emulator, a different C library.

It is one-sided. Where two fingerprints differ, so may trainings, and the groups say where to look.
Where they agree, every code path that is known to differ between processors has agreed.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from repro.capture.fingerprint.arithmetic import arithmetic_kernels
from repro.capture.fingerprint.kernel import Kernel, digest_kernel
from repro.capture.fingerprint.learning import learning_kernels
from repro.capture.fingerprint.linear_algebra import linear_algebra_kernels
from repro.capture.fingerprint.sampling import sampling_kernels
from repro.capture.fingerprint.sorting import sorting_kernels
from repro.capture.fingerprint.special import special_kernels
from repro.core.canonical import tagged_digest
from repro.core.fingerprint import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SCHEME", "Kernel", "kernels", "observe_fingerprint", "observe_kernels"]

SCHEME = "fingerprint/v1"
_KIND, _, _VERSION = SCHEME.partition("/v")
_FAMILIES = (
    arithmetic_kernels,
    linear_algebra_kernels,
    sorting_kernels,
    sampling_kernels,
    special_kernels,
    learning_kernels,
)


def kernels() -> tuple[Kernel, ...]:
    """Return every kernel of the scheme, with its inputs."""
    return tuple(chain.from_iterable(family() for family in _FAMILIES))


def observe_kernels(selected: Iterable[Kernel] | None = None) -> dict[str, dict[str, str]]:
    """Run the kernels and return the digest of each, by group and name.

    It changes neither the random state of NumPy nor the warnings, nor the numbers of threads.

    Parameters
    ----------
    selected : iterable of Kernel, optional
        All of the scheme where it is not given.
    """
    groups: dict[str, dict[str, str]] = {}
    # Whether the caller wants to hear of an underflow must not decide about a result.
    with np.errstate(all="ignore"):
        for kernel in kernels() if selected is None else selected:
            groups.setdefault(kernel.group, {})[kernel.name] = digest_kernel(kernel)
    return groups


def observe_fingerprint(selected: Iterable[Kernel] | None = None) -> Fingerprint:
    """Return the fingerprint of this process.

    Parameters
    ----------
    selected : iterable of Kernel, optional
        All of the scheme where it is not given.
    """
    groups = {
        group: tagged_digest(f"{_KIND}-group", digests, version=int(_VERSION))
        for group, digests in observe_kernels(selected).items()
    }
    return Fingerprint.over(groups)
