"""Putting the files of a project into its folder: none is replaced, and all come or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError
from repro.store.lock import WriterLock, is_abandoned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PREFIX = ".repro-init-"


@contextmanager
def beside(folder: Path) -> Iterator[Path]:
    """Yield a new folder inside one that is made if it is missing.

    At the end the new one is removed; so is the outer one, if it was made for it and is empty. What
    a killed process left of an earlier attempt is removed first.

    Raises
    ------
    PreconditionError
        If the folder cannot be made or written to.
    """
    made = list(_make(folder))
    for left in folder.glob(f"{_PREFIX}*"):
        if is_abandoned(left, datetime.now(UTC)):
            shutil.rmtree(left, ignore_errors=True)
    try:
        place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    except OSError as error:
        _remove_empty(made)
        raise _refused(folder, error) from error
    lock: WriterLock | None = None
    try:
        lock, stage = WriterLock(place), place / "project"
        stage.mkdir()
        yield stage
    except OSError as error:
        # Such as a full disk.
        raise _refused(folder, error) from error
    finally:
        if lock is not None:
            lock.close()
        shutil.rmtree(place, ignore_errors=True)
        _remove_empty(made)


def place(staged: Path, folder: Path, last: Sequence[str]) -> tuple[list[str], list[str]]:
    """Move every file of one folder into a second one, unless that has a file of its name.

    Parameters
    ----------
    last : sequence of str
        Files by which the second folder is known to be complete: if the process is killed, they
        are missing.

    Returns
    -------
    placed, kept : list of str
        What was moved, and what was there before, as POSIX paths, sorted.

    Raises
    ------
    PreconditionError
        If a file cannot be written; whatever was moved is then removed again.
    """
    placed: list[str] = []
    kept: list[str] = []
    made: list[Path] = []
    try:
        files = [each for each in staged.rglob("*") if not each.is_dir()]
        names = (path.relative_to(staged).as_posix() for path in files)
        for name in sorted(names, key=lambda name: (name in last, name)):
            path = staged / name
            target = folder / name
            made += _make(target.parent)
            (placed if _move(path, target) else kept).append(name)
    except BaseException as error:
        for name in placed:
            (folder / name).unlink(missing_ok=True)
        _remove_empty(made)
        if isinstance(error, OSError):
            raise _refused(folder, error) from error
        raise
    return sorted(placed), sorted(kept)


def _move(path: Path, target: Path) -> bool:
    """Put a file where none is, and return whether none was."""
    try:
        # Unlike a rename, this never replaces a file that has appeared meanwhile.
        os.link(path, target)
    except FileExistsError:
        return False
    except OSError:
        # Not every file system has links.
        try:
            with path.open("rb") as source, target.open("xb") as copy:
                shutil.copyfileobj(source, copy)
        except FileExistsError:
            return False
    return True


def _make(folder: Path) -> Iterator[Path]:
    """Make a folder and those above it; yield the ones that were missing, the uppermost first."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        try:
            each.mkdir()
        except OSError as error:
            raise _refused(each, error) from error
        yield each


def _remove_empty(folders: list[Path]) -> None:
    for each in reversed(folders):
        try:
            each.rmdir()
        except OSError:
            continue


def _refused(folder: Path, error: OSError) -> PreconditionError:
    return PreconditionError(
        f"{folder}: cannot be written: {error.strerror}",
        advice="make it writable, free some space, or name a different folder",
    )
