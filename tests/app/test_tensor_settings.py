"""PyTorch's three dispatchers in records of two processors: what differs, and what removes it."""

import pytest
from tests.conftest import ROOT

from repro.app.explain.interventions import dispatch, unsupported_by_cpu
from repro.app.explain.tensors import not_taken
from repro.core.jsonfile import load_record
from repro.core.record_v1 import RecordFile
from repro.divergence.environments import differing_fields

FILE = ROOT / "reference" / "credit.json"
BASE = load_record(FILE.read_bytes(), FILE.name, RecordFile).environment
AVX2 = ("avx", "avx2", "fma", "sse4_1")
AVX512 = (*AVX2, "avx512bw", "avx512dq", "avx512f", "avx512vl")
FREE = {"aten": "AVX2", "mkl": "OFF", "onednn": "DEFAULT", "threads": "1"}
PINNED = {"aten": "AVX2", "mkl": "COMPATIBLE", "onednn": "AVX2", "threads": "1"}
MKL, ONEDNN = "MKL's code paths", "oneDNN's code paths"


def on(vendor, features, tensors):
    cpu = BASE.cpu.model_copy(update={"vendor": vendor, "features": features})
    return BASE.model_copy(update={"cpu": cpu, "tensors": tensors})


def tensors_of(left, right):
    return {k: pair for k, pair in differing_fields(left, right).items() if "tensors" in k}


def test_equal_reports_of_two_processors_are_no_equal_code_paths():
    """MKL goes by the maker too, and oneDNN by the instructions alone; neither says so."""
    intel, amd = (on(vendor, AVX2, FREE) for vendor in ("GenuineIntel", "AuthenticAMD"))
    wider = on("AuthenticAMD", AVX512, FREE)

    assert tensors_of(intel, amd) == {
        "tensors.mkl": ("OFF on GenuineIntel with AVX2", "OFF on AuthenticAMD with AVX2")
    }
    assert tensors_of(amd, wider)["tensors.onednn"] == (
        "DEFAULT with AVX2", "DEFAULT with AVX512_CORE",
    )  # fmt: skip


def test_limits_do_not_depend_on_the_processor():
    left, right = on("GenuineIntel", AVX2, PINNED), on("AuthenticAMD", AVX512, PINNED)

    assert tensors_of(left, right) == {}


@pytest.mark.parametrize(
    ("cause", "tensors", "settings"),
    [
        ("ATen's code paths", PINNED, {"ATEN_CPU_CAPABILITY": "avx2"}),
        (MKL, PINNED, {"MKL_CBWR": "COMPATIBLE"}),
        (ONEDNN, PINNED, {"ONEDNN_MAX_CPU_ISA": "AVX2"}),
        (MKL, FREE, {"MKL_CBWR": None}),
        (ONEDNN, FREE, {"ONEDNN_MAX_CPU_ISA": None}),
        (MKL, FREE | {"mkl": "AUTO"}, {"MKL_CBWR": "AUTO"}),
        ("ATen's code paths", FREE | {"aten": "/bin/sh"}, {}),
        (MKL, FREE | {"mkl": "$(id)"}, {}),
    ],
)
def test_each_dispatcher_has_one_variable(cause, tensors, settings):
    there, here = on("AuthenticAMD", AVX2, tensors), on("AuthenticAMD", AVX2, FREE)

    assert dispatch(cause, there, here) == settings


def test_a_free_choice_of_a_different_processor_is_a_limit_where_there_is_one():
    """MKL has none that every maker's processors obey."""
    there, here = on("GenuineIntel", AVX2, FREE), on("AuthenticAMD", AVX512, FREE)

    assert dispatch(ONEDNN, there, here) == {"ONEDNN_MAX_CPU_ISA": "AVX2"}
    assert dispatch(MKL, there, here) == {}


def test_what_this_processor_lacks_is_not_tried(monkeypatch):
    monkeypatch.setattr("repro.app.explain.tensors.present", lambda: frozenset(AVX2))

    reason = unsupported_by_cpu({"ATEN_CPU_CAPABILITY": "avx512"})

    assert reason.startswith("ATEN_CPU_CAPABILITY=avx512 is for a newer processor; this one lacks")
    assert unsupported_by_cpu({"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"})
    assert not unsupported_by_cpu({"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"})


def test_a_setting_without_effect_is_no_trial():
    """MKL takes no branch of Intel's on other processors: the run says nothing of that branch."""
    assert "MKL_CBWR=AVX2 had no effect" in not_taken({"MKL_CBWR": "AVX2"}, {"mkl": "AUTO"})
    assert not not_taken(
        {"MKL_CBWR": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}, PINNED | {"mkl": "AVX2"}
    )
    assert not not_taken({"MKL_CBWR": None}, PINNED)
