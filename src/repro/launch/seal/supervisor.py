"""The supervisor: answers notices until nothing of the command is left."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING

from . import processes
from .connections import Connections
from .files import Files

if TYPE_CHECKING:
    from .kernel import Machine
    from .notices import Listener, Notice
    from .rules import Rights

_OPENING = {"open", "creat", "openat", "openat2"}
_EXECUTING = {"execve", "execveat"}
_CONNECTING = {"connect", "sendto"}
# Compiled code that Python keeps of a source: it does without where it cannot read or write it.
_CACHE = "__pycache__"


class Supervisor:
    """Answers the notices of a command and writes its refusals to the report, each once.

    Parameters
    ----------
    machine : Machine
        The numbers of the calls.
    listener : Listener
        Where notices arrive.
    report : int
        The open report, to which lines of JSON are appended.
    network : str
        What is sealed of the network.
    rights : Rights or None
        What the rules grant, if files are sealed.
    """

    def __init__(
        self, machine: Machine, listener: Listener, report: int, network: str, rights: Rights | None
    ) -> None:
        self._names = {number: name for name, number in machine.calls.items()}
        self._listener = listener
        self._report = report
        self._notice: Notice | None = None
        self._known: set[tuple[str, str, str]] = set()
        self._files = None if rights is None else Files(rights, listener, self._refuse)
        self._connections = Connections(network, self._files, self._refuse)

    def answer(self) -> None:
        """Answer the next notice; the command never waits for ever, whatever cannot be read."""
        notice = self._listener.receive()
        if notice is None:
            return
        self._notice = notice
        error, answered = 0, False
        # The process can be gone or hidden, and its arguments can be anything: the kernel decides.
        # Without an answer, every later call of the command would fail.
        with contextlib.suppress(Exception):
            error, answered = self._judge(notice, self._names.get(notice.number, ""))
        if error:
            self._listener.fail(notice, error)
        elif not answered:
            self._listener.proceed(notice)

    def _judge(self, notice: Notice, call: str) -> tuple[int, bool]:
        """Report a refusal; return the error of the call, and whether it has its answer."""
        if call in _CONNECTING:
            return self._connections.connected(notice, call), False
        if self._files is None:
            return 0, False
        if call in _OPENING:
            return 0, self._files.opened(notice, call)
        if call in _EXECUTING:
            self._files.executed(notice, call)
        elif call == "truncate":
            self._files.truncated(notice)
        else:
            self._files.changed(notice, call)
        return 0, False

    def _refuse(self, kind: str, name: str, thread: int) -> None:
        if _CACHE in name.split("/"):
            return
        program = processes.program_of(thread)
        found = kind, name, program
        # Without this, a name could be read from a process that has the id of one that is gone.
        valid = self._notice is not None and self._listener.is_waiting(self._notice)
        if found in self._known or not valid:
            return
        self._known.add(found)
        line = json.dumps({"kind": kind, "name": name, "program": program})
        os.write(self._report, line.encode() + b"\n")
