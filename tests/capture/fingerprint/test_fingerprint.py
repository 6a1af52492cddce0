"""A fingerprint is repeatable, moves with every pin of a code path, and shows where."""

import functools
import json
import os
import platform
import warnings
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import command
from threadpoolctl import threadpool_info, threadpool_limits

from repro.capture.cpu import observe_cpu
from repro.capture.fingerprint import (
    SCHEME,
    Kernel,
    kernels,
    observe_fingerprint,
    observe_kernels,
)
from repro.capture.fingerprint.kernel import named
from repro.capture.native import load_libraries
from repro.core.fingerprint import Fingerprint

OBSERVE = """
import json
from repro.capture.fingerprint import observe_fingerprint, observe_kernels
found = {"fingerprint": observe_fingerprint().model_dump(mode="json")}
found["kernels"] = observe_kernels()
print(json.dumps(found))
"""
DISPATCH = (
    "GLIBC_TUNABLES",
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "PYTHONHASHSEED",
)
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
PINNED = {"OPENBLAS_CORETYPE": "Haswell", "NPY_ENABLE_CPU_FEATURES": "X86_V3"}
BLAS = {"numpy.linalg", "scipy.linalg", "sklearn.solvers"}
THROUGH_BLAS = {"scipy.optimize", "sklearn.pairwise"}
VECTORS = {"numpy.elementwise", "sorting"}
THROUGH_LIBM = {"numpy.elementwise", "random", "scipy.special", "sklearn.pairwise"}

FEATURES = set(observe_cpu().features)
needs_avx2 = pytest.mark.skipif(
    not {"avx2", "fma"} <= FEATURES, reason="the processor has no AVX2 and FMA to switch off"
)
needs_avx512 = pytest.mark.skipif(
    not {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"} <= FEATURES,
    reason="the processor has no AVX-512 to switch off",
)
needs_glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc takes tunables"
)
needs_two_processors = pytest.mark.skipif(
    (os.cpu_count() or 1) < 2, reason="two threads need two processors"
)


@pytest.fixture(autouse=True)
def one_thread():
    """Keep this process from waiting for threads that other tests keep busy."""
    load_libraries()
    with threadpool_limits(1):
        yield


@functools.cache
def observed_with(*options, **variables):
    """Observe in a process of its own, in which nothing but the given variables steers."""
    steering = dict.fromkeys(DISPATCH, "") | ONE_THREAD | variables
    # An empty value is no pin, for any of the libraries; an empty hash seed is a random one.
    result = command(*options, "-c", OBSERVE, env=steering)
    assert result.status == 0, result.err
    return json.loads(result.out)


def changed_groups(one, other):
    """Return the groups in which two observations differ."""
    assert one["fingerprint"]["groups"].keys() == other["fingerprint"]["groups"].keys()
    return {
        group
        for group, digest in one["fingerprint"]["groups"].items()
        if digest != other["fingerprint"]["groups"][group]
    }


def test_fingerprint_is_the_same_in_every_process():
    """Neither the seed of Python's hashes nor a stricter view of warnings moves one kernel."""
    one = observed_with(PYTHONHASHSEED="1")
    other = observed_with("-W", "error", PYTHONHASHSEED="2")

    assert one["fingerprint"] == other["fingerprint"]
    assert one["kernels"] == other["kernels"]


