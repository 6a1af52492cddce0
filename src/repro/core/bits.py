"""Classes of processors that compute the same bits.

With one thread, the same wheels and the same data, what differs between processors of one
architecture is the choice of kernels by OpenBLAS, of functions by NumPy and of maths functions by
the C library. All x86-64 processors fall into four classes; those of 64-bit ARM compute as the
oldest of them where the code paths are pinned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.code_paths import BASELINE, CLASSES, KERNELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.core.environment import CodePaths, NativeLibrary, Platform

# The classes, by OpenBLAS's kernel, NumPy's widest group and libm's variant.
_CLASSES = {(each.kernel, each.group, each.libm or "glibc"): bits for bits, each in CLASSES.items()}
_SAME = {name: kernel.computes_as for name, kernel in KERNELS.items() if kernel.computes_as}


def class_of_bits(
    native: Sequence[NativeLibrary], code_paths: CodePaths, platform: Platform
) -> str:
    """Name the class of bits that these code paths give, from what was read back.

    Returns
    -------
    str
        Such as ``x86-64-v3``; the parts one by one where they are not those of one class, as in
        ``x86-64 (BLAS Haswell, NumPy X86_V4, libm FMA)``, and always on other architectures and
        with other C libraries.
    """
    kernels = sorted(
        {
            _SAME.get(library.architecture or "", library.architecture) or library.internal_api
            for library in native
            if library.user_api == "blas"
        }
    )
    kernel = " and ".join(kernels) or "none"
    beyond = [name for name in code_paths.enabled if name not in code_paths.baseline]
    groups = [name for name in beyond if name.startswith("X86_")] or beyond
    group = groups[-1] if groups else BASELINE
    libm = code_paths.libm or platform.libc or platform.system
    known = _CLASSES.get((kernel, group, libm))
    if known:
        return known
    machine = platform.machine
    if platform.architecture == "x86_64":
        machine = "x86-64"
    return f"{machine} (BLAS {kernel}, NumPy {group}, libm {libm})"
