"""The environment variables that decide what numeric libraries compute: one table of them.

What a level fixes, what a record notes and what is known by name all derive from it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

HASH_SEED = "PYTHONHASHSEED"
CORETYPE = "OPENBLAS_CORETYPE"
ENABLE = "NPY_ENABLE_CPU_FEATURES"
DISABLE = "NPY_DISABLE_CPU_FEATURES"
TUNABLES = "GLIBC_TUNABLES"
# PyTorch computes by three dispatchers, and by MKL as other libraries do.
ATEN = "ATEN_CPU_CAPABILITY"
ONEDNN = "ONEDNN_MAX_CPU_ISA"
MKL = "MKL_CBWR"

# Variables of these libraries decide threads, code paths, blocking and options of algorithms. A
# prefix, rather than names, keeps out those that a later version of a library will read.
FAMILIES = (
    "ATEN_", "BLIS_", "DNNL_", "GOMP_", "GOTO_", "KMP_", "LIBOMP_", "MKL_", "NPY_", "NUMBA_",
    "NUMEXPR_", "OMP_", "ONEDNN_", "OPENBLAS_", "SCIPY_", "SKLEARN_", "VECLIB_",
)  # fmt: skip

# The dynamic loader and the C library: other code in place of the libraries', or other variants.
_LOADS_CODE = ("DYLD_INSERT_LIBRARIES", "LD_AUDIT", "LD_PRELOAD")
LOADER = (*_LOADS_CODE, TUNABLES)


class Variable(NamedTuple):
    """One variable.

    Attributes
    ----------
    strict : str or None
        The value that every level but seeded fixes.
    recorded : {"threads", "code paths", "tensors"} or None
        The part of an environment that notes it; tensors only where a library of them is loaded.
    read_back : bool
        Whether its effect is read back, so that its value need not be in the environment key.
    harmless : bool
        Whether it computes nothing, although it belongs to one of the families.
    """

    name: str
    strict: str | None = None
    recorded: Literal["threads", "code paths", "tensors"] | None = None
    read_back: bool = False
    harmless: bool = False

    @property
    def can_leak(self) -> bool:
        """True if an inherited value can change what numeric libraries compute."""
        return can_leak(self.name)


def _fixed(name: str, value: str = "1") -> Variable:
    return Variable(name, strict=value, recorded="threads")


def _threads(name: str) -> Variable:
    return Variable(name, recorded="threads")


def _paths(name: str, *, read_back: bool = False) -> Variable:
    return Variable(name, recorded="code paths", read_back=read_back)


_TABLE = (
    Variable(HASH_SEED, strict="0"),
    # OpenMP, which scikit-learn uses whatever n_jobs says; MKL, BLIS and Arrow fall back to it.
    _fixed("OMP_NUM_THREADS"),
    # OpenBLAS, and its older name, which OpenBLAS still reads.
    _fixed("OPENBLAS_NUM_THREADS"),
    _fixed("GOTO_NUM_THREADS"),
    # MKL takes the count of a domain, where one is set, over the general one.
    _fixed("MKL_NUM_THREADS"),
    _fixed("MKL_DOMAIN_NUM_THREADS", "MKL_DOMAIN_ALL=1"),
    # BLIS takes the counts of its loops, where any is set, over the general one.
    _fixed("BLIS_NUM_THREADS"),
    _fixed("BLIS_JC_NT"),
    _fixed("BLIS_PC_NT"),
    _fixed("BLIS_IC_NT"),
    _fixed("BLIS_JR_NT"),
    _fixed("BLIS_IR_NT"),
    # Apple's Accelerate, and the compilers of expressions and of functions.
    _fixed("VECLIB_MAXIMUM_THREADS"),
    _fixed("NUMEXPR_NUM_THREADS"),
    _fixed("NUMBA_NUM_THREADS"),
    # The workspace of cuBLAS: with any other one, sums on a GPU differ from run to run.
    Variable("CUBLAS_WORKSPACE_CONFIG", strict=":4096:8", recorded="tensors"),
    # TensorFlow's choice of convolutions on a GPU. Its TF_DETERMINISTIC_OPS is left to the script:
    # it ends programs that draw without a seed or use an operation without a deterministic form.
    Variable("TF_CUDNN_DETERMINISTIC", strict="1", recorded="tensors"),
    # Other counts, and what libraries may do with them.
    _threads("LOKY_MAX_CPU_COUNT"),
    _threads("MKL_DYNAMIC"),
    _threads("NUMEXPR_MAX_THREADS"),
    _threads("OMP_DYNAMIC"),
    _threads("OMP_SCHEDULE"),
    _threads("OMP_THREAD_LIMIT"),
    _threads("OPENBLAS_DEFAULT_NUM_THREADS"),
    # Code paths. What the first three ask for is read back, as the kernel of a library and the
    # targets of functions.
    _paths(CORETYPE, read_back=True),
    _paths(ENABLE, read_back=True),
    _paths(DISABLE, read_back=True),
    _paths(TUNABLES),
    *(Variable(name, recorded="tensors") for name in (ATEN, MKL, ONEDNN)),
    _paths("MKL_ENABLE_INSTRUCTIONS"),
    _paths("OPENBLAS_BLOCK_FACTOR"),
    _paths("OPENBLAS_L2_SIZE"),
    # Set by scikit-learn itself while it is imported; they guard against crashes.
    Variable("KMP_DUPLICATE_LIB_OK", harmless=True),
    Variable("KMP_INIT_AT_FORK", harmless=True),
    *map(Variable, _LOADS_CODE),
    # Known by name only.
    *map(Variable, (
        "BLIS_ARCH_TYPE", "BLIS_THREAD_IMPL", "DNNL_DEFAULT_FPMATH_MODE", "DNNL_MAX_CPU_ISA",
        "DNNL_PRIMITIVE_CACHE_CAPACITY", "DNNL_VERBOSE", "GOMP_CPU_AFFINITY", "GOMP_SPINCOUNT",
        "GOMP_STACKSIZE", "KMP_AFFINITY", "KMP_BLOCKTIME", "KMP_SETTINGS", "KMP_STACKSIZE",
        "ONEDNN_DEFAULT_FPMATH_MODE", "ONEDNN_PRIMITIVE_CACHE_CAPACITY", "ONEDNN_VERBOSE",
        "MKL_DEBUG_CPU_TYPE", "MKL_INTERFACE_LAYER", "MKL_THREADING_LAYER", "MKL_VERBOSE",
        "NPY_PROMOTION_STATE", "NUMBA_THREADING_LAYER", "OMP_DISPLAY_ENV",
        "OMP_MAX_ACTIVE_LEVELS", "OMP_NESTED", "OMP_PLACES", "OMP_PROC_BIND", "OMP_STACKSIZE",
        "OMP_WAIT_POLICY", "OPENBLAS_MAIN_FREE", "OPENBLAS_THREAD_TIMEOUT", "OPENBLAS_VERBOSE",
        "SCIPY_ARRAY_API", "SCIPY_DEVICE", "SKLEARN_ASSUME_FINITE",
        "SKLEARN_ENABLE_METADATA_ROUTING", "SKLEARN_PAIRWISE_DIST_CHUNK_SIZE", "SKLEARN_SEED",
        "SKLEARN_SKIP_NETWORK_TESTS", "SKLEARN_WORKING_MEMORY",
    )),
)  # fmt: skip
_HARMLESS = frozenset(each.name for each in _TABLE if each.harmless)
# Of no family: those of CUDA and TensorFlow have many variables that compute nothing.
_ALONE = frozenset({*LOADER, "CUBLAS_WORKSPACE_CONFIG", "TF_CUDNN_DETERMINISTIC"})


def can_leak(name: str) -> bool:
    """Return whether an inherited variable of this name can change what libraries compute.

    Examples
    --------
    >>> [can_leak(name) for name in ("OPENBLAS_NEW_SWITCH", "LD_PRELOAD", "KMP_INIT_AT_FORK")]
    [True, True, False]
    """
    return name in _ALONE or (name.startswith(FAMILIES) and name not in _HARMLESS)


# Names that can leak and that are no slip. An unknown one may be newer than the table.
KNOWN = frozenset(each.name for each in _TABLE if each.can_leak)
# In the order in which they are printed for a shell.
FIXED = {each.name: each.strict for each in _TABLE if each.strict is not None}
# Both sorted, since records list them in this order.
THREADS = tuple(sorted(each.name for each in _TABLE if each.recorded == "threads"))
DISPATCH = tuple(sorted(each.name for each in _TABLE if each.recorded == "code paths"))
TENSORS = tuple(sorted(each.name for each in _TABLE if each.recorded == "tensors"))
READ_BACK = frozenset(each.name for each in _TABLE if each.read_back)
