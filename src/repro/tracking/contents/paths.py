"""Digests of files and folders as data."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from repro.core.canonical import TaggedHash
from repro.core.errors import TrackingError
from repro.digest.files import open_regular

USUAL = "sha256"
"""The algorithm of digests, and of checksums unless a program asks for a different one."""
_WIDE = 100


def digest_path(path: Path, algorithm: str) -> tuple[str, dict[str, Any]]:
    """Return the hexadecimal digest and the facts of a file or a folder.

    That of a file is what ``sha256sum`` prints. That of a folder is over the relative names of all
    files, sorted, each with the digest of its content; links are followed.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    TrackingError
        If it is a pipe, a socket or a device, a link in it is broken or leads in a circle, or a
        file changes while it is read.
    """
    try:
        exists = path.exists()
    except OSError as error:
        raise TrackingError(
            f"{str(path)[:_WIDE]!r} is no path: {error.strerror}",
            advice="text is the path of a file or a folder; put other text into a list",
        ) from error
    if not exists:
        kind = "a broken link" if path.is_symlink() else "no file or folder"
        raise FileNotFoundError(f"{path}: expected data, found {kind}")
    facts: dict[str, Any] = {"path": str(path.absolute())}
    if not path.is_dir():
        digest, size = _file(path, algorithm)
        return digest, facts | {"size_bytes": size}
    tagged, total, count = TaggedHash("folder"), 0, 0
    for name, file in sorted(_files(path, "", (os.path.realpath(path),))):
        digest, size = _file(file, algorithm)
        tagged.add(os.fsencode(name)).add(digest.encode())
        total, count = total + size, count + 1
    whole = tagged.digest().partition(":")[2]
    checksum = whole if algorithm == USUAL else hashed(algorithm, tagged.digest())
    return checksum, facts | {"size_bytes": total, "file_count": count}


def hashed(algorithm: str, digest: str) -> str:
    """Return a digest's digest by a different algorithm, in hexadecimal."""
    return hashlib.new(algorithm, digest.encode(), usedforsecurity=False).hexdigest()


def _file(path: Path, algorithm: str) -> tuple[str, int]:
    try:
        with open_regular(path) as stream:
            before = os.fstat(stream.fileno())
            found = hashlib.file_digest(stream, algorithm)
        after = path.stat()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise TrackingError(f"{path}: cannot be read: {error.strerror}") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise TrackingError(
            f"{path} changed while it was read", advice="track it when nothing writes to it"
        )
    return found.hexdigest(), before.st_size


def _files(folder: Path, prefix: str, above: tuple[str, ...]) -> list[tuple[str, Path]]:
    found = []
    for entry in os.scandir(folder):
        path, name = Path(entry.path), prefix + entry.name
        if entry.is_symlink() and not path.exists():
            raise TrackingError(f"{path}: a broken link to {path.readlink()}", advice="remove it")
        if not entry.is_dir():
            found.append((name, path))
            continue
        real = os.path.realpath(path)
        if real in above:
            raise TrackingError(f"{path}: a link to a folder that it is in", advice="remove it")
        found += _files(path, f"{name}/", (*above, real))
    return found
