"""Restarting the interpreter once, with the environment that a level requires."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError
from repro.core.variables import HASH_SEED
from repro.launch.levels import (
    Level,
    in_force,
    lacking,
    missing,
    overruled,
    pinned,
    unwanted,
)
from repro.launch.requests import refuse_what_cannot_run

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from typing import NoReturn

GUARD = "REPRO_LAUNCHED"
_DROPPED = "REPRO_DROPPED"
EARLY = "REPRO_EARLY"
_dropped: dict[str, str] = {}


def dropped() -> dict[str, str]:
    """Return the inherited variables that the restart of this process overruled, as they were.

    Paths are without their folders.
    """
    return dict(_dropped)


def ensure(level: Level, *, environ: MutableMapping[str, str] = os.environ) -> None:
    """Return if the level is in force; otherwise restart the interpreter so that it is.

    The new interpreter gets the same arguments and flags, the variables of the level, and the rest
    of the environment as it was; the caller's code then runs from its beginning. Call it first of
    all: what was done before is lost, except for what was written.

    Raises
    ------
    PreconditionError
        If the processor lacks what the level needs, or would not survive what was asked of it; or
        if the level can no longer be reached: NumPy is loaded, Python ignores its
        variables (``-E``, ``-I``), the program cannot be started again, or a restart did not help.
    SystemExit
        On Windows, with the status of the interpreter that ran in place of this one.
    """
    too_early = _take_back(level, environ)
    restarted = _take_guard(level, environ)
    check_processor(level)
    reasons = in_force(level, environ)
    if not level.keeps_out:
        refuse_what_cannot_run(environ)
    if not reasons and not too_early:
        return
    advice = _by_hand(level, environ)
    obstacle = _obstacle(level, restarted=restarted)
    if obstacle:
        found = "; ".join(reasons)
        raise PreconditionError(
            f"determinism level '{level}' is not in force: {found}; {obstacle}", advice=advice
        )
    try:
        _restart(_launched(level, environ))
    except OSError as error:
        raise PreconditionError(
            f"could not restart '{sys.executable}': {error.strerror}", advice=advice
        ) from error


def ensure_early(likely: Level, *, environ: MutableMapping[str, str] = os.environ) -> None:
    """Restart at a likely level before it is known for certain, or do nothing.

    What decides on the level may be slow to read, and would be read twice. Call ``ensure`` with the
    level once it is known: at a different one it restarts with the environment as it was before.
    Until then no process may be started, since it would inherit the likely level.
    """
    if (
        _is_launched(environ)
        or lacking(likely)
        or not in_force(likely, environ)
        or _obstacle(likely, restarted=False)
    ):
        return
    after = _launched(likely, environ)
    names = {*environ, *after} - {GUARD, _DROPPED}
    before = {name: environ.get(name) for name in names if environ.get(name) != after.get(name)}
    import json  # noqa: PLC0415 - needed where there is a restart alone

    # What hinders it, `ensure` says.
    with contextlib.suppress(OSError):
        _restart({**after, EARLY: json.dumps(before)})


def check_processor(level: Level) -> None:
    """Refuse a level whose code this processor cannot run.

    Raises
    ------
    PreconditionError
        With the level that would work.
    """
    absent = lacking(level)
    if not absent:
        return
    instead = Level.PORTABLE_V2 if not lacking(Level.PORTABLE_V2) else Level.STRICT
    needs = level.pins.bits if level.pins else ""
    raise PreconditionError(
        f"determinism level '{level}' needs a processor of {needs}; this one lacks"
        f" {', '.join(absent)}",
        advice=f"use a level that it can run: --level {instead}",
    )


def _launched(level: Level, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the interpreter that a restart starts."""
    return {
        **pinned(level, environ),
        GUARD: _guard(level),
        _DROPPED: _dropped_as_text(level, environ),
    }


