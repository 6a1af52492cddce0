"""Shutting this process off from the network, for good and with everything that it starts.

On Linux a system call filter (seccomp) refuses every socket that is not local to this machine's
processes (``AF_UNIX``, which pools of processes use), and ``io_uring``, which could open one beside
the filter. It covers TCP, UDP, raw and every other family, native code as well as Python, needs no
rights, works in containers, and is inherited by threads, workers and children. It cannot be taken
off again: call it where a whole process is to be shut off, never in somebody's own session.

What it does not cover is said where it matters: a service of this machine that listens on a local
socket, such as a resolver or a container engine, can still be asked.

This module must import nothing but the standard library: as a program, ``python -I -S isolation.py
COMMAND ...`` shuts itself off and becomes the command, whose interpreter then has no network from
its first instruction on.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from typing import NamedTuple

SECCOMP = "seccomp"


class Isolation(NamedTuple):
    """The isolation of a process from the network.

    Attributes
    ----------
    mechanism : str
        What refuses network sockets; empty where nothing does.
    reason : str
        Why nothing does; empty where something does.
    """

    mechanism: str
    reason: str = ""


class _Machine(NamedTuple):
    """The numbers of one architecture, from ``linux/audit.h`` and ``asm/unistd.h``."""

    audit: int
    seccomp: int
    socket: int
    # Calls from this number on are those of a second ABI of the same architecture.
    foreign: int


_MACHINES = {
    "x86_64": _Machine(audit=0xC000003E, seccomp=317, socket=41, foreign=0x40000000),
    "aarch64": _Machine(audit=0xC00000B7, seccomp=277, socket=198, foreign=0x40000000),
}
# The same number on every architecture.
_IO_URING_SETUP = 425

_AF_UNIX = 1
_EACCES = 13
_SOL_SOCKET, _SO_DOMAIN = 1, 39
_STANDARD = 3

_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
# The threads that run already, such as those of a download or of OpenBLAS, are filtered too.
_TSYNC = 1

# Instructions of the filter, from linux/bpf_common.h: load a word, jump if equal, if not below.
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | _EACCES
# Offsets in struct seccomp_data; the low half of the first argument is first on little-endian.
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def isolate() -> Isolation:
    """Refuse network sockets to this process, its threads and whatever it starts, for good.

    Sockets that are open already, such as those of a download, become ``/dev/null``.
    """
    if sys.platform != "linux":
        return Isolation("", f"repro cannot do it on {sys.platform}")
    machine = _MACHINES.get(os.uname().machine)
    if machine is None or ctypes.sizeof(ctypes.c_void_p) != 8 or sys.byteorder != "little":
        return Isolation("", f"repro has no filter for {os.uname().machine}")
    reason = _install(machine) or _without_open_sockets()
    return Isolation("", reason) if reason else Isolation(SECCOMP)


def isolated_command(command: list[str]) -> list[str]:
    """Return the command that runs a given one without a network, if the system can do that."""
    if sys.platform != "linux":
        return command
    return [sys.executable, "-I", "-S", __file__, *command]


def isolation_of_children() -> Isolation:
    """Return how far ``isolated_command`` shuts processes off, by trying it."""
    import subprocess  # noqa: PLC0415 - slow to import

    if sys.platform != "linux":
        # On other systems it changes nothing, and has the reason.
        return isolate()
    done = subprocess.run(
        isolated_command([]), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    mechanism, _, reason = done.stdout.partition("\n")
    if done.returncode:
        return Isolation("", "the process that cuts off the network could not be started")
    return Isolation(mechanism, reason.strip())


def _install(machine: _Machine) -> str:
    """Install the filter; return the reason where it cannot be."""
    libc = ctypes.CDLL(None, use_errno=True)
    program = _filter(machine)
    given = _Program(len(program) // 8, program)
    # Without it, only root may filter; it also keeps programs from gaining rights.
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return f"no_new_privs is refused: {os.strerror(ctypes.get_errno())}"
    mode, flags = ctypes.c_long(_SECCOMP_SET_MODE_FILTER), ctypes.c_long(_TSYNC)
    done = libc.syscall(ctypes.c_long(machine.seccomp), mode, flags, ctypes.byref(given))
    if done > 0:
        return "a thread has a filter of its own"
    if done < 0:
        return f"seccomp is refused: {os.strerror(ctypes.get_errno())}"
    # Read back: an emulator may take the filter and not apply it. Without one, this call is
    # refused for other reasons, since it has no argument.
    if libc.syscall(ctypes.c_long(_IO_URING_SETUP), 0, None) != -1 or ctypes.get_errno() != _EACCES:
        return "seccomp has no effect"
    return ""


def _filter(machine: _Machine) -> bytes:
    """Return the filter's program: allow everything but sockets of other families than AF_UNIX."""
    # Jumps count the instructions that are passed over: 'allow' and 'refuse' are the last two.
    lines = (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, 7, machine.audit),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 5, 0, machine.foreign),
        (_EQUAL, 4, 0, _IO_URING_SETUP),
        (_EQUAL, 0, 2, machine.socket),
        (_LOAD, 0, 0, _FIRST),
        (_EQUAL, 0, 1, _AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    )
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _without_open_sockets() -> str:
    """Replace the network sockets that are open; return the reason where that cannot be done."""
    try:
        numbers = sorted(map(int, os.listdir("/proc/self/fd")))  # noqa: PTH208 - names alone
    except OSError:
        return "which sockets are open is not known: /proc cannot be read"
    found = [number for number in numbers if _is_network(number)]
    if any(number < _STANDARD for number in found):
        return "standard input, output or error is a network socket"
    if found:
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for number in found:
            os.dup2(null, number, inheritable=False)
        os.close(null)
    return ""


def _is_network(number: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            return False
    except OSError:
        # The folder itself, which was open while it was listed.
        return False
    import socket  # noqa: PLC0415 - needed where a socket is open alone

    with socket.socket(fileno=os.dup(number)) as copy:
        return copy.getsockopt(_SOL_SOCKET, _SO_DOMAIN) != _AF_UNIX


def main(command: list[str]) -> int:
    """Shut this process off and become the command; without one, print what was reached."""
    found = isolate()
    if not command:
        print(found.mechanism, found.reason, sep="\n")  # noqa: T201 - its answer
        return 0
    try:
        os.execve(command[0], command, os.environ)  # noqa: S606 - no shell is wanted
    except OSError as error:
        print(f"could not be started: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
