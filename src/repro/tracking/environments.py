"""The environment of a program that tracks itself; nothing is imported and no process started."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from repro.core.canonical import typed_digest
from repro.tracking.times import now

# Import name and distribution of what models are made with.
_FRAMEWORKS = {
    "torch": "torch",
    "tensorflow": "tensorflow",
    "jax": "jax",
    "sklearn": "scikit-learn",
    "numpy": "numpy",
    "pandas": "pandas",
    "scipy": "scipy",
    "polars": "polars",
    "lightgbm": "lightgbm",
    "xgboost": "xgboost",
    "catboost": "catboost",
    "transformers": "transformers",
    "datasets": "datasets",
    "tokenizers": "tokenizers",
}
_GPUS = Path("/proc/driver/nvidia/gpus")
_DEVICES = ("/dev/kfd", "/dev/accel", "/dev/neuron0", "/dev/apex_0")


class EnvironmentTracker:
    """Describes the running Python, its packages and its machine."""

    def capture_environment(
        self,
        capture_conda: bool = True,  # noqa: FBT001, FBT002 - the surface that people call
        capture_pip: bool = True,  # noqa: FBT001, FBT002
        capture_system: bool = True,  # noqa: FBT001, FBT002
    ) -> dict[str, Any]:
        """Return the environment.

        Returns
        -------
        dict
            ``timestamp``, ``python_version``, ``python_executable``, ``pip`` (``name==version``
            of every distribution, sorted), ``conda`` (the same, where Python is in a conda
            environment), ``system``, ``ml_frameworks`` and ``environment_checksum``, which the
            time, free memory and free disk do not change.
        """
        found: dict[str, Any] = {
            "python_version": platform.python_version(),
            "python_executable": sys.executable,
        }
        versions = _versions()
        if capture_pip:
            found["pip"] = [f"{name}=={version}" for name, version in versions.values()]
        if capture_conda:
            found["conda"] = _conda()
        if capture_system:
            found["system"] = _system()
        found["ml_frameworks"] = _frameworks(versions)
        checksum = typed_digest("tracked-environment", found, version=1).rpartition(":")[2]
        if capture_system:
            found["system"] |= _free()
        return {"timestamp": now(), **found, "environment_checksum": checksum}


def _versions() -> dict[str, tuple[str, str]]:
    """Return name and version of every distribution, by its lower-case name, sorted."""
    found: dict[str, tuple[str, str]] = {}
    for folder in sys.path:
        with suppress(OSError):
            for name in os.listdir(folder or os.curdir):  # noqa: PTH208 - names are all it needs
                stem, _, suffix = name.rpartition(".")
                known, _, version = stem.partition("-")
                if suffix == "dist-info" and version:
                    found.setdefault(known.lower().replace("_", "-"), (known, version))
    return dict(sorted(found.items()))


def _conda() -> list[str] | None:
    folder = Path(sys.prefix) / "conda-meta"
    if not folder.is_dir():
        return None
    found = []
    for path in sorted(folder.glob("*.json")):
        with suppress(OSError, ValueError, KeyError):
            package = json.loads(path.read_bytes())
            found.append(f"{package['name']}=={package['version']}={package.get('build', '')}")
    return found


def _system() -> dict[str, Any]:
    system, release, machine = platform.system(), platform.release(), platform.machine()
    libc = "".join(platform.libc_ver())
    return {
        # Not platform.platform(), which starts a program.
        "platform": "-".join(filter(None, (system, release, machine, libc))),
        "system": system,
        "release": release,
        "machine": machine,
        "processor": _processor(),
        "cpu_count": os.cpu_count(),
        "python_implementation": platform.python_implementation(),
        "python_compiler": platform.python_compiler(),
        "memory_bytes": _memory("SC_PHYS_PAGES"),
        "disk_bytes": _disk(0),
        "accelerators": _accelerators(),
    }


def _free() -> dict[str, Any]:
    return {"memory_free_bytes": _memory("SC_AVPHYS_PAGES"), "disk_free_bytes": _disk(2)}


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _memory(name: str) -> int | None:
    with suppress(ValueError, OSError, AttributeError):
        return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
    return None


def _disk(part: int) -> int | None:
    with suppress(OSError):
        return shutil.disk_usage(os.curdir)[part]
    return None


def _accelerators() -> list[str]:
    found = []
    with suppress(OSError):
        for folder in sorted(_GPUS.iterdir()):
            lines = (folder / "information").read_text("utf-8", "replace").splitlines()
            model = next((line for line in lines if line.startswith("Model")), "Model: unknown")
            found.append(f"NVIDIA {model.partition(':')[2].strip()}")
    return found + [each for each in _DEVICES if Path(each).exists()]


def _frameworks(versions: dict[str, tuple[str, str]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        name: {"version": versions[owner][1]}
        for name, owner in _FRAMEWORKS.items()
        if owner in versions
    }
    if "torch" in found:
        torch = sys.modules.get("torch")
        # Asking a library that the program has not imported would take seconds.
        found["torch"]["cuda_available"] = torch.cuda.is_available() if torch else None
        found["torch"]["cuda_version"] = torch.version.cuda if torch else None
    return found
