"""Inherited environment variables that can change what numeric libraries compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Variables of these libraries decide threads, code paths, blocking and options of algorithms. A
# prefix, rather than names, keeps out those that a later version of a library will read.
FAMILIES = (
    "BLIS_", "GOMP_", "GOTO_", "KMP_", "LIBOMP_", "MKL_", "NPY_", "NUMBA_", "NUMEXPR_", "OMP_",
    "OPENBLAS_", "SCIPY_", "SKLEARN_", "VECLIB_",
)  # fmt: skip

# The dynamic loader and the C library: other code in place of the libraries', or other variants.
LOADS_CODE = ("DYLD_INSERT_LIBRARIES", "LD_AUDIT", "LD_PRELOAD")
LOADER = (*LOADS_CODE, "GLIBC_TUNABLES")

# Set by scikit-learn itself while it is imported; they guard against crashes and compute nothing.
_HARMLESS = frozenset({"KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"})

# What is known of these families. An unknown name may be a slip, or newer than this list.
KNOWN = frozenset({
    *LOADER,
    "BLIS_ARCH_TYPE", "BLIS_IC_NT", "BLIS_IR_NT", "BLIS_JC_NT", "BLIS_JR_NT", "BLIS_NUM_THREADS",
    "BLIS_PC_NT", "BLIS_THREAD_IMPL", "GOMP_CPU_AFFINITY", "GOMP_SPINCOUNT", "GOMP_STACKSIZE",
    "GOTO_NUM_THREADS", "KMP_AFFINITY", "KMP_BLOCKTIME", "KMP_SETTINGS", "KMP_STACKSIZE",
    "MKL_CBWR", "MKL_DEBUG_CPU_TYPE", "MKL_DOMAIN_NUM_THREADS", "MKL_DYNAMIC",
    "MKL_ENABLE_INSTRUCTIONS", "MKL_INTERFACE_LAYER", "MKL_NUM_THREADS", "MKL_THREADING_LAYER",
    "MKL_VERBOSE", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES",
    "NPY_PROMOTION_STATE", "NUMBA_NUM_THREADS", "NUMBA_THREADING_LAYER",
    "NUMEXPR_MAX_THREADS", "NUMEXPR_NUM_THREADS", "OMP_DISPLAY_ENV", "OMP_DYNAMIC",
    "OMP_MAX_ACTIVE_LEVELS", "OMP_NESTED", "OMP_NUM_THREADS", "OMP_PLACES", "OMP_PROC_BIND",
    "OMP_SCHEDULE", "OMP_STACKSIZE", "OMP_THREAD_LIMIT", "OMP_WAIT_POLICY",
    "OPENBLAS_BLOCK_FACTOR", "OPENBLAS_CORETYPE", "OPENBLAS_DEFAULT_NUM_THREADS",
    "OPENBLAS_L2_SIZE", "OPENBLAS_MAIN_FREE", "OPENBLAS_NUM_THREADS", "OPENBLAS_THREAD_TIMEOUT",
    "OPENBLAS_VERBOSE", "SCIPY_ARRAY_API", "SCIPY_DEVICE", "SKLEARN_ASSUME_FINITE",
    "SKLEARN_ENABLE_METADATA_ROUTING", "SKLEARN_PAIRWISE_DIST_CHUNK_SIZE", "SKLEARN_SEED",
    "SKLEARN_SKIP_NETWORK_TESTS", "SKLEARN_WORKING_MEMORY", "VECLIB_MAXIMUM_THREADS",
})  # fmt: skip


def leaking(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are set and can change what numeric libraries compute, sorted.

    Examples
    --------
    >>> leaking({"OPENBLAS_CORETYPE": "Prescott", "LD_PRELOAD": "/a/b.so", "HOME": "/"})
    {'LD_PRELOAD': '/a/b.so', 'OPENBLAS_CORETYPE': 'Prescott'}
    """
    return {name: environ[name] for name in sorted(environ) if _can_leak(name)}


def _can_leak(name: str) -> bool:
    return name in LOADER or (name.startswith(FAMILIES) and name not in _HARMLESS)
