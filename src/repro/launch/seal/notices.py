"""Notices of system calls: the kernel stops a call until the supervisor has answered."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import struct
from typing import NamedTuple

from . import kernel

_INSTALL, _LISTENER, _KILLABLE = 1, 1 << 3, 1 << 5
# Instructions of the filter, from linux/bpf_common.h, and its answers, from linux/seccomp.h.
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
# Offsets in struct seccomp_data; the low half of the fifth argument is first on little-endian.
_NUMBER, _ARCHITECTURE, _FIFTH = 0, 4, 48
_RECEIVE, _SEND, _VALID, _ADD, _SET = 0xC0502100, 0xC0182101, 0x40082102, 0x40182103, 0x40082104
_CONTINUE, _ADD_AND_SEND, _SAME_PROCESSOR = 1, 2, 1
_NOTICE = struct.Struct("=QIIiIQ6Q")


class Notice(NamedTuple):
    """A call that waits: its id, the thread that makes it, its number and its arguments."""

    id: int
    thread: int
    number: int
    arguments: tuple[int, ...]


def install(machine: kernel.Machine) -> int:
    """Stop this thread and its children at the calls of a report; return the listener.

    ``no_new_privs`` must be set. From then on, every such call waits for an answer.

    Raises
    ------
    OSError
        If the kernel refuses, as it does where the process has a listener already.
    """
    program = filter_of(machine)
    # struct sock_fprog holds a pointer, which is aligned.
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("=H6xQ", len(program) // 8, ctypes.addressof(code))
    given = ctypes.create_string_buffer(header, len(header))
    try:
        # Without it, a signal restarts a call, and a program with a fast timer makes no progress.
        return kernel.system_call(machine.seccomp, _INSTALL, _LISTENER | _KILLABLE, given)
    except OSError:
        return kernel.system_call(machine.seccomp, _INSTALL, _LISTENER, given)


def filter_of(machine: kernel.Machine) -> bytes:
    """Return the filter's program: notify of the calls of a report, and allow everything."""
    calls = [number for name, number in machine.calls.items() if name != "sendto"]
    # Jumps count the instructions that are passed over: 'allow' and 'notify' are the last two.
    count = len(calls)
    lines = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 0, count + 4, machine.audit)]
    lines += [(_LOAD, 0, 0, _NUMBER)]
    lines += [(_EQUAL, count + 3 - at, 0, number) for at, number in enumerate(calls)]
    # Without an address a packet goes to where the socket is connected.
    lines += [(_EQUAL, 0, 2, machine.calls["sendto"]), (_LOAD, 0, 0, _FIFTH), (_EQUAL, 0, 1, 0)]
    lines += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _NOTIFY)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


class Listener:
    """The end of the supervisor, which receives notices and answers each of them once."""

    def __init__(self, handle: int) -> None:
        self.handle = handle
        # The two take turns: they are quicker on one processor. Older kernels do not know it.
        with contextlib.suppress(OSError):
            fcntl.ioctl(handle, _SET, _SAME_PROCESSOR)

    def receive(self) -> Notice | None:
        """Return the next notice; None if its process is gone."""
        # Longer than the structure, which can grow. The kernel demands zeros.
        buffer = bytearray(256)
        try:
            fcntl.ioctl(self.handle, _RECEIVE, buffer)
        except OSError:
            return None
        found = _NOTICE.unpack_from(buffer)
        return Notice(found[0], found[1], found[3], found[6:])

    def is_waiting(self, notice: Notice) -> bool:
        """Return whether the call still waits: what was read of its process was its own."""
        try:
            fcntl.ioctl(self.handle, _VALID, struct.pack("=Q", notice.id))
        except OSError:
            return False
        return True

    def proceed(self, notice: Notice) -> None:
        """Let the kernel make the call."""
        self._send(struct.pack("=QqiI", notice.id, 0, 0, _CONTINUE))

    def fail(self, notice: Notice, error: int) -> None:
        """Make the call fail."""
        self._send(struct.pack("=QqiI", notice.id, 0, -error, 0))

    def give(self, notice: Notice, handle: int, *, close_on_exec: bool) -> bool:
        """Return a copy of an open file from the call, and whether that was possible."""
        flags = os.O_CLOEXEC if close_on_exec else 0
        try:
            given = struct.pack("=QIIII", notice.id, _ADD_AND_SEND, handle, 0, flags)
            fcntl.ioctl(self.handle, _ADD, given)
        except OSError:
            return False
        return True

    def _send(self, answer: bytes) -> None:
        # The process can have been killed while it waited.
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.handle, _SEND, answer)
