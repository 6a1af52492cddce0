"""Names of refused connections."""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
from typing import TYPE_CHECKING

from . import processes, rules

if TYPE_CHECKING:
    from .files import Files, Refuse
    from .notices import Notice

# struct sockaddr_storage is not longer.
_LONGEST = 128


class Connections:
    """Answers the calls that name an address: reports what has no server in the own network.

    Local sockets with a file's name are refused by the supervisor, since Landlock has no right for
    them: a service of this machine, such as a container engine, is outside too.

    Parameters
    ----------
    network : str
        What is sealed of the network.
    files : Files or None
        What files are sealed, if they are.
    refuse : callable
        Reports a refusal: its kind, the name and the thread.
    """

    def __init__(self, network: str, files: Files | None, refuse: Refuse) -> None:
        self._network = network
        self._files = files
        self._refuse = refuse

    def connected(self, notice: Notice, call: str) -> int:
        """Report a refusal; return the error with which the call is to fail, or 0."""
        handle = notice.arguments[0]
        where, length = notice.arguments[1:3] if call == "connect" else notice.arguments[4:6]
        raw = processes.memory(notice.thread, where, min(length & 0xFFFFFFFF, _LONGEST))
        if len(raw) < 3:
            return 0
        if struct.unpack_from("=H", raw)[0] == socket.AF_UNIX:
            return self._local(notice.thread, raw[2:])
        found = processes.address(raw)
        # Port 0 is how the C library finds out which address it would use.
        if found is not None and found[1] and self._network != "none":
            self._internet(notice.thread, handle, *found)
        return 0

    def _internet(self, thread: int, handle: int, host: str, port: int) -> None:
        stream = processes.is_stream(thread, handle)
        own = self._network == "loopback"
        if not own and not stream:
            return
        if host.startswith("127.") or host in {"::1", "::", "0.0.0.0"}:  # noqa: S104 - no binding
            # A port at which nothing listens is what does not exist.
            if own and processes.listens(str(thread), port, stream=stream):
                return
            if not processes.listens("self", port, stream=stream):
                return
        shown = f"[{host}]" if ":" in host else host
        self._refuse("connect", f"{'tcp' if stream else 'udp'} {shown}:{port}", thread)

    def _local(self, thread: int, name: bytes) -> int:
        if name.startswith(b"\0"):
            shown = "@" + os.fsdecode(name[1:])
            own = self._network != "loopback" or processes.has_abstract(str(thread), shown)
            if not own and processes.has_abstract("self", shown):
                self._refuse("connect", f"local {shown}", thread)
            return 0
        if self._files is None:
            return 0
        real = self._files.path(thread, os.fsdecode(name.partition(b"\0")[0]))
        try:
            is_socket = stat.S_ISSOCK(os.lstat(real).st_mode)
        except OSError:
            return 0
        if not is_socket or not self._files.rights.lacking(real, rules.WRITE):
            return 0
        self._refuse("connect", f"local {real}", thread)
        return errno.EACCES
