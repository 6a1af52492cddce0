"""Standard streams on which progress and warnings can be lost, and an answer cannot."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

_STANDARD = 3


class _Lossy(io.FileIO):
    """A file that drops what it cannot write: a full disk, or a reader that has gone."""

    def write(self, data: Any, /) -> int:
        """Write what can be written; say that all of it was."""
        size = len(memoryview(data).cast("B"))
        try:
            written = super().write(data)
        except OSError:
            return size
        # None is what a pipe that does not block answers when it is full.
        return size if written is None else written


def prepare() -> None:
    """Give the process three standard streams, with a standard error that cannot fail.

    A stream that the caller closed takes what is written to it and loses it, as was asked. Only
    standard output can fail after this, since an answer that nobody can read is no answer.
    """
    _open_all()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    error = sys.stderr
    if isinstance(error, io.TextIOWrapper) and error is sys.__stderr__:
        # Not line by line from the old one: what it could not write would fail again at the end.
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(_Lossy(error.fileno(), "w", closefd=False)),
            encoding=error.encoding,
            errors="backslashreplace",
            line_buffering=True,
        )
    output = sys.stdout
    if isinstance(output, io.TextIOWrapper) and output.encoding.lower() not in {"utf-8", "utf8"}:
        output.reconfigure(errors="backslashreplace")


def _open_all() -> None:
    """Occupy the numbers of closed streams: a data file would get one of them, and its content."""
    while (number := os.open(os.devnull, os.O_RDWR)) < _STANDARD:
        os.set_inheritable(number, True)  # noqa: FBT003 - it takes no name
    os.close(number)
