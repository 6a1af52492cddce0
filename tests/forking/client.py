"""Commands of `repro`, run by a process that has loaded its libraries and forks for each."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from repro.core.variables import HASH_SEED, can_leak
from repro.launch import Level, lacking, pinned

if TYPE_CHECKING:
    from collections.abc import Mapping

    _Key = frozenset[tuple[str, str]]

SERVER = Path(__file__).with_name("server.py")
# Where a process can be forked and its libraries bear it; elsewhere every command is a fresh one.
POSSIBLE = sys.platform == "linux" and not lacking(Level.PORTABLE)
# scikit-learn sets them when it is imported: a test that does so changes its process's environment.
HARMLESS = {"KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"}
# Commands that become another program, or look at how this one was started.
FRESH = {"doctor", "exec"}
# Commands that load the libraries as they are, at no level.
UNPINNED = {"config", "data", "drift", "report"}

# One that is closed while it loads ends when it has loaded, which takes a while on a busy machine.
_ENDING_SECONDS = 300


class Servers:
    """A few of them, which differ in how their libraries were loaded.

    To load the libraries for one command gains nothing: a server starts when its environment is
    wanted for the second time. The one that was not used for longest ends if there are too many.
    """

    def __init__(self, most: int = 4):
        self._most = most
        self._servers: dict[_Key, Server] = {}
        self._wanted: set[_Key] = set()

    def find(
        self,
        arguments: list[str],
        environ: dict[str, str],
        changed: Mapping[str, str | None] | None = None,
    ) -> Server | None:
        """Return the one whose fork would be the same as a fresh process; None where none would.

        Parameters
        ----------
        changed : mapping of str to str or None, optional
            What the test sets or removes: a part of `environ`.
        """
        name = arguments[2] if len(arguments) > 2 else ""
        if not POSSIBLE or arguments[:2] != ["-m", "repro"] or name in FRESH:
            return None
        if name in UNPINNED:
            return self._of(environ) if not changed else None
        level = _level(arguments)
        loaded = pinned(level, environ)
        if changed and not _leads_libraries_alone(changed, environ, loaded):
            return None
        # Each process has a hash seed of its own; forks have that of their server.
        if not level.keeps_out and environ.get(HASH_SEED, "random") == "random":
            return None
        return self._of(loaded)

    def _of(self, environ: dict[str, str]) -> Server | None:
        key = frozenset(_counted(environ).items())
        server = self._servers.pop(key, None)
        if server is None and key not in self._wanted:
            self._wanted.add(key)
            return None
        # The one that was used last is the last to be closed.
        self._servers[key] = server or Server(environ)
        if len(self._servers) > self._most:
            self._servers.pop(next(iter(self._servers))).close()
        return self._servers[key]

    def close(self) -> None:
        """End all."""
        while self._servers:
            self._servers.popitem()[1].close()


def _level(arguments: list[str]) -> Level:
    # A wrong guess costs time: a fork that needs different libraries becomes a fresh process.
    for option, value in zip(arguments, [*arguments[1:], ""], strict=True):
        given = value if option == "--level" else option.removeprefix("--level=")
        if given in set(Level):
            return Level(given)
    return Level.PORTABLE


def _leads_libraries_alone(
    changed: Mapping[str, str | None], environ: dict[str, str], loaded: dict[str, str]
) -> bool:
    # A command that overrules what it was given is one of launching, and starts as a user's does.
    # So does one of whose process more differs than how the numeric libraries are loaded.
    leads = all(name == HASH_SEED or can_leak(name) for name in changed)
    loads_code = any(name.startswith(("LD_", "DYLD_")) for name in changed)
    overruled = any(environ[name] != loaded.get(name) for name in changed if name in environ)
    return leads and not loads_code and not overruled


class Server:
    """A process that has loaded its libraries in an environment, and forks for commands."""

    def __init__(self, environ: dict[str, str]):
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(SERVER), str(theirs.fileno())],
                env=environ, cwd=SERVER.parent, pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def run(
        self, arguments: list[str], cwd: Path, environ: dict[str, str], timeout: float
    ) -> tuple[int, str, str]:
        """Run a command; return its exit status, and what it wrote to its two streams.

        Raises
        ------
        subprocess.TimeoutExpired
            It was then ended.
        """
        deadline = time.monotonic() + timeout
        request = {"argv": arguments, "cwd": str(cwd), "environ": environ}
        out, err = _Pipe(), _Pipe()
        with self._send(request, out, err) as reply:
            pid = int(reply.readline())
            try:
                texts = [each.text(deadline) for each in (out, err)]
            except BaseException:
                os.kill(pid, signal.SIGKILL)
                raise
            return int(reply.readline()), *texts

    @property
    def pid(self) -> int | None:
        """Of the process, where it runs."""
        return self._process and self._process.pid

    def close(self) -> None:
        """End the process, which does so by itself if this one ends without closing."""
        if self._process is not None:
            self._control.close()
            self._process.wait(_ENDING_SECONDS)
            self._process = None

    def _send(self, request: object, out: _Pipe, err: _Pipe) -> io.BufferedReader:
        body = json.dumps(request).encode()
        mine, theirs = socket.socketpair()
        with theirs, out.end, err.end, self._lock:
            files = [theirs.fileno(), 0, out.end.fileno(), err.end.fileno()]
            socket.send_fds(self._control, [b"%08x" % len(body)], files)
            self._control.sendall(body)
        with mine:
            return mine.makefile("rb")


class _Pipe:
    """What a process writes, read while it runs.

    Attributes
    ----------
    end : file
        For the process to write to; closed by its giver once it has been handed over.
    """

    def __init__(self):
        reading, writing = os.pipe()
        self.end, self._file = os.fdopen(writing, "wb"), os.fdopen(reading, "rb")
        self._content = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._file:
            self._content = self._file.read()

    def text(self, deadline: float) -> str:
        """Return all of it, as `subprocess` would; wait until nobody can write any more."""
        self._thread.join(max(0, deadline - time.monotonic()))
        if self._thread.is_alive():
            raise subprocess.TimeoutExpired("repro", deadline)
        return io.TextIOWrapper(io.BytesIO(self._content), encoding="utf-8").read()


def _counted(environ: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in HARMLESS}
