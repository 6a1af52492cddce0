"""The memory, names and sockets of a process that waits for an answer."""

from __future__ import annotations

import os
import re
import socket
import struct

from . import kernel

# The folder argument that stands for the current folder, from linux/fcntl.h.
CURRENT = 0xFFFFFF9C
_PATH_MAX = 4096
_OPEN_PROCESS, _GET_FILE = 434, 438
# Names that mean something else in each process.
_OWN = re.compile(r"/proc/(?:self|thread-self)(?=/|\Z)")
_STREAMS = {"stdin": "0", "stdout": "1", "stderr": "2"}
_STREAM = re.compile(r"/dev/(?:(stdin|stdout|stderr)\Z|fd(?=/|\Z))")


def memory(thread: int, address: int, length: int) -> bytes:
    """Return what stands in a process's memory, shorter where the memory ends.

    Raises
    ------
    OSError
        If the process is gone, or its memory may not be read.
    """
    handle = os.open(f"/proc/{thread}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.pread(handle, length, address)
    finally:
        os.close(handle)


def text(thread: int, address: int) -> str:
    """Return the path that stands at an address."""
    return os.fsdecode(memory(thread, address, _PATH_MAX).partition(b"\0")[0])


def program_of(thread: int) -> str:
    """Return the path of the executable of a process."""
    return os.readlink(f"/proc/{thread}/exe")  # noqa: PTH115 - a path of its own kind


def absolute(thread: int, folder: int, name: str) -> str:
    """Return the path that a process means by a name, relative to one of its open folders."""
    if not name.startswith("/"):
        folder &= 0xFFFFFFFF
        link = "cwd" if folder == CURRENT else f"fd/{folder}"
        base = os.readlink(f"/proc/{thread}/{link}")  # noqa: PTH115
        name = f"{base}/{name}" if name else base
    if name.startswith("/proc/"):
        return _OWN.sub(f"/proc/{thread}", name)
    if name.startswith("/dev/"):
        found = _STREAM.match(name)
        if found:
            stream = "/" + _STREAMS[found[1]] if found[1] else ""
            return f"/proc/{thread}/fd{stream}{name[found.end() :]}"
    return name


class Resolver:
    """Resolves symbolic links, and remembers those of folders.

    A link that changes later gives an outdated name: what acts on a path resolves it again.
    """

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def resolve(self, path: str, *, follow: bool = True) -> str:
        """Return the path without symbolic links; the last one is kept if `follow` is not set."""
        folder, _, last = path.rstrip("/").rpartition("/")
        if last in {"", ".", ".."}:
            return os.path.realpath(path)
        real = self._folders.get(folder)
        if real is None:
            real = os.path.realpath(folder or "/")
            if not real.startswith("/proc/"):
                self._folders[folder] = real
        joined = f"{real}/{last}" if real != "/" else f"/{last}"
        if follow and os.path.islink(joined):  # noqa: PTH114 - costs time
            return os.path.realpath(joined)
        return joined


def is_stream(thread: int, handle: int) -> bool:
    """Return whether an open socket of a process is a stream, such as TCP, and not packets."""
    with open(f"/proc/{thread}/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123
        process = next(int(line.split()[1]) for line in status if line.startswith("Tgid:"))
    # Not by `os`, which has it only where the headers of its build had.
    pidfd = kernel.system_call(_OPEN_PROCESS, process, 0)
    try:
        copy = kernel.system_call(_GET_FILE, pidfd, handle & 0xFFFFFFFF, 0)
    finally:
        os.close(pidfd)
    with socket.socket(fileno=copy) as opened:
        return opened.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM


def mask_of(thread: int) -> int:
    """Return the bits that a process leaves out of the mode of the files that it creates."""
    with open(f"/proc/{thread}/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123
        return next((int(line.split()[1], 8) for line in status if line.startswith("Umask:")), 0)


def listens(process: str, port: int, *, stream: bool) -> bool:
    """Return whether a port has a server in the network of a process (an id, or ``self``)."""
    table, state = ("tcp", "0A") if stream else ("udp", None)
    for name in (table, table + "6"):
        for fields in _lines(f"/proc/{process}/net/{name}"):
            own = fields[1].rpartition(":")[2]
            if int(own, 16) == port and state in {fields[3], None}:
                return True
    return False


def has_abstract(process: str, name: str) -> bool:
    """Return whether the network of a process has a local socket of a name without a file."""
    return any(fields[-1] == name for fields in _lines(f"/proc/{process}/net/unix"))


def _lines(path: str) -> list[list[str]]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as table:  # noqa: PTH123
            return [line.split() for line in table][1:]
    except FileNotFoundError:
        # A system without IPv6.
        return []


def address(raw: bytes) -> tuple[str, int] | None:
    """Return the host and the port of an address of IPv4 or IPv6, or None."""
    family = struct.unpack_from("=H", raw)[0]
    port = int.from_bytes(raw[2:4], "big")
    if family == socket.AF_INET and len(raw) >= 8:
        return socket.inet_ntop(family, raw[4:8]), port
    if family == socket.AF_INET6 and len(raw) >= 24:
        host = socket.inet_ntop(family, raw[8:24])
        return host.removeprefix("::ffff:") if "." in host else host, port
    return None
