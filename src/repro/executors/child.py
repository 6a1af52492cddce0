"""The process that does the tasks of a worker: ``python -m repro.executors.child``.

The threads of a cluster's worker draw from Python's global random generator and change warning
filters, at any moment. An estimator may use both. So tasks are done in a process that has no such
threads.

Jobs come in on standard input, and answers go out on standard output. The process ends when its
standard input does, so that it never outlives its worker.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from typing import IO, TYPE_CHECKING

import cloudpickle

if TYPE_CHECKING:
    from collections.abc import Callable

_LENGTH = 8


def send(stream: IO[bytes], content: bytes) -> None:
    """Write bytes so that ``receive`` reads them."""
    stream.write(len(content).to_bytes(_LENGTH, "big"))
    stream.write(content)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Read what ``send`` wrote; None if the other process has ended."""
    head = stream.read(_LENGTH)
    if len(head) < _LENGTH:
        return None
    length = int.from_bytes(head, "big")
    content = stream.read(length)
    return content if len(content) == length else None


def main() -> None:
    """Do jobs until there are no more."""
    # Ctrl-C reaches every process of a terminal: the one that trains decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    # Estimators print, some of them past Python.
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        while True:
            send(out, _answer(jobs.get()))


def _listen(jobs: queue.SimpleQueue[bytes]) -> None:
    while (job := receive(sys.stdin.buffer)) is not None:
        jobs.put(job)
    # At once, in the middle of a fit too: nobody waits for it any more.
    os._exit(0)


def _answer(job: bytes) -> bytes:
    try:
        function: Callable[[], object] = pickle.loads(job)  # noqa: S301 - of the own worker
        return bytes(cloudpickle.dumps((function(), None)))
    except Exception as error:  # noqa: BLE001 - raised in the worker
        try:
            return bytes(cloudpickle.dumps((None, error)))
        except Exception:  # noqa: BLE001 - an error that cannot be pickled
            instead = RuntimeError(f"{type(error).__name__}: {error}")
            return bytes(cloudpickle.dumps((None, instead)))


if __name__ == "__main__":
    main()
