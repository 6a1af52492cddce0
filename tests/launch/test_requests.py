"""What a caller asks for in vain, from the text of the variables."""

from __future__ import annotations

import pytest

from repro.core.errors import PreconditionError
from repro.launch import Level, cannot_run, check_processor, misspelt, requests, restart
from repro.launch import levels as levels_module
from repro.processor import X86_64_V2, X86_64_V3, architecture

x86 = pytest.mark.skipif(architecture() != "x86_64", reason="kernels of x86-64")


@x86
@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"OPENBLAS_CORETYPE": "Haswel"}, "OPENBLAS_CORETYPE=Haswel names no kernel"),
        ({"OPENBLAS_CORETYPE": "Skylake"}, "did you mean 'SkylakeX'?"),
        ({"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-avx2,-FMA"}, "did you mean '-AVX2'?"),
    ],
)
def test_a_slip_is_named(variables: dict[str, str], told: str):
    """Each in one sentence, with what was probably meant."""
    assert [told in sentence for sentence in misspelt(variables)] == [True]


def test_right_names_are_no_slips():
    """Spelling of kernels does not depend on case, as OpenBLAS does not."""
    tunables = "glibc.cpu.hwcaps=-AVX2,-FMA,Prefer_No_VZEROUPPER:glibc.malloc.check=1"
    right = {"OPENBLAS_CORETYPE": "haswell", "GLIBC_TUNABLES": tunables}

    assert list(misspelt(right)) == []


@pytest.fixture
def old_processor(monkeypatch: pytest.MonkeyPatch):
    """A processor of the generation before AVX, whatever this one is."""
    for module in (requests, levels_module):
        monkeypatch.setattr(module, "present", lambda: X86_64_V2)


@x86
@pytest.mark.usefixtures("old_processor")
@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"OPENBLAS_CORETYPE": "Haswell"}, "illegal instruction"),
        (
            {"NPY_ENABLE_CPU_FEATURES": "X86_V3"},
            "NPY_ENABLE_CPU_FEATURES=X86_V3 is for a newer processor",
        ),
        (
            {"NPY_ENABLE_CPU_FEATURES": "X86_V2", "NPY_DISABLE_CPU_FEATURES": "X86_V3"},
            "refuses to be imported",
        ),
    ],
)
def test_what_would_crash_is_named(variables: dict[str, str], told: str):
    """Before anything is loaded."""
    assert [told in sentence for sentence in cannot_run(variables)] == [True]
    with pytest.raises(PreconditionError, match=told):
        requests.refuse_what_cannot_run(variables)


@x86
@pytest.mark.usefixtures("old_processor")
def test_processor_below_the_level_is_told_the_level_that_works():
    """Never an illegal instruction: an error with what is lacking, and what to ask for."""
    with pytest.raises(PreconditionError) as caught:
        check_processor(Level.PORTABLE)

    assert "needs a processor of x86-64-v3; this one lacks avx, avx2" in caught.value.message
    assert caught.value.advice.endswith("--level portable-v2")
    check_processor(Level.PORTABLE_V2)
    check_processor(Level.STRICT)


@x86
def test_processor_below_both_is_told_of_strict(monkeypatch: pytest.MonkeyPatch):
    """Where no portable level can run, strict can."""
    monkeypatch.setattr(levels_module, "present", frozenset)
    with pytest.raises(PreconditionError) as caught:
        restart.check_processor(Level.PORTABLE_V2)

    assert caught.value.advice.endswith("--level strict")


@x86
def test_pins_of_a_level_ask_for_nothing_beyond_what_it_needs():
    """The kernel and groups that a level pins run on every processor that it accepts."""
    for level, features in ((Level.PORTABLE, X86_64_V3), (Level.PORTABLE_V2, X86_64_V2)):
        assert level.pins is not None
        assert level.pins.needs == features
        assert requests.KERNELS[level.pins.kernel] <= features
        assert list(misspelt(level.variables)) == []
