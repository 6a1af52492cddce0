"""Two children that are asked what they read back; one that dies is an answer too."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pydantic import ValidationError

from repro.app.doctor.case import Death
from repro.execution.probe import Probe
from repro.launch import Level, lacking, module_command, pinned, without_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Far above what imports take, even on an emulated processor.
_TIMEOUT_SECONDS = 180.0
_ORIGINAL = "Original error was: "
_RAISED = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception): ")
_LINES = 4


def ask_both(
    folder: Path, level: Level, environ: Mapping[str, str]
) -> tuple[Probe | Death, Probe | Death | None]:
    """Start a process with the caller's environment and one with the level's, and hear them.

    The second is None if the processor cannot run what the level pins.
    """
    with ThreadPoolExecutor() as threads:
        own = threads.submit(_ask, folder, Level.SEEDED, environ)
        if lacking(level):
            return own.result(), None
        second = threads.submit(_ask, folder, level, pinned(level, environ))
        return own.result(), second.result()


def _ask(folder: Path, level: Level, environ: Mapping[str, str]) -> Probe | Death:
    try:
        done = subprocess.run(
            module_command(sys.executable, "repro.execution.probe", str(folder), level),
            env=without_folder(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Death(f"gave no answer within {_TIMEOUT_SECONDS:.0f} seconds")
    except OSError as error:
        return Death(f"could not be started: {error.strerror}")
    if done.returncode < 0:
        return Death(f"was killed by {_signal(-done.returncode)}")
    if done.returncode > 0:
        return Death(f"failed: {_last_words(done.stderr)}")
    return _read(done.stdout)


def _read(output: str) -> Probe | Death:
    # A library may print as well, before or after.
    answers = [line for line in output.splitlines() if line.startswith('{"environment":')]
    try:
        return Probe.model_validate_json(answers[-1])
    except (IndexError, ValidationError):
        return Death("gave no readable answer")


def _signal(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    return f"{name} ({(signal.strsignal(number) or name).lower()})"


def _last_words(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    # NumPy wraps the cause into a page of advice.
    original = [line.removeprefix(_ORIGINAL) for line in lines if line.startswith(_ORIGINAL)]
    if original:
        return original[-1]
    raised = [index for index, line in enumerate(lines) if _RAISED.match(line)]
    return " ".join(lines[raised[-1] if raised else -1 :][:_LINES]) or "it printed nothing"
