"""The features of the processor, as the C library sees them, without any library of numbers.

On x86-64 the GNU C library keeps two sets of bits: what the processor has, and what is in use after
the operating system and ``GLIBC_TUNABLES`` had their say. It chooses its maths functions by the
second. Elsewhere, the first set comes from the system and the second is not known.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

# Bits of CPUID as the C library numbers its leaves in <sys/platform/x86.h>: (leaf, register, bit),
# with the registers EAX, EBX, ECX and EDX from 0.
_BITS = {
    "sse3": (0, 2, 0),
    "ssse3": (0, 2, 9),
    "fma": (0, 2, 12),
    "cx16": (0, 2, 13),
    "sse4_1": (0, 2, 19),
    "sse4_2": (0, 2, 20),
    "movbe": (0, 2, 22),
    "popcnt": (0, 2, 23),
    "osxsave": (0, 2, 27),
    "avx": (0, 2, 28),
    "f16c": (0, 2, 29),
    "bmi1": (1, 1, 3),
    "avx2": (1, 1, 5),
    "bmi2": (1, 1, 8),
    "avx512f": (1, 1, 16),
    "avx512dq": (1, 1, 17),
    "avx512cd": (1, 1, 28),
    "avx512bw": (1, 1, 30),
    "avx512vl": (1, 1, 31),
    "lahf_lm": (2, 2, 0),
    "lzcnt": (2, 2, 5),
    "fma4": (2, 2, 16),
}

KNOWN = frozenset(_BITS)
X86_64_V2 = frozenset({"cx16", "lahf_lm", "popcnt", "sse3", "sse4_1", "sse4_2", "ssse3"})
# The psABI counts the system's use of the wide registers (OSXSAVE) too.
X86_64_V3 = X86_64_V2 | {
    "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "lzcnt", "movbe", "osxsave",
}  # fmt: skip
X86_64_V4 = X86_64_V3 | {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}

# What Linux calls differently in /proc/cpuinfo.
_CPUINFO = {"pni": "sse3", "abm": "lzcnt", "xsave": "osxsave"}


def architecture() -> str:
    """Return the processor's architecture, such as ``x86_64``, under one name on every system."""
    windows = os.name == "nt"
    name = os.environ.get("PROCESSOR_ARCHITECTURE", "") if windows else os.uname().machine
    name = name.lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def present() -> frozenset[str] | None:
    """Return the x86-64 features that the processor has; None where that is not known."""
    if architecture() != "x86_64":
        return None
    bits = _glibc_bits()
    return _cpuinfo() if bits is None else bits[0]


def in_use() -> frozenset[str] | None:
    """Return the features by which the C library chooses; None where it does not, or not known."""
    bits = _glibc_bits() if architecture() == "x86_64" else None
    return None if bits is None else bits[1]


def libm_variant() -> str | None:
    """Return which variant of its maths functions the C library chose, by what rounds differently.

    ``FMA`` and ``FMA4`` round a product and a sum once; ``baseline`` rounds twice, and is what
    other features choose too. None where there is no choice, or it is not known.

    The rule is that of the GNU C library's ``sysdeps/x86_64/fpu/multiarch/ifunc-fma4.h``.
    """
    used = in_use()
    if used is None:
        return None
    if {"fma", "avx2"} <= used:
        return "FMA"
    return "FMA4" if "fma4" in used else "baseline"


@cache
def _glibc_bits() -> tuple[frozenset[str], frozenset[str]] | None:
    if sys.platform != "linux":
        return None
    import ctypes  # noqa: PLC0415 - not needed by every command

    try:
        leaf = ctypes.CDLL(None)["__x86_get_cpuid_feature_leaf"]
    except (AttributeError, OSError):
        return None  # musl, or a GNU C library before 2.33
    # struct cpuid_feature: four registers as the processor has them, then four as they are in use.
    leaf.restype = ctypes.POINTER(ctypes.c_uint32 * 8)
    leaves = [tuple(leaf(index).contents) for index in range(3)]
    return tuple(  # type: ignore[return-value]
        frozenset(
            name
            for name, (index, register, bit) in _BITS.items()
            if leaves[index][half + register] >> bit & 1
        )
        for half in (0, 4)
    )


def _cpuinfo() -> frozenset[str] | None:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    names = {_CPUINFO.get(name, name) for name in flags.partition(":")[2].split()}
    return frozenset(names & _BITS.keys()) or None
