"""A fresh process reads itself back, as one line of JSON: ``python -m repro.execution.probe``.

The doctor examines a process that was started as the caller starts Python, and one that was started
at a level, without becoming either: both run this module.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import threadpoolctl

from repro.capture import capture_environment, ignored_requests
from repro.capture.distributions import Inventory
from repro.capture.libraries import observe_libraries
from repro.capture.modules import STARTERS, loaded_modules, start_files
from repro.core.environment import Environment
from repro.core.model import Record
from repro.launch import Level, in_force


class Probe(Record):
    """The values read back from one process.

    Attributes
    ----------
    reasons : tuple of str
        Reasons for the level not being in force, from the interpreter and its variables.
    ignored_requests : tuple of str
        What the variables asked for and the libraries passed over.
    runtimes : tuple of str
        The kind of every OpenMP runtime that is loaded, such as ``libgomp``; copies count.
    started : tuple of str
        The files that no package provides and that Python ran when it started, without folders.
    system_gomp : bool or None
        Whether the system has a ``libgomp.so.1``; None where programs do not look for one.
    """

    environment: Environment
    reasons: tuple[str, ...]
    ignored_requests: tuple[str, ...]
    runtimes: tuple[str, ...]
    started: tuple[str, ...]
    system_gomp: bool | None


def observe(project: Path, level: str) -> Probe:
    """Load NumPy, SciPy and scikit-learn in this process, and read back what they do."""
    environment = capture_environment(project, level)
    inventory = Inventory(environment.runtime)
    libraries = observe_libraries(inventory.vouches_for) or None
    environment = environment.model_copy(update={"libraries": libraries})
    loaded = threadpoolctl.threadpool_info()
    return Probe(
        environment=environment,
        reasons=in_force(Level(level)),
        ignored_requests=ignored_requests(os.environ),
        runtimes=tuple(sorted(each["prefix"] for each in loaded if each["user_api"] == "openmp")),
        started=_started(inventory),
        # Last, since asking loads it.
        system_gomp=_has_gomp() if sys.platform == "linux" else None,
    )


def _started(inventory: Inventory) -> tuple[str, ...]:
    modules = loaded_modules()
    files = [*(modules[name] for name in STARTERS if name in modules), *start_files()]
    return tuple(Path(file).name for file in files if not inventory.vouches_for(file))


def _has_gomp() -> bool:
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        return False
    return True


def main(arguments: list[str]) -> None:
    """Write what was read back; bytes, since an encoding is part of what is examined."""
    project, level = arguments
    sys.stdout.buffer.write(observe(Path(project), level).model_dump_json().encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
