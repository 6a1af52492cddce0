"""Advisory locks: whether the writer of an unfinished run still lives, and one writer at a time.

The writer of a run holds a lock on a file in its folder; the operating system lets go of it when
the writer ends, however it ends. A lock says nothing across machines (many network file systems and
container mounts keep locks to themselves), so the file names its host, and a stranger's folder is
left behind only once nothing in it was touched for a day; so is one in the instants before the lock
is taken and after it is given back. A process id would say less: it is reused, and means nothing in
a different container.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path
    from typing import IO

WRITER = ".writer"
GRACE = timedelta(days=1)

_PATIENCE, _PAUSE = 120.0, 0.02  # seconds


def acquire(file: IO[bytes]) -> bool:
    """Take the lock of an open file; return False if a different process holds it.

    It goes when the file is closed or the process ends. On Windows the first byte of a locked file
    cannot be read by others.

    Raises
    ------
    OSError
        If the file system has no locks.
    """
    # Imported when used: reading runs takes no lock.
    from filelock import lock_descriptor  # noqa: PLC0415

    return lock_descriptor(file.fileno(), blocking=False)


class WriterLock:
    """The sign that a folder is being written; it goes when the process does."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / WRITER
        self._file = self._path.open("xb", buffering=0)
        # Where locks are not supported the file stays empty, which says so.
        with suppress(OSError):
            acquire(self._file)
            # Only once the lock is held: until then, nobody may conclude anything from it.
            self._file.write(host())

    def close(self) -> None:
        """Let go of the lock; the file stays."""
        self._file.close()

    def release(self) -> None:
        """Let go of the lock and take its file away, for the folder is about to be a run."""
        self.close()
        self._path.unlink(missing_ok=True)


def is_abandoned(folder: Path, now: datetime) -> bool:
    """Return whether nobody writes, or removes, an unfinished folder any more."""
    return writer_is_gone(folder) or _is_old(folder, now)


def writer_is_gone(folder: Path) -> bool:
    """Return whether a process of this machine held the lock of a folder, and has ended."""
    try:
        with (folder / WRITER).open("r+b") as file:
            return file.read() == host() and acquire(file)
    except OSError:
        return False


def _is_old(folder: Path, now: datetime) -> bool:
    try:
        touched = max(path.lstat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return False
    return now.timestamp() - touched > GRACE.total_seconds()


def host() -> bytes:
    """Return the name of this machine, as a folder that is being written names its writer."""
    return (platform.node() or "unknown").encode()


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Let one process at a time change a file that is replaced as a whole.

    The lock is on a file beside it, which exists only while it is held: a lock on the file itself
    would be on what is replaced. Where the file system has no locks, nothing is held.

    Raises
    ------
    PreconditionError
        If nothing can be written beside the file, or other processes hold the lock for two minutes.
    """
    beside = path.with_name(f".{path.name}.lock")
    try:
        file = _acquired(beside)
    except OSError as error:
        raise PreconditionError(
            f"{path}: cannot be changed: {error.strerror}", advice="make its folder writable"
        ) from error
    try:
        yield
    finally:
        if sys.platform == "win32":
            file.close()  # Windows removes no open file, and none that others hold
        with suppress(OSError):
            beside.unlink()
        file.close()


def _acquired(path: Path) -> IO[bytes]:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        file = path.open("ab")
        try:
            held = acquire(file)
        except OSError:
            return file  # the file system has no locks
        # An earlier holder may have removed it: a lock on a removed file excludes nobody.
        if held and is_at(file, path):
            return file
        file.close()
        time.sleep(_PAUSE)
    raise PreconditionError(
        f"{path}: held by other processes for {_PATIENCE:g} s", advice="end them, or try again"
    )


def is_at(file: IO[bytes], path: Path) -> bool:
    """Return whether an open file is still the one at a path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False
