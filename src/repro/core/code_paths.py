"""The code paths that processors give: classes of them, the kernels of OpenBLAS, and requests.

What a portable level pins, how a class of bits is named, and what removes a difference on a
different processor all derive from these tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

# In the place of a group of NumPy's, or of a variant of the maths functions.
BASELINE = "baseline"
# NumPy's group that every build for an architecture has; naming it alone switches the others off.
BASELINE_GROUPS = {"x86_64": "X86_V2", "aarch64": "ASIMD"}
# What makes the GNU C library choose a variant of its maths functions; None for no variable. An
# older one knows no FMA4 without AVX; an unknown name is passed over.
TUNABLES_OF_LIBM = {"FMA": None, BASELINE: "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"}


class ProcessorClass(NamedTuple):
    """Processors that compute the same bits.

    Attributes
    ----------
    bits : str
        The name of the class.
    kernel : str
        The name that OpenBLAS gives its kernel.
    group : str
        NumPy's widest group in use beyond those of its build, or ``baseline``.
    libm : str or None
        The variant of the C library's maths functions; None where glibc has one only.
    aten, onednn : str or None
        What limits PyTorch's own functions and those of oneDNN; None where nothing is known to.
    """

    bits: str
    architecture: str
    kernel: str
    group: str
    libm: str | None
    aten: str | None = None
    onednn: str | None = None

    @property
    def requested_group(self) -> str:
        """The group to request from NumPy."""
        return BASELINE_GROUPS[self.architecture] if self.group == BASELINE else self.group


CLASSES = {
    each.bits: each
    for each in (
        ProcessorClass("x86-64-v4", "x86_64", "SkylakeX", "X86_V4", "FMA", "avx512", "AVX512_CORE"),
        ProcessorClass("x86-64-v3", "x86_64", "Haswell", "X86_V3", "FMA", "avx2", "AVX2"),
        ProcessorClass("x86-64-avx", "x86_64", "Sandybridge", BASELINE, BASELINE, "default", "AVX"),
        ProcessorClass("x86-64-v2", "x86_64", "Nehalem", BASELINE, BASELINE, "default", "SSE41"),
        ProcessorClass("armv8-a", "aarch64", "armv8", BASELINE, None),
    )
}


# What a library of PyTorch reports of itself where no variable limits it: it then chooses by the
# processor, whose maker counts for MKL and not for oneDNN.
UNLIMITED_ONEDNN, UNLIMITED_MKL = "DEFAULT", frozenset({"OFF", "AUTO"})
# The limits of oneDNN, and the features (as Linux calls them) without which it uses a lower one.
LIMITS_OF_ONEDNN = {
    "AVX512_CORE": frozenset({"avx512bw", "avx512dq", "avx512f", "avx512vl"}),
    "AVX2": frozenset({"avx2", "fma"}),
    "AVX": frozenset({"avx"}),
    "SSE41": frozenset({"sse4_1"}),
}


def widest_instructions(features: Collection[str]) -> str | None:
    """Return the highest limit of oneDNN that a processor reaches; None if it reaches none.

    Examples
    --------
    >>> widest_instructions({"sse4_1", "avx", "avx2", "fma"})
    'AVX2'
    """
    found = (name for name, needs in LIMITS_OF_ONEDNN.items() if needs <= {*features})
    return next(found, None)


class Kernel(NamedTuple):
    """A kernel of OpenBLAS.

    Attributes
    ----------
    needs : frozenset of str
        The processor features that it needs at the least.
    computes_as : str or None
        The kernel under a different name that gives the same bits.
    """

    needs: frozenset[str] = frozenset()
    computes_as: str | None = None


_AVX = frozenset({"avx", "osxsave"})
_AVX2 = _AVX | {"avx2", "fma"}
_AVX512 = frozenset({"avx512bw", "avx512dq", "avx512f", "avx512vl"})

# The kernels for x86-64 by their names in OpenBLAS (driver/others/dynamic.c). A build that leaves
# one out takes the nearest older one in its place.
KERNELS = {
    "Prescott": Kernel(),
    "Atom": Kernel(),
    "Core2": Kernel(),
    "Penryn": Kernel(),
    "Dunnington": Kernel(),
    "Nehalem": Kernel(frozenset({"sse4_2"})),
    "Opteron": Kernel(),
    "Opteron_SSE3": Kernel(),
    "Barcelona": Kernel(),
    "Nano": Kernel(),
    "Bobcat": Kernel(),
    "Sandybridge": Kernel(_AVX),
    "Bulldozer": Kernel(_AVX),
    "Piledriver": Kernel(_AVX),
    "Steamroller": Kernel(_AVX),
    "Excavator": Kernel(_AVX),
    "Haswell": Kernel(_AVX2),
    "Zen": Kernel(_AVX2, "Haswell"),
    "SkylakeX": Kernel(_AVX512),
    "Cooperlake": Kernel(_AVX512, "SkylakeX"),
    "SapphireRapids": Kernel(_AVX512, "SkylakeX"),
}
