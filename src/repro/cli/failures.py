"""Messages for errors that no use case has put into words."""

from __future__ import annotations

import errno
import os

from repro.cli import foreign
from repro.core.errors import ReproError

_LIMITS = "raise the limits of this process (ulimit -a shows them), or close other programs"
_REPORT = "this is a defect of repro; run again with --debug and report the traceback"
_MEMORY = "make more memory available (ulimit -v), or train on fewer rows: --set split.limit=1000"
_SCARCE = {errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM}
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EPIPE}
# By the name of the class: these are raised by packages that may not be imported.
_WORKERS = {"TerminatedWorkerError", "BrokenProcessPool"}


def explain(error: Exception) -> tuple[str, str]:
    """Return what happened, and the next step.

    Parameters
    ----------
    error : Exception
        Of any kind; a ``ReproError`` has its own words.
    """
    if isinstance(error, ReproError):
        return error.message, error.advice
    if isinstance(error, OSError):
        return _of_system(error)
    return _of_resources(error) or _of_imports(error) or _unexpected(error)


def _unexpected(error: Exception) -> tuple[str, str]:
    return f"unexpected {type(error).__name__}: {error}", _REPORT


def _of_resources(error: Exception) -> tuple[str, str] | None:
    text = str(error)
    if isinstance(error, MemoryError) or "failed to map segment" in text:
        return f"out of memory{f': {text}' if text else ''}", _MEMORY
    if isinstance(error, RecursionError):
        return "the input is nested too deeply", "flatten it, or get a fresh copy"
    if type(error).__name__ in _WORKERS:
        return f"a worker process was killed: {text}", f"use --workers 1; {_MEMORY}"
    if isinstance(error, RuntimeError) and "start new thread" in text:
        return "no thread can be started", _LIMITS
    return None


def _of_imports(error: Exception) -> tuple[str, str] | None:
    try:
        found = foreign.foreign(error)
    # What has failed once, under a low limit, fails again.
    except (ImportError, MemoryError, OSError):
        found = ""
    if found:
        return f"{found} ({type(error).__name__}: {error})", foreign.ADVICE
    if isinstance(error, ImportError):
        return f"cannot import: {error}", f"reinstall repro with its packages; or {_LIMITS}"
    return None


def _of_system(error: OSError) -> tuple[str, str]:
    reason = error.strerror or str(error) or type(error).__name__
    if isinstance(error, FileNotFoundError) and not _has_folder():
        return "the current folder no longer exists", "change to an existing folder"
    if error.errno in _SCARCE:
        return f"{_named(error)}{reason}", _LIMITS
    # Whatever else is written has its own message, with the file's name.
    if error.filename is None and error.errno in _UNWRITABLE:
        return f"standard output: {reason}", "free some space, or choose a different location"
    missing = isinstance(error, FileNotFoundError)
    advice = "check its path" if missing else "free some space, or choose a different location"
    return f"{_named(error)}{reason}", advice if error.filename else ""


def _named(error: OSError) -> str:
    return "" if error.filename is None else f"{os.fsdecode(error.filename)}: "


def _has_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - pathlib is not needed otherwise
    except OSError:
        return False
    return True
