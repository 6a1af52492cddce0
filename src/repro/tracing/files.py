"""Files, programs and hosts that the recorded program reaches, by Python's audit events.

A file that a library opens in C or C++ raises no such event. Known readers of that kind have
adapters, and the seal finds the rest.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from contextlib import suppress
from importlib.util import source_from_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.tracing.places import Places
    from repro.tracing.trace import Trace

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CODE = (".py", ".pyc", ".pyw")
_PACKAGES = "/site-packages/"
_BLOCK = 1 << 20
_LOOPBACK = ("127.", "::1", "localhost")


class Files:
    """Writes an event the first time that a file, folder, program or host is reached.

    Parameters
    ----------
    trace : Trace
    places : Places
        Excludes the files of Python, of packages and of the system.
    """

    def __init__(self, trace: Trace, places: Places) -> None:
        self._trace = trace
        self._places = places
        self._seen: set[tuple[object, ...]] = set()
        self._read: set[str] = set()
        self._busy = False
        self.aside: Callable[[], bool] = lambda: False
        self._handlers: dict[str, Callable[..., None]] = {
            "open": self._open,
            "os.listdir": self._list,
            "os.scandir": self._list,
            "os.rename": self._move,
            "cpython.run_file": self._run,
            "import": self._import,
            "subprocess.Popen": self._start,
            "os.posix_spawn": self._spawn,
            "os.exec": self._spawn,
            "os.system": self._system,
            "socket.connect": self._connect,
            "sqlite3.connect": self._database,
        }

    def watch(self) -> None:
        """Watch from now on until the process ends; an audit hook cannot be removed."""
        handlers = self._handlers

        def hook(event: str, given: tuple[Any, ...]) -> None:
            """Handle an audit event."""
            handle = handlers.get(event)
            if handle is None or self._busy or self.aside():
                return
            self._busy = True
            try:
                handle(*given)
            except Exception:
                return
            finally:
                self._busy = False

        sys.addaudithook(hook)

    def note_read(self, path: object) -> None:
        """Note a file that a library is about to read without an audit event."""
        text = _text(path)
        if text is not None and os.path.isfile(text):
            self._note_read(os.path.abspath(text), os.path.isabs(text))

    def _is_new(self, *key: object) -> bool:
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _open(self, path: object, mode: object, flags: object) -> None:
        text = _text(path)
        if text is None:
            return
        absolute = os.path.abspath(text)
        flags = flags if isinstance(flags, int) else 0
        writes = bool(flags & _WRITES)
        if not self._is_new("open", absolute, writes) or not self._places.data(absolute):
            return
        if writes:
            self._note_write(absolute, emptied=bool(flags & os.O_TRUNC))
        elif absolute.endswith(_CODE):
            self._note_code(absolute)
        else:
            self._note_read(absolute, os.path.isabs(text))

    def _note_read(self, path: str, absolute: bool) -> None:  # noqa: FBT001 - private
        if not self._is_new("read", path):
            return
        try:
            found = os.stat(path)
        except OSError:
            return
        if os.path.isfile(path):
            self._read.add(path)
            self._trace.write(
                "read",
                path=path,
                size=found.st_size,
                time=found.st_mtime_ns,
                absolute=absolute,
                at=time.monotonic_ns(),
            )

    def _note_write(self, path: str, *, emptied: bool) -> None:
        if "__pycache__" in path:
            return
        # Opening it for writing destroys the content that was read.
        before = _sha256(path) if path in self._read else None
        self._trace.write(
            "write",
            path=path,
            existed=os.path.lexists(path),
            before=before,
            emptied=emptied,
            at=time.monotonic_ns(),
        )

    def _note_code(self, path: str) -> None:
        if path.endswith(".pyc"):
            with suppress(ValueError):
                path = source_from_cache(path)
        if self._is_new("code", path) and os.path.isfile(path):
            self._trace.write("code", path=path)

    def _run(self, path: object) -> None:
        text = _text(path)
        if text is not None and self._places.data(os.path.abspath(text)):
            self._note_code(os.path.abspath(text))

    def _import(self, module: str, path: object, *_: object) -> None:
        # The system loads an extension module: no file is opened by Python.
        text = _text(path)
        if text is not None and self._places.data(os.path.abspath(text)):
            self._note_code(os.path.abspath(text))

    def _list(self, path: object) -> None:
        text = _text(path) if path is not None else os.curdir
        if text is None or _is_importing():
            return
        absolute = os.path.abspath(text)
        if self._places.data(absolute) and self._is_new("list", absolute):
            names = sorted(name for name in os.listdir(absolute) if name != "__pycache__")
            digest = hashlib.sha256("\0".join(names).encode("utf-8", "replace")).hexdigest()
            self._trace.write("listed", path=absolute, digest=f"names/v1:{digest}")

    def _move(self, source: object, target: object, *_: object) -> None:
        before, after = _text(source), _text(target)
        if before is not None and after is not None:
            self._trace.write(
                "moved", source=os.path.abspath(before), target=os.path.abspath(after)
            )

    def _start(self, program: object, words: object, *_: object) -> None:
        given = [_text(word) or "" for word in words] if isinstance(words, (list, tuple)) else []
        self._note_started(given or [_text(words) or ""], _text(program))

    def _spawn(self, program: object, words: object, *_: object) -> None:
        self._start(program, words)

    def _system(self, line: object) -> None:
        self._note_started(["sh", "-c", _text(line) or ""], "sh")

    def _note_started(self, words: list[str], program: str | None) -> None:
        path = (program or words[0]).replace(os.sep, "/")
        # A program of a package is not on PATH, so its place in the package is part of its name.
        name = path[path.find(_PACKAGES) + 1 :] if _PACKAGES in path else os.path.basename(path)
        # Not the arguments, which may be private.
        flags = [word for word in words[1:2] if word.startswith("-")]
        if self._is_new("started", name, *flags):
            self._trace.write("started", program=name, flags=flags)

    def _connect(self, _socket: object, address: object) -> None:
        host = address[0] if isinstance(address, tuple) and address else None
        if isinstance(host, str) and not host.startswith(_LOOPBACK) and self._is_new("host", host):
            self._trace.write("network", host=host)

    def _database(self, path: object) -> None:
        text = _text(path)
        if text is not None and os.path.isfile(text):
            self._note_read(os.path.abspath(text), os.path.isabs(text))


def _text(path: object) -> str | None:
    if isinstance(path, (str, bytes, os.PathLike)):
        found = os.fsdecode(path)
        return found or None
    return None


def _is_importing() -> bool:
    frame = sys._getframe()  # noqa: SLF001 - there is no other way to ask
    here = frame.f_code.co_filename
    while frame is not None and frame.f_code.co_filename == here:
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and "importlib" in frame.f_code.co_filename


def _sha256(path: str) -> str | None:
    found = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                found.update(block)
    except OSError:
        return None
    return found.hexdigest()
