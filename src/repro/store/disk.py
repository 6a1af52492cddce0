"""Files and folders as they are on disk: regular, durable, or a clear reason why not."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_REASONS = {
    errno.EEXIST: "a file or a broken link is in the way",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EACCES: "you have no permission to write to it",
    errno.EPERM: "you have no permission to write to it",
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "no space is left",
    errno.EDQUOT: "your disk quota is exceeded",
}
# Several times what the widest table makes of any JSON file, and little enough to parse.
JSON_LIMIT = 32 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT}


def oddity(path: Path) -> str:
    """Say what a path is if it is not a regular file; a symbolic link is not followed.

    Returns
    -------
    str
        Empty for a regular file.

    Raises
    ------
    OSError
        If there is nothing, or it cannot be looked at.
    """
    mode = path.lstat().st_mode
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    return "a folder" if stat.S_ISDIR(mode) else "a device, pipe or socket"


def read_limited(path: Path, name: str, limit: int = JSON_LIMIT) -> bytes:
    """Read a file that may come from anybody, unless it is too large for what it is said to be.

    Raises
    ------
    OSError
        If it cannot be read.
    SchemaError
        If it is larger; nothing is read then.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        # Not up to the limit at once: as much memory would be taken first.
        content = b"" if size > limit else file.read(size + 1)
        if len(content) > size:
            # A pipe has no size before it is read, and a file may grow.
            content += file.read(limit - size)
    if max(size, len(content)) > limit:
        raise SchemaError(
            f"{name}: larger than {limit >> 20} MiB, the limit for such a file",
            advice="get a fresh copy: no file that this program writes is so large",
        )
    return content


def sync_files(paths: Sequence[Path]) -> None:
    """Wait until the content of files is durable.

    Raises
    ------
    OSError
        If the content of any of them could not be kept.
    """
    # Imported when used: only writers need it, and checking a run is to start quickly.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    # All at once: a journaling file system then commits once, not once for each file.
    try:
        with ThreadPoolExecutor(max_workers=max(len(paths), 1)) as pool:
            list(pool.map(_sync_file, paths))
    except RuntimeError:
        # A program that records itself may be about to exit, and starts no threads any more.
        for path in paths:
            _sync_file(path)


def _sync_file(path: Path) -> None:
    # Windows flushes only what is open for writing.
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are durable, where the platform has a way to."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot sync folders; the names are as durable as they get.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in place whole, with the permissions of any other new file.

    Raises
    ------
    OSError
        If it cannot be written; what was in its place stays then.
    """
    # Imported when used: checking a run is to start quickly.
    import tempfile  # noqa: PLC0415

    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            file.close()
            mask = os.umask(0)
            os.umask(mask)
            temporary.chmod(0o666 & ~mask)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into a sentence with the next step.

    Raises
    ------
    PreconditionError
        Instead of any OSError.
    """
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
        first = "free some space, or " if error.errno in _FULL else ""
        raise PreconditionError(
            f"{path}: cannot be written: {reason}",
            advice=f"{first}choose a writable folder: --runs FOLDER",
        ) from error
