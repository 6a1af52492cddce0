"""The start of tracing in a process, before the program begins."""

from __future__ import annotations

import atexit
import importlib
import json
import os
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from repro.tracing import calls, classes
from repro.tracing.adapters import ADAPTERS, GENERATORS
from repro.tracing.calls import Calls
from repro.tracing.files import Files
from repro.tracing.imports import Watcher
from repro.tracing.places import Places
from repro.tracing.recorder import Recorder
from repro.tracing.tensor_probes import SCHEME, tensor_results
from repro.tracing.tensors import nondeterminism, tensor_paths
from repro.tracing.trace import Trace
from repro.tracing.values import Digests
from repro.tracing.variables import watch_variables

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

NAMED = "REPRO_TRACE_NAMED"
"""Variable that, if set, limits a trace to what the program names itself, by ``repro.tracking``."""

ROOT, FOLDER, OTHERS = "REPRO_TRACE_ROOT", "REPRO_TRACE", "REPRO_TRACE_ADAPTERS"


def start(folder: str) -> None:
    """Trace this process and its forks.

    Parameters
    ----------
    folder : str
        Folder of the traces. Environment variables have the working folder (``REPRO_TRACE_ROOT``)
        and the adapters of other distributions (``REPRO_TRACE_ADAPTERS``: module to function).
    """
    trace = Trace(folder)
    places = Places(os.environ.get(ROOT) or os.getcwd(), folder)
    files = Files(trace, places)
    digests = Digests(places)
    active = Calls(trace, places, digests)
    active.readers = files.note_read
    files.aside = active.is_aside
    if _is_child():
        active.in_child()
    recorder = Recorder(trace, places, files, digests)
    trace.write("begin")
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=partial(_forked, active))
    calls.ACTIVE = active
    named = bool(os.environ.get(NAMED))
    if not named:
        classes.watch_classes()
    adapters = GENERATORS if named else _adapters()
    watched: dict[str, Callable[[ModuleType], None]] = {
        name: partial(_adapt, path, recorder) for name, path in adapters.items()
    }
    Watcher(watched, lambda reason: trace.write("lost", what=reason)).install()
    atexit.register(_ended, trace, active)
    # Last, so that files that this package opens are not recorded as inputs.
    if not named:
        watch_variables(partial(_read, trace, places))
        files.watch()


def _read(trace: Trace, places: Places, file: str, name: str, digest: str) -> None:
    if places.code(file) is not None:
        trace.write("variable", name=name, digest=digest)


def _adapters() -> dict[str, str]:
    others = json.loads(os.environ.get(OTHERS) or "{}")
    return {**others, **ADAPTERS}


def _adapt(path: str, recorder: Recorder, module: ModuleType) -> None:
    name, _, function = path.partition(":")
    getattr(importlib.import_module(name), function)(module, recorder)


def _is_child() -> bool:
    """Return whether this process is a pool worker of a traced Python."""
    parent: Any = os.environ.get("REPRO_TRACE_PROCESS")
    os.environ["REPRO_TRACE_PROCESS"] = str(os.getpid())
    words = " ".join(getattr(sys, "orig_argv", sys.argv))
    # Not every child: a second script that a program starts has an order of its own.
    return parent is not None and any(word in words for word in _WORKERS)


_WORKERS = ("multiprocessing", "loky")


def _forked(active: Calls) -> None:
    active.in_child()


def _ended(trace: Trace, active: Calls) -> None:
    active.write_series()
    free = nondeterminism()
    trace.write("end", modules=loaded_modules(), tensors=tensor_paths(), nondeterminism=free)
    # After the end is written: PyTorch computes, and the interpreter may lack what digests need.
    with suppress(Exception):
        if results := tensor_results():
            trace.write("tensor results", scheme=SCHEME, groups=results)


def loaded_modules() -> dict[str, str]:
    """Return the file of every loaded top-level module, by its name."""
    return {
        name: file
        for name, module in [*sys.modules.items()]
        if isinstance(file := getattr(module, "__file__", None), str)
        and "." not in name
        and not name.startswith("_")
    }
