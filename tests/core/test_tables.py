"""Everything that derives from the tables of variables and of code paths, in full.

The sets are written out: records, keys and levels depend on every name in them.
"""

import platform
import sys

import pytest

from repro.core import bits, code_paths, variables
from repro.launch import KNOWN, Level, requests
from repro.launch.levels import _pins
from repro.processor import X86_64_V2, X86_64_V3

STRICT = {
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "GOTO_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MKL_DOMAIN_NUM_THREADS": "MKL_DOMAIN_ALL=1",
    "BLIS_NUM_THREADS": "1",
    "BLIS_JC_NT": "1",
    "BLIS_PC_NT": "1",
    "BLIS_IC_NT": "1",
    "BLIS_JR_NT": "1",
    "BLIS_IR_NT": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "TF_CUDNN_DETERMINISTIC": "1",
}
THREADS = """
    BLIS_IC_NT BLIS_IR_NT BLIS_JC_NT BLIS_JR_NT BLIS_NUM_THREADS BLIS_PC_NT GOTO_NUM_THREADS
    LOKY_MAX_CPU_COUNT MKL_DOMAIN_NUM_THREADS MKL_DYNAMIC MKL_NUM_THREADS NUMBA_NUM_THREADS
    NUMEXPR_MAX_THREADS NUMEXPR_NUM_THREADS OMP_DYNAMIC OMP_NUM_THREADS OMP_SCHEDULE
    OMP_THREAD_LIMIT OPENBLAS_DEFAULT_NUM_THREADS OPENBLAS_NUM_THREADS VECLIB_MAXIMUM_THREADS
"""
DISPATCH = """
    GLIBC_TUNABLES MKL_ENABLE_INSTRUCTIONS NPY_DISABLE_CPU_FEATURES
    NPY_ENABLE_CPU_FEATURES OPENBLAS_BLOCK_FACTOR OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
"""
TENSORS = "ATEN_CPU_CAPABILITY CUBLAS_WORKSPACE_CONFIG MKL_CBWR ONEDNN_MAX_CPU_ISA"
TENSORS += " TF_CUDNN_DETERMINISTIC"
LEAKING = """
    ATEN_CPU_CAPABILITY BLIS_ARCH_TYPE BLIS_IC_NT BLIS_IR_NT BLIS_JC_NT BLIS_JR_NT
    BLIS_NUM_THREADS BLIS_PC_NT BLIS_THREAD_IMPL CUBLAS_WORKSPACE_CONFIG
    DNNL_DEFAULT_FPMATH_MODE DNNL_MAX_CPU_ISA DNNL_PRIMITIVE_CACHE_CAPACITY DNNL_VERBOSE
    DYLD_INSERT_LIBRARIES GLIBC_TUNABLES GOMP_CPU_AFFINITY GOMP_SPINCOUNT GOMP_STACKSIZE
    GOTO_NUM_THREADS KMP_AFFINITY KMP_BLOCKTIME KMP_SETTINGS KMP_STACKSIZE LD_AUDIT LD_PRELOAD
    MKL_CBWR MKL_DEBUG_CPU_TYPE MKL_DOMAIN_NUM_THREADS MKL_DYNAMIC MKL_ENABLE_INSTRUCTIONS
    MKL_INTERFACE_LAYER MKL_NUM_THREADS MKL_THREADING_LAYER MKL_VERBOSE NPY_DISABLE_CPU_FEATURES
    NPY_ENABLE_CPU_FEATURES NPY_PROMOTION_STATE NUMBA_NUM_THREADS NUMBA_THREADING_LAYER
    NUMEXPR_MAX_THREADS NUMEXPR_NUM_THREADS OMP_DISPLAY_ENV OMP_DYNAMIC OMP_MAX_ACTIVE_LEVELS
    OMP_NESTED OMP_NUM_THREADS OMP_PLACES OMP_PROC_BIND OMP_SCHEDULE OMP_STACKSIZE
    OMP_THREAD_LIMIT OMP_WAIT_POLICY ONEDNN_DEFAULT_FPMATH_MODE ONEDNN_MAX_CPU_ISA
    ONEDNN_PRIMITIVE_CACHE_CAPACITY ONEDNN_VERBOSE OPENBLAS_BLOCK_FACTOR OPENBLAS_CORETYPE
    OPENBLAS_DEFAULT_NUM_THREADS OPENBLAS_L2_SIZE OPENBLAS_MAIN_FREE OPENBLAS_NUM_THREADS
    OPENBLAS_THREAD_TIMEOUT OPENBLAS_VERBOSE SCIPY_ARRAY_API SCIPY_DEVICE SKLEARN_ASSUME_FINITE
    SKLEARN_ENABLE_METADATA_ROUTING SKLEARN_PAIRWISE_DIST_CHUNK_SIZE SKLEARN_SEED
    SKLEARN_SKIP_NETWORK_TESTS SKLEARN_WORKING_MEMORY TF_CUDNN_DETERMINISTIC
    VECLIB_MAXIMUM_THREADS
"""


