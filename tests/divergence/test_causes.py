"""The ranking of suspects: what can act where the records diverge, the likeliest first."""

import pytest

from repro.core.record_v1 import ACTS
from repro.core.records import Stages, Step
from repro.core.verdict import Divergence
from repro.divergence.causes import suspects
from repro.divergence.loaded import Loaded

KERNEL = {"native.0.architecture": ("Haswell", "Nehalem")}
GROUPS = {"code_paths.enabled": (["X86_V3"], [])}
LIBM = {"code_paths.libm": ("FMA", "baseline")}
SKLEARN = {"packages.scikit-learn": ("1.9.1", "1.7.2")}
THREADS = {"native.2.num_threads": (1, 2), "threads.OMP_NUM_THREADS": ("1", "2")}
CODE = {"code.src/repro/training/fitting.py": (None, "0" * 64)}
ALL = KERNEL | GROUPS | LIBM | SKLEARN | THREADS | CODE


OWN = frozenset(name.removeprefix("code.") for name in CODE)
OUTPUTS = {
    "preprocessor": "estimator/v1:0",
    "train_matrix": "array/v1:0",
    "estimator": "estimator/v1:0",
    "any": "array/v1:0",
}
STAGES = Stages(
    schema="repro.stages/v1",
    version=1,
    stages=tuple(Step(name=name, inputs={}, outputs=OUTPUTS) for name in (*ACTS, "epoch_1")),
)


def ranked(differences, divergence, relative, **loaded):
    return suspects(differences, divergence, relative, STAGES, Loaded(**({"files": OWN} | loaded)))


def at(stage, *outputs, inputs=()):
    return Divergence(stage=stage, outputs=outputs or ("any",), inputs=inputs)


def names(differences, divergence, relative):
    return [s.cause for s in ranked(differences, divergence, relative) if s.can_act]


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


def test_results_of_pytorch_come_before_versions_where_last_bits_differ():
    """And name the group, which oneDNN itself never reports."""
    key = "tensor_fingerprint.lstm"
    differences = {"packages.scikit-learn": ("1.6", "1.7"), key: ("tensor-probes/v1:a", "b")}
    first, *_ = ranked(differences, at("cross_validate"), 1e-14)

    assert (first.cause, first.can_act, [*first.differences]) == ("PyTorch's results", True, [key])


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
    (found,) = ranked(KERNEL, at(stage), 1e-14)

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
    assert len(ranked(difference, at("cross_validate"), 1e-14)) == 1


def test_a_package_on_one_side_took_no_part():
    """Training would have come to no end without it."""
    assert ranked({"packages.lightgbm": ("4.7.0", None)}, at("fit"), 1e-3) == ()


def test_everything_can_act_before_an_input_differs():
    """Whether the configuration explains the input is for the caller to say."""
    found = ranked(ALL, at("split", inputs=("frame",)), 1e-14)

    assert all(suspect.can_act for suspect in found)


@pytest.mark.parametrize(
    "key", ["native.0.architecture", "code_paths.libm", "threads.OMP_NUM_THREADS"]
)
def test_everything_can_act_in_a_step_that_says_nothing_of_itself(key):
    """A step of somebody else's script is in no table."""
    assert names({key: ("a", "b")}, at("epoch_1"), 1e-14) != []


@pytest.mark.parametrize(
    "difference",
    [
        {"packages.toyfam": ("1.0", "2.0")},
        {"packages.torch": ("2.1", "2.2")},
        {"libraries.libm.so.6": (None, "0" * 64)},
        {"a_key_of_a_later_version": (1, 2)},
        {"packages.joblib": ("1.4", "1.5")},
    ],
)
def test_what_no_rule_knows_can_act(difference):
    """A table that lacks a name acquits nothing."""
    for stage in ("split", "cross_validate", "evaluate", "epoch_1"):
        assert len(names(difference, at(stage), 1e-3)) == 1


@pytest.mark.parametrize(
    "difference",
    [
        {"code.weights.json": (None, "0" * 64)},
        {"locale.timezone": ("UTC", "CET")},
        {"cpu.model": ("A", "B")},
        {"platform.system": ("Linux", "Darwin")},
        {"git.dirty": (True, False)},
    ],
)
def test_foreign_code_may_read_anything(difference):
    """An estimator of the project can open a file or ask for the time zone."""
    (found,) = ranked(difference, at("fit"), 1e-3, foreign=True)

    assert found.can_act


def test_a_used_package_on_one_side_can_act():
    """Its import may be tried and replaced."""
    (found,) = ranked(
        {"packages.fast": ("1.0", None)}, at("fit"), 1e-3, packages=frozenset({"fast"})
    )

    assert found.can_act


def test_every_difference_is_told_once():
    """No key is lost and none is counted twice."""
    found = ranked(ALL, at("fit"), 1e-14)
    keys = [key for suspect in found for key in suspect.differences]

    assert sorted(keys) == sorted(ALL)


def test_each_dispatcher_of_pytorch_is_a_cause_of_its_own():
    """Each can be limited alone; its threads go with those of the other libraries."""
    pairs = {
        "tensors.aten": ("AVX2", "DEFAULT"), "tensors.mkl": ("OFF", "COMPATIBLE"),
        "tensors.onednn": ("AVX2", "DEFAULT"), "tensors.threads": ("1", "2"),
    }  # fmt: skip

    assert names(pairs, at("epoch_1"), 1e-14) == [
        "numbers of threads",
        "ATen's code paths",
        "MKL's code paths",
        "oneDNN's code paths",
    ]
    assert names({"tensors": (None, {})}, at("epoch_1"), 1e-14) == ["PyTorch's code paths"]
