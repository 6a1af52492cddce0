"""Features of the processor, against what the system and the C library say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from repro import processor

glibc_x86 = pytest.mark.skipif(
    processor.in_use() is None, reason="the C library tells no features here"
)


@glibc_x86
def test_features_agree_with_the_kernel():
    """Two sources that know nothing of each other: CPUID by the C library, and /proc/cpuinfo."""
    assert processor._cpuinfo() is not None
    assert processor.present() == processor._cpuinfo()


@glibc_x86
@pytest.mark.parametrize(
    ("tunables", "variant"),
    [
        ("glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4", {"baseline"}),
        ("glibc.cpu.hwcaps=-AVX2,-FMA", {"baseline", "FMA4"}),
        ("glibc.cpu.hwcaps=-avx2,-fma", {processor.libm_variant()}),
        ("glibc.malloc.check=0", {processor.libm_variant()}),
    ],
)
def test_variant_of_libm_follows_the_tunables(tunables: str, variant: set[str]):
    """As they were when the process started; names in lower case have no effect."""
    code = "from repro.processor import libm_variant; print(libm_variant())"
    environ = {**os.environ, "GLIBC_TUNABLES": tunables}
    found = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )

    assert {found.stdout.strip()} <= variant


@glibc_x86
def test_variant_is_what_the_functions_compute():
    """exp of some numbers has other last bits without fused products: the name is no mere label."""
    code = "import math; print([math.exp(i / 7 - 30).hex() for i in range(3000)])"
    outputs = {}
    for tunables in ("", "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"):
        environ = {**os.environ, "GLIBC_TUNABLES": tunables}
        outputs[tunables] = subprocess.check_output([sys.executable, "-c", code], env=environ)
    same = len(set(outputs.values())) == 1

    assert same == (processor.libm_variant() == "baseline")


def test_architecture_has_one_name():
    """Linux and Windows call it differently."""
    assert processor.architecture() == processor.architecture().lower()
    assert processor.architecture() not in {"amd64", "arm64", ""}


def test_nothing_is_claimed_on_another_architecture(monkeypatch: pytest.MonkeyPatch):
    """Features are those of x86-64."""
    monkeypatch.setattr(processor, "architecture", lambda: "aarch64")

    assert (processor.present(), processor.in_use(), processor.libm_variant()) == (None, None, None)


def test_no_file_is_no_knowledge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Where the system tells nothing, nothing is known, which is not the same as nothing there."""
    monkeypatch.setattr(processor, "Path", lambda _: tmp_path / "missing")

    assert processor._cpuinfo() is None
