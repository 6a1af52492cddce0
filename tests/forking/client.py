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

from repro.launch import Level, lacking, pinned

SERVER = Path(__file__).with_name("server.py")
# Where a process can be forked and its libraries bear it; elsewhere every command is a fresh one.
POSSIBLE = sys.platform == "linux" and not lacking(Level.PORTABLE)
# scikit-learn sets them when it is imported: a test that does so changes its process's environment.
HARMLESS = {"KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"}
# Commands that become another program, or look at how this one was started.
FRESH = {"doctor", "exec"}
# Commands that load the libraries as they are, at no level.
UNPINNED = {"config", "data", "drift", "report"}


class Servers:
    """Two of them, which differ in how their libraries were loaded; started when first wanted."""

    def __init__(self):
        self._pinned, self._unpinned = Server(), Server()

    def find(self, arguments: list[str], environ: dict[str, str]) -> Server | None:
        """Return the one whose fork would be the same as a fresh process; None where none would."""
        name = arguments[2] if len(arguments) > 2 else ""
        if not POSSIBLE or arguments[:2] != ["-m", "repro"] or name in FRESH:
            return None
        server, wanted = self._pinned, pinned(Level.PORTABLE, environ)
        if name in UNPINNED:
            server, wanted = self._unpinned, environ
        return server if server.is_in(wanted) else None

    def close(self) -> None:
        """End both."""
        self._pinned.close()
        self._unpinned.close()


class Server:
    """A process that forks for commands."""

    def __init__(self):
        self._lock = threading.Lock()
        self._process, self._control, self._environ = None, None, {}

    def is_in(self, environ: dict[str, str]) -> bool:
        """Whether its libraries were loaded in this environment; it is started in the first."""
        with self._lock:
            if self._process is None:
                self._start(environ)
        return _counted(environ) == _counted(self._environ)

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
            self._process.wait(10)
            self._process = None

    def _start(self, environ: dict[str, str]) -> None:
        self._environ = environ
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(SERVER), str(theirs.fileno())],
                env=environ, cwd=SERVER.parent, pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

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
