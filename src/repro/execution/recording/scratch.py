"""Temporary folders of commands, which the next command removes if their process was killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from repro.store.lock import WriterLock, writer_is_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "repro-command-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a temporary folder, and remove those that killed processes of this user left behind."""
    remove_abandoned(_PREFIX)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as place:
        # Held until this process ends, however it ends.
        lock = WriterLock(Path(place))
        try:
            yield Path(place).resolve()
        finally:
            lock.close()


def remove_abandoned(prefix: str) -> None:
    """Remove temporary folders whose names begin so, if this user's process held them and ended."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        if _is_own(folder) and writer_is_gone(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_own(folder: Path) -> bool:
    """Return whether this user made a folder: anybody can write to the temporary folder."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    user = os.getuid() if hasattr(os, "getuid") else status.st_uid
    return not folder.is_symlink() and folder.is_dir() and status.st_uid == user
