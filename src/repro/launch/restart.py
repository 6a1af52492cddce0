"""Restarting the interpreter once, with the environment that a level requires."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError
from repro.launch.levels import HASH_SEED, Level, in_force, missing

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from typing import NoReturn

GUARD = "REPRO_LAUNCHED"


def ensure(level: Level, *, environ: MutableMapping[str, str] = os.environ) -> None:
    """Return if the level is in force; otherwise restart the interpreter so that it is.

    The new interpreter gets the same arguments and flags, the variables of the level, and the rest
    of the environment as it was; the caller's code then runs from its beginning. Call it first of
    all: what was done before is lost, except for what was written.

    Raises
    ------
    PreconditionError
        If the level can no longer be reached from here: NumPy is loaded, Python ignores its
        variables (``-E``, ``-I``), the program cannot be started again, or a restart did not help.
    SystemExit
        On Windows, with the status of the interpreter that ran in place of this one.
    """
    restarted = _take_guard(level, environ)
    reasons = in_force(level, environ)
    if not reasons:
        return
    advice = _by_hand(level, environ)
    obstacle = _obstacle(level, restarted=restarted)
    if obstacle:
        found = "; ".join(reasons)
        raise PreconditionError(
            f"determinism level '{level}' is not in force: {found}; {obstacle}", advice=advice
        )
    try:
        _restart({**environ, **level.variables, GUARD: _guard(level)})
    except OSError as error:
        raise PreconditionError(
            f"could not restart '{sys.executable}': {error.strerror}", advice=advice
        ) from error


def _guard(level: Level) -> str:
    # A process keeps its number when it is replaced, and no child has it: a guard that a child
    # inherited does not count. On Windows the new interpreter is a child, with its own number.
    return str(level) if os.name == "nt" else f"{level}:{os.getpid()}"


def _take_guard(level: Level, environ: MutableMapping[str, str]) -> bool:
    # The guard of another level stays, for the call that asks for that level.
    if environ.get(GUARD) != _guard(level):
        return False
    del environ[GUARD]
    return True


def _obstacle(level: Level, *, restarted: bool) -> str:
    if restarted:
        return "Python was restarted once and something sets them back (a sitecustomize, or -R)"
    if HASH_SEED in level.variables and sys.flags.ignore_environment:
        return f"Python was started with -E or -I, which ignore {HASH_SEED}"
    if "numpy" in sys.modules:
        return "NumPy is imported already, and it is too late to restart Python"
    if hasattr(sys, "ps1") or "ipykernel" in sys.modules:
        return "an interactive session cannot be restarted"
    if sys.argv[:1] in ([""], ["-"]):
        return "a program read from standard input cannot be started again"
    return "" if sys.executable else "the interpreter does not know its own path"


def _by_hand(level: Level, environ: Mapping[str, str]) -> str:
    needed = missing(level, environ) or {HASH_SEED: level.variables[HASH_SEED]}
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in needed.items())
    return (
        "call repro.launch.ensure before anything imports NumPy, without -E, -I and -R, "
        f"or set before Python starts: {settings}"
    )


def _restart(environ: dict[str, str]) -> NoReturn:
    # The path of this interpreter, rather than the word it was called by, keeps a virtual
    # environment; the rest, as given, keeps flags, -m and -c.
    command = [sys.executable, *sys.orig_argv[1:]]
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    if os.name == "nt":
        # There, exec returns to the shell at once and leaves the new process in the background.
        raise SystemExit(_run_child(command, environ))
    os.execve(command[0], command, environ)  # noqa: S606 - no shell is wanted


def _run_child(command: list[str], environ: dict[str, str]) -> int:
    import subprocess  # noqa: PLC0415 - slow to import, and needed on Windows alone

    with subprocess.Popen(command, env=environ) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                # The console sends Ctrl-C to the child too; how to end is the child's to decide.
                continue