@needs_avx2
@pytest.mark.parametrize(
    ("variables", "must", "may"),
    [
        pytest.param({"OPENBLAS_CORETYPE": "Sandybridge"}, BLAS, THROUGH_BLAS, id="OpenBLAS"),
        pytest.param(
            {"NPY_ENABLE_CPU_FEATURES": "X86_V2"}, VECTORS, {"sklearn.pairwise"}, id="NumPy"
        ),
        pytest.param(
            {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"},
            {"libm"},
            THROUGH_LIBM,
            id="glibc",
            marks=needs_glibc,
        ),
        pytest.param(
            {"OMP_NUM_THREADS": "2"},
            {"sklearn.threads"},
            set(),
            id="threads",
            marks=needs_two_processors,
        ),
    ],
)
def test_a_pin_moves_its_groups_and_no_other(variables, must, may):
    """The groups say which library took another path."""
    changed = changed_groups(observed_with(**PINNED), observed_with(**(PINNED | variables)))

    assert must <= changed <= must | may


@needs_avx512
@pytest.mark.parametrize(
    ("name", "must", "may"),
    [
        ("OPENBLAS_CORETYPE", BLAS, THROUGH_BLAS),
        ("NPY_ENABLE_CPU_FEATURES", VECTORS, {"sklearn.pairwise"}),
    ],
)
def test_a_pin_below_avx512_moves_its_groups_and_no_other(name, must, may):
    """Either half of the pins is told from none at all."""
    half = observed_with(**{name: PINNED[name]})
    changed = changed_groups(observed_with(PYTHONHASHSEED="1"), half)

    assert must <= changed <= must | may


def test_global_state_is_left_alone():
    """Random state, warnings, floating-point errors and threads are the caller's."""

    def state():
        kind, keys, *rest = np.random.get_state()  # noqa: NPY002 - the one that is global
        return kind, keys.tolist(), rest, list(warnings.filters), np.geterr(), threadpool_info()

    observe_kernels()  # loads the libraries
    before = state()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        observe_kernels()

    assert caught == []
    assert state() == before


def test_the_callers_floating_point_errors_do_not_matter():
    """A caller who wants underflows raised gets the fingerprint of everybody else."""
    with np.errstate(all="raise"):
        strict = observe_kernels()

    assert strict == observe_kernels()


def test_no_kernel_depends_on_the_ones_before():
    """No kernel writes to its inputs, which others share, nor leaves a state behind."""
    all_kernels = kernels()

    assert observe_kernels(all_kernels) == observe_kernels(reversed(all_kernels))


def test_kernels_are_named_once_and_about_a_hundred_or_more():
    """A second kernel of a name would hide the first."""
    names = [(kernel.group, kernel.name) for kernel in kernels()]

    assert len(names) == len(set(names)) >= 100


@pytest.mark.parametrize("kernel", kernels(), ids=lambda kernel: f"{kernel.group}: {kernel.name}")
def test_every_kernel_runs_and_is_finite(kernel):
    """No kernel is a failure in disguise, and none hides its result behind NaN."""
    with np.errstate(all="ignore"):
        results = kernel.function(*kernel.arguments)
    parts = results if isinstance(results, tuple) else (results,)

    assert all(np.isfinite(part).all() for part in parts)


@pytest.mark.parametrize("group", ["libm", "numpy.linalg", "sorting", "sklearn.solvers", "pandas"])
def test_a_planted_difference_shows_in_its_kernel_its_group_and_the_whole(group):
    """Everything else stays as it was."""
    before = kernels()
    at = next(index for index, kernel in enumerate(before) if kernel.group == group)
    first, *others = before[at].arguments
    planted = np.array(first)
    planted[0] += 1
    kernel = replace(before[at], arguments=(planted, *others))
    after = (*before[:at], kernel, *before[at + 1 :])

    old, new = observe_kernels(before), observe_kernels(after)
    moved = {(g, name) for g in old for name in old[g] if old[g][name] != new[g][name]}
    assert moved == {(group, kernel.name)}
    old, new = observe_fingerprint(before), observe_fingerprint(after)
    assert {g for g in old.groups if old.groups[g] != new.groups[g]} == {group}
    assert old.digest != new.digest


def test_a_kernel_that_cannot_run_is_seen():
    """What a version lacks makes another fingerprint, by the type of the exception alone."""

    def answer(function, *arguments):
        return observe_kernels([Kernel("group", "name", function, arguments)])["group"]["name"]

    missing = answer(named("numpy:no_such_function"))

    assert missing == answer(named("numpy:no_other_function"))
    assert missing != answer(np.linalg.inv, np.zeros((2, 2)))
    assert missing != answer(float, "0")
    assert answer(object) == answer(len, 1)  # what has no digest is a TypeError too


def test_fingerprint_round_trips():
    """It is a record like the others."""
    fingerprint = observe_fingerprint()

    assert fingerprint.scheme == SCHEME
    assert Fingerprint.model_validate_json(fingerprint.model_dump_json()) == fingerprint
