"""The trace of one process: events, appended as they happen."""

from __future__ import annotations

import json
import os
import sys
import time


class Trace:
    """The append-only file of this process; a forked child begins its own.

    Parameters
    ----------
    folder : str
        Folder of the traces of all processes.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._process = -1
        self._file = -1

    def write(self, event: str, **fields: object) -> None:
        """Append an event; one that cannot be written is lost, and the program continues."""
        try:
            if os.getpid() != self._process:
                self._begin()
            self._append({"event": event, **fields})
        except (OSError, ValueError, TypeError):
            return

    def _begin(self) -> None:
        forked = self._process != -1
        self._process = os.getpid()
        name = f"{time.monotonic_ns():020d}-{self._process}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        self._file = os.open(os.path.join(self._folder, name), flags, 0o600)
        # Under `python -m module`, sys.argv is incomplete at this point and orig_argv is not.
        words = getattr(sys, "orig_argv", None) or [sys.executable, *sys.argv]
        self._append(
            {
                "event": "process",
                "process": self._process,
                "parent": os.getppid(),
                "forked": forked,
                "words": words,
                "executable": sys.executable,
                "version": ".".join(map(str, sys.version_info[:3])),
                "paths": sys.path,
            }
        )

    def _append(self, fields: dict[str, object]) -> None:
        # One call per line, so that the lines of threads do not mix.
        os.write(self._file, json.dumps(fields).encode("ascii") + b"\n")
