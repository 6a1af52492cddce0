"""The native libraries as they are loaded, and the code paths that they chose."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import threadpoolctl

from repro.core.canonical import tagged_digest
from repro.core.environment import CodePaths, NativeLibrary
from repro.core.variables import DISPATCH, TENSORS
from repro.processor import libm_variant

if TYPE_CHECKING:
    from collections.abc import Mapping

# SciPy brings an OpenBLAS of its own beside NumPy's, and scikit-learn an OpenMP.
_LOADERS = ("numpy", "scipy.linalg", "sklearn")

_SUFFIX = re.compile(r"\.(so|dylib|dll)\b.*$")
_WHEEL_HASH = re.compile(r"-[0-9a-f]{8,}$")


def load_libraries() -> None:
    """Import what brings native libraries, so that they can be asked."""
    for name in _LOADERS:
        importlib.import_module(name)


def observe_native() -> tuple[NativeLibrary, ...]:
    """Return the numeric libraries of this process, sorted; equal copies count once.

    Names are without the hash and the suffix that packaging adds. So a second copy of the same
    OpenMP, which a different package brings, does not make a different environment.
    """
    libraries = {_native_library(found) for found in threadpoolctl.threadpool_info()}
    return tuple(sorted(libraries, key=repr))


def observe_code_paths(environ: Mapping[str, str]) -> CodePaths:
    """Return the code paths of NumPy and libm, and the variables that steer those of any."""
    numpy = importlib.import_module("numpy")
    introspect = importlib.import_module("numpy.lib.introspect")
    groups = numpy.show_config(mode="dicts").get("SIMD Extensions", {})
    functions = _targets(introspect.opt_func_info())
    blas = numpy.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    tensors = "torch" in sys.modules or "mkl" in str(blas.get("name", "")).lower()
    names = {*DISPATCH, *(TENSORS if tensors else ())}
    return CodePaths(
        baseline=tuple(groups.get("baseline", ())),
        enabled=tuple(groups.get("found", ())),
        targets=tuple(sorted({target for each in functions.values() for target in each.values()})),
        functions=tagged_digest("numpy-targets", functions),
        variables={name: environ[name] for name in sorted(names) if name in environ},
        libm=libm_variant(),
    )


def _targets(info: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[str, dict[str, str]]:
    return {
        function: {signature: chosen["current"] for signature, chosen in signatures.items()}
        for function, signatures in info.items()
    }


def _native_library(found: Mapping[str, Any]) -> NativeLibrary:
    return NativeLibrary(
        user_api=found["user_api"],
        internal_api=found["internal_api"],
        name=library_name(found["filepath"]),
        version=found.get("version"),
        architecture=found.get("architecture"),
        threading_layer=found.get("threading_layer"),
        num_threads=found["num_threads"],
    )


def library_name(path: str) -> str:
    """Return the name of a shared library, without folder, suffix and the hash of a wheel.

    Examples
    --------
    >>> library_name("/site-packages/scikit_learn.libs/libgomp-e985bcbb.so.1.0.0")
    'libgomp'
    >>> library_name("/usr/lib/libopenblas.so.0")
    'libopenblas'
    """
    return _WHEEL_HASH.sub("", _SUFFIX.sub("", PurePath(path).name))
