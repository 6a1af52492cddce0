"""The working folder of a command: its files, and a copy that the command may write to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEFT_OUT = frozenset({".git", "__pycache__", "node_modules", ".ipynb_checkpoints"})
_CLONE = 0x40049409
_MOST = 200_000

State = dict[str, tuple[int, int]]


def state_of(folder: Path, runs: Path | None = None) -> State:
    """Return size and modification time of every file, by its POSIX path in the folder.

    Subfolders are included; their names end in a slash.

    Parameters
    ----------
    runs : Path, optional
        Folder of the runs. It is left out; so are ``.git``, environments and caches.
    """
    found: State = {}
    for name, entry in _entries(folder, runs):
        try:
            status = entry.stat()
        except OSError:
            continue
        if entry.is_dir(follow_symlinks=False):
            found[f"{name}/"] = (0, 0)
        else:
            found[name] = (status.st_size, status.st_mtime_ns)
        if len(found) >= _MOST:
            break
    return found


def copy_of(folder: Path, target: Path, runs: Path | None, without: frozenset[str]) -> None:
    """Copy a working folder without the files that the recorded command made.

    Copies share blocks with the originals if the file system supports it; they are never hard
    links to the user's files.

    Parameters
    ----------
    without : frozenset of str
        POSIX paths of files that the recorded command made.
    """
    for name, entry in _entries(folder, runs):
        path, copy = Path(entry.path), target / name
        if name in without:
            continue
        if entry.is_dir(follow_symlinks=False):
            if f"{name}/" not in without:
                copy.mkdir(parents=True, exist_ok=True)
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            copy.symlink_to(path.readlink())
        elif path.is_file():
            _copy_file(path, copy)


def _copy_file(source: Path, target: Path) -> None:
    if not _cloned(source, target):
        shutil.copyfile(source, target)
    shutil.copystat(source, target)


def _cloned(source: Path, target: Path) -> bool:
    """Make a copy that shares its blocks with the original; return whether that worked."""
    try:
        import fcntl  # noqa: PLC0415 - Windows has none

        with source.open("rb") as original, target.open("wb") as copy:
            fcntl.ioctl(copy.fileno(), _CLONE, original.fileno())
    except (ImportError, OSError):
        return False
    return True


def _entries(folder: Path, runs: Path | None) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield every folder and every file with its POSIX path; a folder before its content."""
    pending = [("", str(folder))]
    while pending:
        start, place = pending.pop()
        try:
            with os.scandir(place) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError:
            continue
        inner = []
        for entry in entries:
            if _leads_to_folder(entry) and _is_left_out(entry, runs):
                continue
            yield start + entry.name, entry
            if entry.is_dir(follow_symlinks=False):
                inner.append((f"{start}{entry.name}/", entry.path))
        pending += reversed(inner)


def _is_left_out(entry: os.DirEntry[str], runs: Path | None) -> bool:
    if entry.name in _LEFT_OUT or (runs is not None and entry.path == str(runs)):
        return True
    return os.path.isfile(os.path.join(entry.path, "pyvenv.cfg"))  # noqa: PTH113, PTH118


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link to itself
