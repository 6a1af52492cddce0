"""The index of a folder of runs: what was read of them, so that many are listed at once.

The index decides nothing: a value counts only while every file that it was made of has the size,
times and inode that it had, and anything else is read again. It may be removed at any time. A
folder with few runs has none.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from repro import __version__
from repro.store.disk import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from pydantic import JsonValue

    # A value, and the files of the run that it was made of; None if it is not to be kept.
    Made = tuple[JsonValue, Sequence[str] | None]

INDEX = ".index.json"
_FEWEST = 100
_FORM = [2, __version__]
# Times of files have steps, of up to two seconds on some file systems.
_SETTLED = 3 * 10**9


def indexed(runs: Path, folders: Iterable[Path], make: Callable[[Path], Made]) -> list[JsonValue]:
    """Return a value for each run, from the index where its files are as they were.

    Parameters
    ----------
    make : callable
        Reads a run. What it returns is the same for the same files.
    """
    known, found = _read(runs), []
    kept: dict[str, list[Any]] = {}
    for folder in folders:
        old = known.get(folder.name)
        if old is not None and old[0] == _stamps(folder, old[0]):
            value, kept[folder.name] = old[1], old
        else:
            value, files = make(folder)
            stamps = None if files is None else _stamps(folder, files)
            if stamps is not None and _are_settled(stamps):
                kept[folder.name] = [stamps, value]
        found.append(value)
    if len(kept) >= _FEWEST and kept != known:
        _write(runs, kept)
    return found


def _stamps(folder: Path, names: Iterable[str]) -> dict[str, list[int]] | None:
    """Return what changes with a file's content, by name; None if a file is missing."""
    stamps = {}
    for name in names:
        try:
            found = os.lstat(f"{folder}{os.sep}{name}")
        except OSError:
            return None
        stamps[name] = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
    return stamps


def _are_settled(stamps: dict[str, list[int]]) -> bool:
    """Return whether a change from now on would have a time of its own."""
    return time.time_ns() - max(changed for _, _, changed, _ in stamps.values()) > _SETTLED


def _read(runs: Path) -> dict[str, list[Any]]:
    """Return what is kept by the name of a run; nothing if a byte is not as it was written."""
    try:
        digest, _, content = (runs / INDEX).read_bytes().partition(b"\n")
        if digest.decode() == hashlib.sha256(content).hexdigest():
            found = json.loads(content)
            return dict(found["runs"]) if found["form"] == _FORM else {}
    except (OSError, ValueError):
        pass
    return {}


def _write(runs: Path, kept: dict[str, list[Any]]) -> None:
    content = json.dumps({"form": _FORM, "runs": kept}, separators=(",", ":")).encode()
    # Without a place for it, runs are only listed more slowly.
    with suppress(OSError):
        digest = hashlib.sha256(content).hexdigest().encode()
        replace_file(runs / INDEX, digest + b"\n" + content)