def test_the_variables_of_every_strict_level_keep_their_order():
    """`repro exec --print-env` prints them in it."""
    assert list(variables.FIXED.items()) == list(STRICT.items())
    assert dict(Level.STRICT.variables) == STRICT


@pytest.mark.parametrize(
    ("derived", "names"),
    [
        (variables.THREADS, THREADS),
        (variables.DISPATCH, DISPATCH),
        (variables.TENSORS, TENSORS),
    ],
    ids=["threads", "code paths", "tensors"],
)
def test_what_an_environment_notes_keeps_its_names_and_their_order(derived, names):
    """Records list them in it."""
    assert derived == tuple(names.split())


def test_what_is_read_back_is_in_no_key():
    """Of the variables that an environment notes."""
    expected = {"OPENBLAS_CORETYPE", "NPY_ENABLE_CPU_FEATURES", "NPY_DISABLE_CPU_FEATURES"}

    assert expected == variables.READ_BACK


def test_the_known_names_are_the_ones_that_can_leak():
    """Neither the harmless ones, nor those that no numeric library reads."""
    assert set(LEAKING.split()) == KNOWN
    assert {name for name in (*THREADS.split(), *STRICT) if not variables.can_leak(name)} == {
        "LOKY_MAX_CPU_COUNT",
        "PYTHONHASHSEED",
    }


def test_no_variable_has_two_rows():
    """The later one would count for nothing."""
    names = [each.name for each in variables._TABLE]

    assert len(names) == len(set(names))


V3 = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_ENABLE_CPU_FEATURES": "X86_V3",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}
V2 = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_ENABLE_CPU_FEATURES": "X86_V2",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4",
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
}
ARM = {"OPENBLAS_CORETYPE": "ARMV8", "NPY_ENABLE_CPU_FEATURES": "ASIMD"}


@pytest.mark.parametrize(
    ("name", "needs", "pinned", "read_back"),
    [
        ("x86-64-v3", X86_64_V3, V3, ("Haswell", ("X86_V3",), "FMA", "AVX2")),
        ("x86-64-v2", X86_64_V2, V2, ("Nehalem", (), "baseline", "DEFAULT")),
        ("armv8-a", frozenset(), ARM, ("armv8", (), None, None)),
    ],
)
def test_the_pins_of_a_class_keep_their_values(name, needs, pinned, read_back):
    """What they request, and how it reads back."""
    pins = _pins(name, needs)

    assert list(pins.variables.items()) == list(pinned.items())
    assert (pins.needs, pins.bits) == (needs, name)
    assert (pins.kernel, pins.groups, pins.libm, pins.aten) == read_back


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="pins of x86-64"
)
def test_the_levels_have_these_pins():
    """On this architecture."""
    assert dict(Level.PORTABLE.variables) == STRICT | V3
    assert dict(Level.PORTABLE_V2.variables) == STRICT | V2


def test_the_names_of_the_classes_of_bits_stay():
    """By what is read back, and with the kernels that compute alike."""
    assert bits._CLASSES == {
        ("SkylakeX", "X86_V4", "FMA"): "x86-64-v4",
        ("Haswell", "X86_V3", "FMA"): "x86-64-v3",
        ("Sandybridge", "baseline", "baseline"): "x86-64-avx",
        ("Nehalem", "baseline", "baseline"): "x86-64-v2",
        ("armv8", "baseline", "glibc"): "armv8-a",
    }
    assert bits._SAME == {"Zen": "Haswell", "Cooperlake": "SkylakeX", "SapphireRapids": "SkylakeX"}


ANYWHERE = """
    Prescott Atom Core2 Penryn Dunnington Opteron Opteron_SSE3 Barcelona Nano Bobcat
"""


def test_the_kernels_and_what_they_need_stay():
    """Those that run on every x86-64 processor are the others."""
    needs = {name: found for name, found in requests.KERNELS.items() if found}
    avx = frozenset({"avx", "osxsave"})
    avx512 = frozenset({"avx512bw", "avx512dq", "avx512f", "avx512vl"})

    assert needs == {
        "Nehalem": frozenset({"sse4_2"}),
        **dict.fromkeys(
            ("Sandybridge", "Bulldozer", "Piledriver", "Steamroller", "Excavator"), avx
        ),
        **dict.fromkeys(("Haswell", "Zen"), avx | {"avx2", "fma"}),
        **dict.fromkeys(("SkylakeX", "Cooperlake", "SapphireRapids"), avx512),
    }
    assert requests.KERNELS.keys() - needs.keys() == set(ANYWHERE.split())


def test_what_chooses_a_variant_of_the_maths_functions_stays():
    """And the groups that every build of NumPy has."""
    assert code_paths.TUNABLES_OF_LIBM == {"FMA": None, "baseline": V2["GLIBC_TUNABLES"]}
    assert code_paths.BASELINE_GROUPS == {"x86_64": "X86_V2", "aarch64": "ASIMD"}
