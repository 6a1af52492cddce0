"""The whole environment, from its parts."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from repro.capture.container import observe_container
from repro.capture.cpu import observe_cpu
from repro.capture.git import observe_git
from repro.capture.interpreter import (
    observe_hash_seed,
    observe_interpreter,
    observe_locale,
    observe_platform,
)
from repro.capture.native import load_libraries, observe_code_paths, observe_native
from repro.capture.packages import (
    observe_packages,
    observe_runtime,
    observe_working_trees,
)
from repro.capture.threads import observe_threads
from repro.core.bits import class_of_bits
from repro.core.environment import Environment, Host

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCK = "requirements.txt"


def capture_environment(
    project: Path, level: str, dropped: Mapping[str, str] = MappingProxyType({})
) -> Environment:
    """Observe the environment of this process, and the git state of a project.

    NumPy, SciPy's linear algebra and scikit-learn are imported first, so that every native library
    they bring is loaded and can be asked.

    Parameters
    ----------
    project : Path
        Folder of the project.
    level : str
        The determinism level that was asked for; it is recorded, not checked.
    dropped : Mapping of str to str
        The inherited variables that the level kept out.
    """
    load_libraries()
    native, code_paths, system = (
        observe_native(),
        observe_code_paths(os.environ),
        observe_platform(),
    )
    return Environment(
        level=level,
        interpreter=observe_interpreter(),
        platform=system,
        packages=observe_packages(),
        runtime=observe_runtime(),
        working_trees=observe_working_trees(),
        lock=lock_digest(project),
        native=native,
        code_paths=code_paths,
        threads=observe_threads(os.environ),
        hash_seed=observe_hash_seed(os.environ),
        cpu=observe_cpu(),
        locale=observe_locale(os.environ),
        container=observe_container(os.environ),
        git=observe_git(project),
        bits=class_of_bits(native, code_paths, system),
        dropped=dict(dropped),
    )


def capture_host() -> Host:
    """Observe what differs from machine to machine by nature."""
    return Host(
        hostname=platform.node(),
        executable=sys.executable or "",
        cwd=str(Path.cwd()),
        kernel=platform.release(),
    )


def lock_digest(project: Path) -> str | None:
    """Return the SHA-256 of a project's lock of packages; None without one."""
    lock = project / LOCK
    return hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None
