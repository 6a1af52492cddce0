"""Runs a command under tracing; its output streams through, and its exit status is kept."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import IO, TYPE_CHECKING

from repro.core.errors import PreconditionError
from repro.launch import is_for_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

STARTUP = Path(__file__).parents[2] / "tracing" / "startup"
KEPT = 1 << 20
"""Number of bytes of standard output that are kept."""

_GRACE_SECONDS = 3
_SHELL_SIGNALS = 128


@dataclass(frozen=True)
class CommandRun:
    """The outcome of a finished command.

    Attributes
    ----------
    status : int
        Exit status; 128 plus the number of the signal if one ended it.
    output : bytes
        The beginning of its standard output.
    """

    status: int
    output: bytes


class Children:
    """Commands that threads wait for, and that a different thread can end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[subprocess.Popen[bytes]] = []
        self._is_ended = False

    @contextmanager
    def waited_for(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Know a process while it is waited for; raise KeyboardInterrupt if it was ended."""
        with self._lock:
            self._running.append(process)
            late = self._is_ended
        if late:
            process.kill()
        try:
            yield
        finally:
            with self._lock:
                self._running.remove(process)
        if self._is_ended:
            raise KeyboardInterrupt

    def end(self) -> None:
        """Interrupt all processes, as Ctrl-C does, and kill those that go on for seconds."""
        with self._lock:
            self._is_ended = True
            processes = [*self._running]
        for process in processes:
            with suppress(OSError):
                if sys.platform == "win32":
                    process.terminate()
                else:
                    process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + _GRACE_SECONDS
        for process in processes:
            try:
                process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                process.kill()


def resolved(words: Sequence[str], folder: Path) -> list[str]:
    """Return the words that start a command in a folder.

    A first word that is a script, ``-m`` or ``-c`` gets a Python before it. A program that is named
    by a path gets its absolute path, since a copy of the folder has no environments in it.
    """
    first = words[0]
    if is_for_python(first, folder):
        return [sys.executable, *words]
    if os.sep in first and (folder / first).is_file():
        first = str((folder / first).absolute())
    return [first, *words[1:]]


def portable(words: Sequence[str]) -> list[str]:
    """Return a command without the path of the running Python, which is local to a machine."""
    takes = len(words) > 1 and (words[1] in {"-m", "-c"} or words[1].endswith(".py"))
    own = takes and Path(words[0]).is_absolute() and Path(words[0]) == Path(sys.executable)
    return list(words[1:]) if own else list(words)


def interpreter_of(words: Sequence[str], folder: Path) -> str:
    """Return the Python that a command names, or else the running one."""
    program = resolved(words, folder)[0]
    found = shutil.which(program) if Path(program).name.startswith("python") else None
    return found or sys.executable


def traced_environment(
    environ: Mapping[str, str],
    root: Path,
    trace: Path,
    seeds: Mapping[str, int],
    *,
    own: bool = False,
) -> dict[str, str]:
    """Return an environment in which every Python traces itself.

    Parameters
    ----------
    seeds : mapping of str to int
        Given to global generators in every Python, before the program can use them.
    own : bool
        Whether only what the program itself names is recorded.
    """
    paths = [str(STARTUP), *filter(None, [environ.get("PYTHONPATH")])]
    points = {point.name: point.value for point in entry_points(group="repro.tracing")}
    return {
        **environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "REPRO_TRACE": str(trace),
        "REPRO_TRACE_ROOT": str(root),
        "REPRO_TRACE_ADAPTERS": json.dumps(points),
        "REPRO_TRACE_SEEDS": json.dumps(dict(seeds)),
        **({"REPRO_TRACE_NAMED": "1"} if own else {}),
    }


def run_traced(
    command: Sequence[str],
    folder: Path,
    environ: dict[str, str],
    out: Callable[[bytes], object],
    *,
    alone: bool = False,
    children: Children | None = None,
) -> CommandRun:
    """Run a command in a folder and wait for its end.

    Parameters
    ----------
    command : sequence of str
        As returned by ``resolved``.
    out : callable
        Receives blocks of the standard output as they are written.
    alone : bool
        Whether the command runs without input in a process session that is ended after it.
    children : Children, optional
        Through which a different thread can end it.

    Raises
    ------
    PreconditionError
        If the command cannot be started.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL if alone else None,
            stdout=subprocess.PIPE,
            start_new_session=alone,
        )
    except OSError as error:
        raise PreconditionError(
            f"{command[0]}: cannot be started: {error.strerror}",
            advice="check the name of the command after the two dashes",
        ) from error
    kept = bytearray()
    reader = threading.Thread(target=_copy, args=(process.stdout, kept, out), daemon=True)
    reader.start()
    try:
        with (
            nullcontext() if alone else _signals_for(process),
            nullcontext() if children is None else children.waited_for(process),
        ):
            status = process.wait()
    finally:
        if alone:
            _end_session(process)
    # A program that the command left running can hold the pipe open for ever.
    reader.join(_GRACE_SECONDS)
    return CommandRun(status if status >= 0 else _SHELL_SIGNALS - status, bytes(kept[:KEPT]))


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """End every process that a command started in its own session."""
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _copy(stream: IO[bytes], kept: bytearray, out: Callable[[bytes], object]) -> None:
    # Whoever reads the output may have gone, as head does: then the command's pipe is closed too.
    with stream, suppress(OSError):
        while block := os.read(stream.fileno(), 1 << 16):
            if len(kept) < KEPT:
                kept.extend(block)
            out(block)


@contextmanager
def _signals_for(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ignore Ctrl-C, which the terminal sends to the command too, and forward SIGTERM."""

    def forward(number: int, _frame: object) -> None:
        """Send a received signal to the command."""
        process.send_signal(number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda *_: None)
        for name in ("SIGTERM", "SIGHUP"):
            if number := getattr(signal, name, None):
                before[number] = signal.signal(number, forward)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
