"""Commands that leave nothing behind, however this program is ended."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

from repro.launch import leaking

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_GRACE_SECONDS = 3
_NOT_INHERITED = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")


def run(command: Sequence[str | Path], log: Path) -> int:
    """Run a command, with what it prints in a file, and return its exit status.

    It has a process group of its own, which is ended with it when this call is left early.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("wb") as file,
        subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,
        ) as process,
    ):
        try:
            return process.wait()
        except BaseException:
            _end(process)
            raise


def told(log: Path) -> str:
    """Return the line of a log that says best why a command failed."""
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error: ", "e: "))]
    return [*reversed(errors), *reversed(lines), "nothing was printed"][0].strip()


def _environment() -> dict[str, str]:
    """Leave out what could change a result or lead an interpreter astray."""
    out = {*leaking(os.environ), *_NOT_INHERITED}
    return {name: value for name, value in os.environ.items() if name not in out}


def _end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "nt":
        process.kill()
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(_GRACE_SECONDS)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
