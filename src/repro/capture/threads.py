"""The environment variables that decide numbers of threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = (
    "BLIS_IC_NT",
    "BLIS_IR_NT",
    "BLIS_JC_NT",
    "BLIS_JR_NT",
    "BLIS_NUM_THREADS",
    "BLIS_PC_NT",
    "GOTO_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
    "MKL_DOMAIN_NUM_THREADS",
    "MKL_DYNAMIC",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_DYNAMIC",
    "OMP_NUM_THREADS",
    "OMP_SCHEDULE",
    "OMP_THREAD_LIMIT",
    "OPENBLAS_DEFAULT_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def observe_threads(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are set; what came of them is in the native libraries.

    Examples
    --------
    >>> observe_threads({"OMP_NUM_THREADS": "1", "HOME": "/"})
    {'OMP_NUM_THREADS': '1'}
    """
    return {name: environ[name] for name in VARIABLES if name in environ}
