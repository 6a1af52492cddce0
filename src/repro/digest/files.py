"""Digests of bytes, files and folders; needs the standard library only."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from repro.core.canonical import TaggedHash
from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    with path.open("rb", buffering=0) as stream:
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
                    advice="Replace symbolic links by what they point to.",
                )
