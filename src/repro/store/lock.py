"""Whether the writer of an unfinished run still lives.

The writer holds an advisory lock on a file in its folder; the operating system lets go of it when
the writer ends, however it ends. A lock says nothing across machines (many network file systems and
container mounts keep locks to themselves), so the file names its host, and a stranger's folder is
left behind only once nothing in it was touched for a day; so is one in the instants before the lock
is taken and after it is given back. A process id would say less: it is reused, and means nothing in
another container.
"""

from __future__ import annotations

import platform
import sys
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from typing import IO

if sys.platform == "win32":
    import msvcrt

    # Far behind the content: a locked range cannot be read on Windows.
    _RANGE_START = 1 << 20

    def _lock(file: IO[bytes]) -> None:
        file.seek(_RANGE_START)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


WRITER = ".writer"
GRACE = timedelta(days=1)


class WriterLock:
    """The sign that a folder is being written; it goes when the process does."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / WRITER
        self._file = self._path.open("xb", buffering=0)
        # Where locks are not supported the file stays empty, which says so.
        with suppress(OSError):
            _lock(self._file)
            # Only once the lock is held: until then, nobody may conclude anything from it.
            self._file.write(_host())

    def close(self) -> None:
        """Let go of the lock; the file stays."""
        self._file.close()

    def release(self) -> None:
        """Let go of the lock and take its file away, for the folder is about to be a run."""
        self.close()
        self._path.unlink(missing_ok=True)


def is_abandoned(folder: Path, now: datetime) -> bool:
    """Whether nobody writes, or removes, an unfinished folder any more."""
    return _writer_is_gone(folder / WRITER) or _is_old(folder, now)


def _writer_is_gone(path: Path) -> bool:
    try:
        with path.open("r+b") as file:
            if file.read() != _host():
                return False
            _lock(file)
    except OSError:
        return False
    return True


def _is_old(folder: Path, now: datetime) -> bool:
    try:
        touched = max(path.lstat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return False
    return now.timestamp() - touched > GRACE.total_seconds()


def _host() -> bytes:
    return (platform.node() or "unknown").encode()
