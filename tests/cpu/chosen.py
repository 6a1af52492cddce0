"""Print, as JSON, which code paths NumPy, OpenBLAS and glibc have chosen in this process."""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import subprocess
import sys
import threading


def chosen() -> dict[str, object]:
    # Imported here, since it is the thread or child importing them for which they choose.
    import numpy as np  # noqa: PLC0415
    import scipy.linalg  # noqa: F401, PLC0415  # loads SciPy's own copy of OpenBLAS
    import threadpoolctl  # noqa: PLC0415

    libraries = threadpoolctl.threadpool_info()
    info = np.lib.introspect.opt_func_info("^exp$", "float64")
    return {
        "simd": np.show_config(mode="dicts")["SIMD Extensions"].get("found", []),
        "exp": info["exp"]["dd"]["current"],
        "blas": [lib["architecture"] for lib in libraries if lib["internal_api"] == "openblas"],
        "libm": libm(),
    }


def libm() -> list[str]:
    """Return those features, of the two that libm asks for, that glibc has in use."""
    # A leaf is what CPUID answers and then what is in use: two times EAX, EBX, ECX and EDX.
    leaf = ctypes.CDLL(None).__x86_get_cpuid_feature_leaf
    leaf.restype = ctypes.POINTER(ctypes.c_uint32 * 8)
    fma = leaf(0).contents[6] >> 12 & 1
    avx2 = leaf(1).contents[5] >> 5 & 1
    return ["FMA"] * fma + ["AVX2"] * avx2


def show() -> None:
    print(json.dumps(chosen()), flush=True)


def show_in(where: str) -> None:
    """Show it from a thread, a child made one way or another, or after becoming a new program."""
    if where == "thread":
        thread = threading.Thread(target=show)
        thread.start()
        thread.join()
    elif where in {"fork", "spawn", "forkserver"}:
        multiprocessing.set_start_method(where)
        child = multiprocessing.Process(target=show)
        child.start()
        child.join()
    elif where == "subprocess":
        subprocess.run([sys.executable, __file__], check=True)
    elif where == "exec":
        os.execv(sys.executable, [sys.executable, __file__])
    else:
        show()


if __name__ == "__main__":
    show_in(*sys.argv[1:] or ["here"])
