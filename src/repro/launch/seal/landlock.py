"""Landlock: refuses this process and its children all files but those that rules name."""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from . import kernel, rules

# The first version of the interface that has a right: renaming across folders, truncating, and
# the control of devices. TCP came with version 4, abstract sockets with 6.
_SINCE = {rules.MOVE: 2, rules.TRUNCATE: 3, rules.CONTROL_DEVICE: 5}
_TCP, _ABSTRACT = 4, 6
_EVERY_RIGHT = (1 << 16) - 1
_CONNECT_TCP, _OTHER_ABSTRACT_SOCKETS = 2, 1
_ASK_VERSION, _BENEATH = 1, 1


def version() -> int:
    """Return the version of Landlock's interface.

    Raises
    ------
    OSError
        With a sentence, if there is no Landlock.
    """
    try:
        return kernel.system_call(kernel.LANDLOCK_CREATE, 0, 0, _ASK_VERSION)
    except OSError as error:
        reasons = {
            errno.ENOSYS: "Landlock is not in this kernel",
            errno.EOPNOTSUPP: "Landlock is disabled in this kernel",
        }
        said = reasons.get(error.errno or 0, f"Landlock is refused: {error.strerror}")
        raise OSError(error.errno, said) from None


def handled(known: int) -> int:
    """Return the rights on files that a version of the interface knows."""
    missing = sum(right for right, since in _SINCE.items() if since > known)
    return _EVERY_RIGHT & ~missing


def has_tcp() -> bool:
    """Return whether there are rules for TCP connections."""
    return version() >= _TCP


def gaps() -> list[str]:
    """Return the changes that the Landlock of this kernel cannot refuse, as sentences.

    Before version 2, renaming across folders is always refused; most programs copy then.
    """
    if version() >= _SINCE[rules.TRUNCATE]:
        return []
    return ["Landlock cannot refuse to truncate files in this kernel"]


def restrict(granted: list[tuple[str, int]] | None, *, tcp: bool) -> None:
    """Refuse what is not granted, for good; also all TCP connections if `tcp` is set.

    Without `granted`, files are left alone. ``no_new_privs`` must be set.

    Raises
    ------
    OSError
        If the kernel does not, or knows no rules for TCP.
    """
    known = version()
    if tcp and known < _TCP:
        raise OSError(errno.EOPNOTSUPP, "Landlock has no rules for TCP in this kernel")
    files = 0 if granted is None else handled(known)
    attributes = struct.pack(
        "=QQQ", files, _CONNECT_TCP * tcp, _OTHER_ABSTRACT_SOCKETS * (tcp and known >= _ABSTRACT)
    )
    length = 24 if known >= _ABSTRACT else 16 if known >= _TCP else 8
    buffer = ctypes.create_string_buffer(attributes[:length], length)
    ruleset = kernel.system_call(kernel.LANDLOCK_CREATE, buffer, length, 0)
    try:
        for path, rights in granted or ():
            _add(ruleset, path, rights & files)
        kernel.system_call(kernel.LANDLOCK_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)


def _add(ruleset: int, path: str, rights: int) -> None:
    if not rights:
        return
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights, handle)
        buffer = ctypes.create_string_buffer(rule, len(rule))
        kernel.system_call(kernel.LANDLOCK_ADD, ruleset, _BENEATH, buffer, 0)
    finally:
        os.close(handle)
