"""Digests of bytes, files and folders; needs the standard library only."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from repro.core.canonical import TaggedHash
from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def sha256_bytes(data: bytes | memoryview) -> str:
    """Return the plain SHA-256 of bytes, in hexadecimal.

    Examples
    --------
    >>> sha256_bytes(b"abc")[:16]
    'ba7816bf8f01cfea'
    """
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: str | os.PathLike[str]) -> str:
    """Return the plain SHA-256 of a file's content, as ``sha256sum`` prints it.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    return _file_hash(Path(path)).hexdigest()


def open_regular(path: Path) -> FileIO:
    """Open a regular file to read it; a symbolic link is followed.

    Opening a named pipe waits until somebody writes to it, and a device may have no end.

    Raises
    ------
    OSError
        If it cannot be read; ``strerror`` says what it is if it is not a regular file.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kinds = (kind for is_kind, kind in _KINDS if is_kind(mode))
        found = f"it is {next(kinds, 'no regular file')}, not a file"
        raise OSError(errno.EINVAL, found, str(path))
    return path.open("rb", buffering=0)


def digest_bytes(data: bytes | memoryview) -> str:
    """Return the tagged digest of bytes, ``bytes/v1:<hex>``."""
    return TaggedHash("bytes").add(data).digest()


def digest_tree(folder: str | os.PathLike[str]) -> str:
    """Return the digest of every file under a folder, ``tree/v1:<hex>``.

    Relative POSIX names, sorted by their bytes, each with the SHA-256 of the file's content. Times,
    owners and permissions do not count, nor do folders without files. Where the folder itself lies
    does not count either, and it may be reached through a symbolic link.

    Raises
    ------
    PreconditionError
        If it is not a folder, or holds anything but folders and regular files: what a symbolic
        link means depends on the machine.
    """
    root = Path(folder)
    if not root.is_dir():
        raise PreconditionError(f"{root} is not a folder.")
    tagged = TaggedHash("tree")
    for name, path in sorted((_posix_name(path, root), path) for path in _files(root)):
        tagged.add(name).add(_file_hash(path).digest())
    return tagged.digest()


def _file_hash(path: Path) -> hashlib._Hash:
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256")


def _posix_name(path: Path, root: Path) -> bytes:
    return os.fsencode(path.relative_to(root).as_posix())


def _files(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield Path(entry.path)
            else:
                raise PreconditionError(
                    f"{entry.path} is neither a folder nor a regular file.",
                    advice="Replace symbolic links with their targets.",
                )
