"""Programs that end, with all that they have started, when this one is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_GRACE_SECONDS, _PAUSE_SECONDS = 10.0, 0.02
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")


def run(
    command: Sequence[object],
    log: IO[bytes],
    variables: Mapping[str, str] | None = None,
    *,
    umask: int = -1,
) -> int:
    """Run a command, with the log for its output, and return its exit status.

    When this process is interrupted, nothing of the command is left.

    Parameters
    ----------
    variables : Mapping of str to str, optional
        Of the environment, beyond this process's own.
    umask : int
        The command's; -1 is that of this process.
    """
    with subprocess.Popen(
        [str(part) for part in command], env={**os.environ, **(variables or {})}, umask=umask,
        stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            return process.wait()
        except BaseException:
            with undisturbed():
                _end(process)
            raise


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep signals waiting: a second Ctrl-C must not cut short what takes seconds."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [getattr(signal, name) for name in _ENDING])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(process: subprocess.Popen[bytes]) -> None:
    # Not until all of them are gone can what they wrote be removed.
    end = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < end:
        process.poll()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except OSError:
            return
        time.sleep(_PAUSE_SECONDS)
