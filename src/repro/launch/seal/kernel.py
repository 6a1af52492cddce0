"""System calls by number: those that are named in a report, and those that a seal makes."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import NamedTuple

# From linux/prctl.h.
NO_NEW_PRIVILEGES, PARENT_DEATH_SIGNAL, CHILD_SUBREAPER = 38, 1, 36
# Older calls differ by architecture: x86_64, then aarch64, which has only those that take the
# descriptor of a folder. From asm/unistd_64.h and asm-generic/unistd.h.
_CALLS: dict[str, tuple[int, int | None]] = {
    "open": (2, None),
    "creat": (85, None),
    "openat": (257, 56),
    "openat2": (437, 437),
    "execve": (59, 221),
    "execveat": (322, 281),
    "connect": (42, 203),
    "sendto": (44, 206),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rmdir": (84, None),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "link": (86, None),
    "linkat": (265, 37),
    "truncate": (76, 45),
}
# The same number on both.
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446


class Machine(NamedTuple):
    """The numbers of one architecture.

    Attributes
    ----------
    audit : int
        Its name in ``linux/audit.h``.
    seccomp : int
        The call that installs a filter.
    calls : dict of str to int
        The calls that are named in a report, by their names.
    """

    audit: int
    seccomp: int
    calls: dict[str, int]


MACHINES = {
    "x86_64": Machine(0xC000003E, 317, {name: pair[0] for name, pair in _CALLS.items()}),
    "aarch64": Machine(
        0xC00000B7, 277, {name: pair[1] for name, pair in _CALLS.items() if pair[1] is not None}
    ),
}


def this_machine() -> Machine | None:
    """Return the numbers of this architecture, or None where they are not known."""
    if ctypes.sizeof(ctypes.c_void_p) != 8 or sys.byteorder != "little":
        return None
    return MACHINES.get(os.uname().machine)


def system_call(number: int, *arguments: int | ctypes.Array[ctypes.c_char]) -> int:
    """Make a system call; an integer is passed as a long, a buffer as its address.

    Raises
    ------
    OSError
        If the kernel refuses it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    # Without a type, an integer would be passed as 32 bits.
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _checked(libc.syscall(ctypes.c_long(number), *given))


def library_call(name: str, *arguments: int) -> int:
    """Call a function of the C library that takes integers.

    Raises
    ------
    OSError
        If it fails.
    """
    call = getattr(ctypes.CDLL(None, use_errno=True), name)
    return _checked(call(*map(ctypes.c_ulong, arguments)))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)
