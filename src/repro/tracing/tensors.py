"""The code paths that PyTorch's libraries have chosen, read back from the loaded libraries."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from typing import Any

# The constants MKL_CBWR_* of mkl_types.h. AUTO is also what MKL answers where it does not know the
# maker of the processor, whatever branch was asked for.
_BRANCHES = {
    1: "OFF", 2: "AUTO", 3: "COMPATIBLE", 4: "SSE2", 6: "SSSE3", 7: "SSE4_1", 8: "SSE4_2",
    9: "AVX", 10: "AVX2", 11: "AVX512_MIC", 12: "AVX512", 13: "AVX512_MIC_E1", 14: "AVX512_E1",
}  # fmt: skip
_ALL = -1
_STRICT = 0x10000


def tensor_paths() -> dict[str, str]:
    """Return what the libraries of PyTorch compute by; nothing if it is not loaded.

    Returns
    -------
    dict of str to str
        ``aten``: the functions of PyTorch itself, such as ``AVX2``. ``mkl``: the branch of MKL,
        ``COMPATIBLE`` being the one of every processor. ``onednn``: the limit that was asked for,
        since oneDNN reports none. ``threads``: of PyTorch's operations.
    """
    torch: Any = sys.modules.get("torch")
    found: dict[str, str] = {}
    with suppress(Exception):
        found["aten"] = str(torch.backends.cpu.get_cpu_capability())
        found["threads"] = str(torch.get_num_threads())
        found["onednn"] = os.environ.get("ONEDNN_MAX_CPU_ISA", "DEFAULT")
        branch = _branch(os.path.join(os.path.dirname(torch.__file__), "lib"))
        if branch is not None:
            found["mkl"] = branch_named(branch)
    return dict(sorted(found.items()))


def nondeterminism() -> str:
    """Return what can change the order of PyTorch's sums from run to run; empty if nothing can.

    That is more than one thread, or a processor for graphics, without
    ``torch.use_deterministic_algorithms``. With one thread on a CPU there is no order to change.
    """
    torch: Any = sys.modules.get("torch")
    with suppress(Exception):
        if torch.are_deterministic_algorithms_enabled():
            return ""
        if torch.cuda.is_initialized():
            return "CUDA"
        if torch.get_num_threads() > 1:
            return f"{torch.get_num_threads()} threads"
    return ""


def branch_named(answer: int) -> str:
    """Return the name of a branch of MKL, as ``MKL_CBWR`` takes it.

    Examples
    --------
    >>> branch_named(3), branch_named(10 | 0x10000)
    ('COMPATIBLE', 'AVX2,STRICT')
    """
    name = _BRANCHES.get(answer & ~_STRICT, str(answer & ~_STRICT))
    return f"{name},STRICT" if answer & _STRICT else name


def _branch(folder: str) -> int | None:
    for name in ("libtorch_cpu.so", "libmkl_rt.so"):
        with suppress(OSError, AttributeError):
            return int(ctypes.CDLL(os.path.join(folder, name)).mkl_serv_cbwr_get(_ALL))
    return None
