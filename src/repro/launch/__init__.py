"""Fixing the environment before the numeric libraries are loaded.

Some of what decides a result is read once, while a process starts: the hash seed by Python, thread
counts and code paths by the numeric libraries. A determinism *level* names the variables it fixes
and their values, and the code paths that they promise. ``ensure`` restarts the interpreter once,
with the same arguments, where they are not as required; ``in_force`` says why a level does not
hold, and trusts nothing that it can read back. A variable that was inherited never wins over the
level that was asked for, and none that could change a result is let in beside it.

This package must not import NumPy, or anything that is slow to import: it runs first.
"""

from repro.core.variables import KNOWN
from repro.launch.folder import is_for_python, module_command, safe_children, without_folder
from repro.launch.inherited import leaking
from repro.launch.isolation import Isolation, isolate, isolated_command, isolation_of_children
from repro.launch.levels import (
    Level,
    Pins,
    in_force,
    lacking,
    missing,
    overruled,
    pinned,
    unwanted,
)
from repro.launch.requests import cannot_run, misspelt
from repro.launch.restart import EARLY, GUARD, check_processor, dropped, ensure, ensure_early

__all__ = [
    "EARLY",
    "GUARD",
    "KNOWN",
    "Isolation",
    "Level",
    "Pins",
    "cannot_run",
    "check_processor",
    "dropped",
    "ensure",
    "ensure_early",
    "in_force",
    "is_for_python",
    "isolate",
    "isolated_command",
    "isolation_of_children",
    "lacking",
    "leaking",
    "missing",
    "misspelt",
    "module_command",
    "overruled",
    "pinned",
    "safe_children",
    "unwanted",
    "without_folder",
]
