"""The child of a worker, as the worker sees it: one for each training."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
from typing import Any

from repro.executors.child import receive, send
from repro.launch import module_command

_MODULE = "repro.executors.child"
_lock = threading.Lock()
_running: dict[str, subprocess.Popen[bytes]] = {}


class LostChildError(RuntimeError):
    """The process that did a task was killed."""


def in_child(token: str, job: bytes) -> Any:
    """Do a job in the child of this process; one at a time.

    Parameters
    ----------
    token : str
        Of the training: what an earlier one has loaded must not be in the record of this one.
    job : bytes
        A pickled function without arguments.

    Raises
    ------
    LostChildError
        If the child was killed.
    Exception
        Whatever the function raises.
    """
    with _lock:
        child = _child(token)
        try:
            assert child.stdin is not None  # noqa: S101 - both are pipes
            assert child.stdout is not None  # noqa: S101
            send(child.stdin, job)
            answer = receive(child.stdout)
        except OSError:
            answer = None
        if answer is None:
            _end()
            raise LostChildError("the process that did a task was killed")
    result, error = pickle.loads(answer)  # noqa: S301 - of the own child
    if error is not None:
        raise error
    return result


async def in_child_aside(token: str, job: bytes) -> Any:
    """Do a job in the child, while the worker goes on to answer its scheduler."""
    return await asyncio.to_thread(in_child, token, job)


def end_child(token: str) -> None:
    """End the child of a training."""
    with _lock:
        if token in _running:
            _end()


def _child(token: str) -> subprocess.Popen[bytes]:
    if token not in _running:
        _end()
        command = module_command(sys.executable, _MODULE)
        pipe = subprocess.PIPE
        _running[token] = subprocess.Popen(command, stdin=pipe, stdout=pipe)
    return _running[token]


def _end() -> None:
    while _running:
        _, child = _running.popitem()
        child.kill()
        child.communicate()