def _take_back(level: Level, environ: MutableMapping[str, str]) -> bool:
    """Return whether this process was restarted early, at a level that is not the right one.

    The environment is then as it was before that restart.
    """
    before = _read(environ.pop(EARLY, "{}"))
    if not before or not _is_launched(environ) or environ[GUARD] == _guard(level):
        return False
    del environ[GUARD]
    environ.pop(_DROPPED, None)
    for name, value in before.items():
        if value is None:
            environ.pop(name, None)
        else:
            environ[name] = str(value)
    return True


def _dropped_as_text(level: Level, environ: Mapping[str, str]) -> str:
    import json  # noqa: PLC0415 - needed where there is a restart alone

    return json.dumps(
        {
            # A record may be handed over: it holds no folder of a machine, and text alone.
            _text(name): _text(re.sub(_FOLDERS, "", value))
            for name, value in overruled(level, environ).items()
        }
    )


def _remember(text: str) -> None:
    _dropped.update({name: str(value) for name, value in _read(text).items()})


def _read(text: str) -> dict[str, object]:
    """Read what the process before the restart has left; nothing, if it is damaged."""
    if text == "{}":
        return {}
    import json  # noqa: PLC0415 - needed after a restart alone

    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


_FOLDERS = r"[^\s;,=]*[/\\]" if os.name == "nt" else r"[^\s:;,=]*/"


def _text(value: str) -> str:
    # Bytes of an environment that are not UTF-8 become surrogates, which no file can hold.
    return value.encode("utf-8", "backslashreplace").decode()


def _guard(level: Level) -> str:
    # A process keeps its number when it is replaced, and no child has it: a guard that a child
    # inherited does not count. On Windows the new interpreter is a child, with its own number.
    return str(level) if os.name == "nt" else f"{level}:{os.getpid()}"


def _is_launched(environ: Mapping[str, str]) -> bool:
    """Return whether this process was restarted, for any level, and nothing has asked yet."""
    return environ.get(GUARD, "") in {_guard(level) for level in Level}


def _take_guard(level: Level, environ: MutableMapping[str, str]) -> bool:
    # The guard of a different level stays, for the call that asks for that level.
    if environ.get(GUARD) != _guard(level):
        return False
    del environ[GUARD]
    _remember(environ.pop(_DROPPED, "{}"))
    return True


def _obstacle(level: Level, *, restarted: bool) -> str:
    if restarted:
        return "Python was restarted once and something resets them (a sitecustomize, or -R)"
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
    seed = {name: value for name, value in level.variables.items() if name == HASH_SEED}
    needed = missing(level, environ) or seed
    settings = [f"{name}={shlex.quote(value)}" for name, value in needed.items()]
    removals = [f"-u {name}" for name in unwanted(level, environ)]
    return (
        "call repro.launch.ensure before anything imports NumPy, without -E, -I and -R, "
        f"or start Python by: {' '.join(['env', *removals, *settings])}"
    )


def _restart(environ: dict[str, str]) -> NoReturn:
    # The path of this interpreter, rather than the word it was called by, keeps a virtual
    # environment; the rest, as given, keeps flags, -m and -c.
    main = sys.modules.get("__main__")
    safe = ["-P"] if getattr(main, "LEFT_FOLDER", False) else []
    command = [sys.executable, *safe, *sys.orig_argv[1:]]
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    if os.name == "nt":
        # Windows: exec returns to the shell at once and leaves the new process in the background.
        raise SystemExit(run_child(command, environ))
    os.execve(command[0], command, environ)  # noqa: S606 - no shell is wanted


def run_child(command: list[str], environ: dict[str, str]) -> int:
    """Run a command where a process cannot be replaced, and return the command's status."""
    import subprocess  # noqa: PLC0415 - slow to import, and needed on Windows alone

    with subprocess.Popen(command, env=environ) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                # The console sends Ctrl-C to the child too; how to end is the child's to decide.
                continue
