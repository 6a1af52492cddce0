"""A network of one's own, in which there is only the loopback."""

from __future__ import annotations

import fcntl
import os
import socket
import struct

from . import kernel

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
# struct ifreq and its requests, from linux/sockios.h.
_GET_FLAGS, _SET_FLAGS, _REQUEST, _UP = 0x8913, 0x8914, "16sh22x", 1


def can_enter() -> str:
    """Return why a process cannot have a network of its own, found by trying in a child; or ''."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        said = ""
        try:
            enter()
        except OSError as error:
            said = error.strerror or "unknown"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return f"a network of its own is refused: {said}" if said else ""


def enter() -> None:
    """Move this process, which must have one thread, to a network of its own.

    Raises
    ------
    OSError
        If the system does not allow that; the process may have moved all the same.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        # With rights no user namespace is needed, in which other users' files could not be read.
        kernel.library_call("unshare", _NEW_NETWORK)
    except OSError:
        kernel.library_call("unshare", _NEW_USER | _NEW_NETWORK)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack(_REQUEST, b"lo", 0)
        name, flags = struct.unpack(_REQUEST, fcntl.ioctl(handle, _GET_FLAGS, request))
        fcntl.ioctl(handle, _SET_FLAGS, struct.pack(_REQUEST, name, flags | _UP))


def _write(path: str, text: str) -> None:
    # In one call: the kernel takes a map once and whole.
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)
