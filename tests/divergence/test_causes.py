"""The ranking of suspects: what can act where the records part, the likeliest first."""

import pytest

from repro.core.verdict import Divergence
from repro.divergence.causes import suspects

KERNEL = {"native.0.architecture": ("Haswell", "Nehalem")}
GROUPS = {"code_paths.enabled": (["X86_V3"], [])}
LIBM = {"code_paths.libm": ("FMA", "baseline")}
SKLEARN = {"packages.scikit-learn": ("1.9.1", "1.7.2")}
THREADS = {"native.2.num_threads": (1, 2), "threads.OMP_NUM_THREADS": ("1", "2")}
CODE = {"code.src/repro/training/fitting.py": (None, "0" * 64)}
ALL = KERNEL | GROUPS | LIBM | SKLEARN | THREADS | CODE


def at(stage, *outputs, inputs=()):
    return Divergence(stage=stage, outputs=outputs or ("any",), inputs=inputs)


def names(differences, divergence, relative):
    return [s.cause for s in suspects(differences, divergence, relative) if s.can_act]


def test_last_bits_come_from_code_paths_first():
    """In the order of how much goes through them; versions and code come after."""
    assert names(ALL, at("cross_validate"), 1e-14) == [
        "BLAS kernel",
        "NumPy's code paths",
        "maths functions of the C library",
        "numbers of threads",
        "scikit-learn",
        "the code",
    ]


def test_large_differences_come_from_versions_and_code_first():
    """No processor moves a score by a thousandth."""
    assert names(ALL, at("cross_validate"), 1e-3)[:2] == ["scikit-learn", "the code"]


def test_another_form_of_a_transformer_comes_from_its_library():
    """The matrices agree, so that no number was computed otherwise."""
    found = names(GROUPS | SKLEARN, at("preprocess", "preprocessor"), 1e-14)

    assert found == ["scikit-learn", "NumPy's code paths"]
    both = names(GROUPS | SKLEARN, at("preprocess", "preprocessor", "train_matrix"), 1e-14)
    assert both[0] == "NumPy's code paths"


@pytest.mark.parametrize("stage", ["split", "fold", "derive", "decide", "drift"])
def test_a_kernel_cannot_act_where_no_linear_algebra_is(stage):
    """It is told as such, with the reason, and not left out."""
    (found,) = suspects(KERNEL, at(stage), 1e-14)

    assert (found.cause, found.can_act) == ("BLAS kernel", False)
    assert found.rule.endswith(f"and '{stage}' does not")


@pytest.mark.parametrize(
    "difference",
    [
        {"cpu.model": ("A", "B")},
        {"level": ("strict", "portable")},
        {"code_paths.variables.OPENBLAS_CORETYPE": (None, "Haswell")},
        {"platform.system": ("Linux", "Darwin")},
        {"locale.timezone": ("UTC", "CET")},
        {"packages.rich": ("1", "2")},
        {"fingerprint.groups.libm": ("a", "b")},
        {"git.dirty_files": ([], ["README.md"])},
        {"code.README.md": (None, "0" * 64)},
    ],
)
def test_what_no_stage_reads_cannot_act(difference):
    """A name of a thing is not the thing."""
    assert names(difference, at("cross_validate"), 1e-14) == []
    assert len(suspects(difference, at("cross_validate"), 1e-14)) == 1


def test_a_package_on_one_side_took_no_part():
    """Training would have come to no end without it."""
    assert suspects({"packages.lightgbm": ("4.7.0", None)}, at("fit"), 1e-3) == ()


def test_inputs_that_differ_need_no_environment():
    """The seed or the table is the reason, whatever else differs."""
    assert suspects(ALL, at("split", inputs=("split_seeds",)), 1e-14) == ()


def test_every_difference_is_told_once():
    """No key is lost and none is counted twice."""
    found = suspects(ALL, at("fit"), 1e-14)
    keys = [key for suspect in found for key in suspect.differences]

    assert sorted(keys) == sorted(ALL)
