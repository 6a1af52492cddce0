"""Commands that leave nothing behind, whatever ends this program."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING

from repro.launch import leaking

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ANSWER_SECONDS = 20
_GRACE_SECONDS = 3
_PAUSE_SECONDS = 0.05
_NOT_INHERITED = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")

_NEXT_STEPS = {
    "free some space, or choose a different disk with --work": (
        "no space left", "no space is left", "enough free space", "disk quota exceeded",
    ),
    "check the network, http_proxy and the settings of pip": (
        "could not connect", "could not resolve", "temporary failure", "connection refused",
        "failed to establish", "unreachable", "timed out", "timeout", "no such host",
        "(from versions: none)",
    ),
}  # fmt: skip


def run(command: Sequence[str | Path], log: Path) -> int:
    """Run a command with its output in a file, and return its exit status.

    It has a process group of its own, which is ended with it when this call is left early, and a
    folder of its own for temporary files, since not every program clears up when it is ended.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("wb") as file,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary,
        subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**_environment(), "TMPDIR": temporary},
            start_new_session=True,
        ) as process,
    ):
        try:
            return process.wait()
        except BaseException:
            _end(process)
            raise


def succeeds(*command: str) -> bool:
    """Return whether a command answers at all, with status 0, within some seconds."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_ANSWER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def first_error(log: Path) -> str:
    """Return the line of a log that explains best why a command failed: its first error."""
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    errors = [
        line
        for line in lines
        if line.lower().startswith(("error: ", "e: ")) and not line.endswith(":")
    ]
    return [*errors, *reversed(lines), "it printed nothing"][0].strip()


def next_step(log: Path) -> str:
    """Return what to do about a command that failed."""
    text = log.read_text("utf-8", "replace").lower()
    for step, signs in _NEXT_STEPS.items():
        if any(sign in text for sign in signs):
            return step
    return f"read its output in {log.parent}"


def _environment() -> dict[str, str]:
    """Return the environment without variables that change results or mislead an interpreter."""
    out = {*leaking(os.environ), *_NOT_INHERITED}
    return {name: value for name, value in os.environ.items() if name not in out}


def _end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "nt":
        process.kill()
        return
    # Who presses Ctrl-C again must not cut this short: it takes seconds.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGKILL):
        end = time.monotonic() + _GRACE_SECONDS
        if not _sent(process, number):
            return
        # Not until all of them are gone can what they wrote be removed.
        while _sent(process, 0):
            if time.monotonic() > end:
                break
            time.sleep(_PAUSE_SECONDS)


def _sent(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to a process group; return whether any process of it is left."""
    process.poll()
    try:
        os.killpg(process.pid, number)
    except OSError:
        return False
    return True
