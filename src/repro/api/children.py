"""Answers of a process of its own, which is started at a determinism level."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any, TypeVar

from repro.core import errors
from repro.core.errors import PreconditionError, ReproError
from repro.core.model import Record
from repro.launch import module_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

MODULE = "repro.api.child"
_R = TypeVar("_R", bound=Record)
# Seconds in which an interrupted process removes what it has begun to write.
_GRACE = 20.0


def ask(name: str, call: Record, answer: type[_R], progress: Callable[[str], object] | None) -> _R:
    """Have a call answered by a process of its own.

    Parameters
    ----------
    name : str
        What is called, such as ``train``.
    answer : type of Record
        What comes back.
    progress : callable or None
        Receives a sentence for each thing that begins.

    Raises
    ------
    ReproError
        As the use case; PreconditionError if the process ends without an answer.
    """
    if not sys.executable:
        raise PreconditionError(
            "the interpreter does not know its own path, so no process can be started at a level",
            advice="call it from a program that python runs, or use the command repro",
        )
    command = module_command(sys.executable, MODULE, name, call.model_dump_json())
    with tempfile.TemporaryFile() as said:
        # Estimators may print: a file, unlike a pipe, is never full.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
        )
        with process:
            found = _last(process, progress)
        if found is None:
            raise PreconditionError(_death(process, said), advice="run it by the command repro")
    if "error" in found:
        raise _error(found["error"])
    return answer.model_validate_json(json.dumps(found["answer"]))


def _last(
    process: subprocess.Popen[bytes], progress: Callable[[str], object] | None
) -> dict[str, dict[str, str]] | None:
    """Read lines to the end; return the one that is no progress."""
    found = None
    try:
        for line in process.stdout or ():
            value = _read(line)
            if "progress" not in value:
                found = value or found
            elif progress is not None:
                progress(value["progress"])
    except BaseException:
        _end(process)
        raise
    return found


def _read(line: bytes) -> dict[str, Any]:
    """Return a line that the process wrote; nothing for one that a start of Python printed."""
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and wait for it: it removes what it has begun to write."""
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()


def _death(process: subprocess.Popen[bytes], said: IO[bytes]) -> str:
    said.seek(0)
    words = said.read().decode(errors="replace").strip().splitlines()
    last = f": {words[-1]}" if words else ""
    return f"the process that did the work ended with status {process.returncode}{last}"


def _error(answer: dict[str, str]) -> ReproError:
    """Make the error that the process met; one of a package is of the kind that it extends."""
    kind = getattr(errors, answer["kind"], PreconditionError)
    made: ReproError = kind(answer["message"], advice=answer["advice"])
    return made


def described(error: ReproError) -> dict[str, str]:
    """Return an error as the process writes it.

    Examples
    --------
    >>> described(ReproError("no rows"))
    {'kind': 'ReproError', 'message': 'no rows', 'advice': ''}
    """
    named = (each.__name__ for each in type(error).__mro__ if each.__module__ == errors.__name__)
    return {"kind": next(named), "message": error.message, "advice": error.advice}
