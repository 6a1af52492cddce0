"""The class of bits, from what was read back."""

import pytest

from repro.core.bits import class_of_bits
from repro.core.environment import CodePaths, NativeLibrary, Platform

LINUX = Platform(system="Linux", machine="x86_64", libc="glibc", libc_version="2.41")
V2 = ("X86_V2",)


def blas(*kernels, api="openblas"):
    return [
        NativeLibrary(
            user_api="blas", internal_api=api, name=f"lib{i}", version="0.3.30",
            architecture=kernel, threading_layer=None, num_threads=1,
        )
        for i, kernel in enumerate(kernels)
    ]  # fmt: skip


def paths(*enabled, baseline=V2, libm="FMA"):
    return CodePaths(
        baseline=baseline, enabled=enabled, targets=(), functions="", variables={}, libm=libm
    )


@pytest.mark.parametrize(
    ("kernels", "enabled", "libm", "name"),
    [
        (("SkylakeX", "SkylakeX"), ("X86_V3", "X86_V4", "AVX512_ICL"), "FMA", "x86-64-v4"),
        (("Cooperlake", "SkylakeX"), ("X86_V3", "X86_V4", "AVX512_SPR"), "FMA", "x86-64-v4"),
        (("Haswell", "Zen"), ("X86_V3",), "FMA", "x86-64-v3"),
        (("Sandybridge", "Sandybridge"), (), "baseline", "x86-64-avx"),
        (("Nehalem", "Nehalem"), (), "baseline", "x86-64-v2"),
        # A pin that was forgotten leaves no class, and the name says which parts there are.
        (("Haswell",), ("X86_V4",), "FMA", "x86-64 (BLAS Haswell, NumPy X86_V4, libm FMA)"),
        (("Nehalem",), (), "FMA", "x86-64 (BLAS Nehalem, NumPy baseline, libm FMA)"),
        (
            ("Haswell", "SkylakeX"),
            ("X86_V3",),
            "FMA",
            "x86-64 (BLAS Haswell and SkylakeX, NumPy X86_V3, libm FMA)",
        ),
    ],
)  # fmt: skip
def test_class_of_x86_64(kernels, enabled, libm, name):
    """One class where all three agree on a generation of processors; the parts otherwise."""
    assert class_of_bits(blas(*kernels), paths(*enabled, libm=libm), LINUX) == name


def test_other_architectures_and_libraries_have_their_own_names():
    """Never the name of a class whose bits they may not have."""
    arm = LINUX.model_copy(update={"machine": "aarch64"})
    neon = paths("ASIMDHP", baseline=("NEON", "ASIMD"), libm=None)
    mac = Platform(system="Darwin", machine="arm64", libc="libSystem", libc_version="")
    accelerate = blas(None, api="accelerate")

    assert class_of_bits(blas("neoversen1"), neon, arm) == (
        "aarch64 (BLAS neoversen1, NumPy ASIMDHP, libm glibc)"
    )
    pinned = paths(baseline=("NEON", "ASIMD"), libm=None)
    assert class_of_bits(blas("armv8", "armv8"), pinned, arm) == "armv8-a"
    assert class_of_bits(accelerate, neon, mac) == (
        "arm64 (BLAS accelerate, NumPy ASIMDHP, libm libSystem)"
    )
    assert class_of_bits([], paths("X86_V3", libm=None), LINUX).startswith("x86-64 (BLAS none")


def test_another_c_library_is_no_class_of_glibc():
    """Its maths functions round in their own way."""
    musl = LINUX.model_copy(update={"libc": "musl"})

    assert class_of_bits(blas("Haswell"), paths("X86_V3", libm=None), musl) == (
        "x86-64 (BLAS Haswell, NumPy X86_V3, libm musl)"
    )
