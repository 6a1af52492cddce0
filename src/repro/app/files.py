"""Files that people ask for by name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from repro.config.project import BASE
from repro.core.errors import ConfigError, PreconditionError
from repro.store.disk import replace_file
from repro.store.naming import LINEAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_ANOTHER = "choose a different file"


def check_targets(targets: Iterable[Path | None], inputs: Iterable[Path | None] = ()) -> None:
    """Refuse files that cannot or must not be written, before any work is done for them.

    Parameters
    ----------
    targets : iterable of Path or None
        What is to be written; None is a file that nobody asked for.
    inputs : iterable of Path or None
        Files and run folders that are read.

    Raises
    ------
    ConfigError
        If one is an input or in one, in a run folder, a folder, a file of a project's configuration
        or data, or the same file twice.
    PreconditionError
        If its folder is closed to us.
    """
    read = [path for path in inputs if path is not None]
    seen: list[Path] = []
    for target in filter(None, targets):
        try:
            _check_target(target, read, seen)
        except OSError as error:
            raise _unwritable(target, error) from error
        seen.append(target)


def _check_target(target: Path, inputs: Sequence[Path], others: Sequence[Path]) -> None:
    if target.is_dir():
        raise ConfigError(f"{target} is a folder: expected a file", advice=_ANOTHER)
    if target.exists() and not target.is_file():
        return  # a device or a pipe takes what it is given, and twice too
    _check_place(target, inputs)
    if any(_same(target, other) for other in others):
        raise ConfigError(
            f"{target} is named twice: the second would overwrite the first",
            advice="choose two files",
        )
    # Folders that are not there yet are made.
    place = next(folder for folder in target.resolve().parents if folder.exists())
    # Imported when used: checking a run is to start quickly.
    import tempfile  # noqa: PLC0415

    # Asked of the system by doing it: rights alone do not reveal a read-only disk.
    with tempfile.TemporaryFile(dir=place):
        pass


def _check_place(target: Path, inputs: Sequence[Path]) -> None:
    if any(_same(target, path) for path in inputs):
        raise ConfigError(
            f"{target} is an input of this command: it would be overwritten", advice=_ANOTHER
        )
    read = {path.resolve() for path in inputs if path.is_dir()}
    for folder in target.resolve().parents:
        if folder in read or os.path.isfile(folder / LINEAGE):  # noqa: PTH113  # closed ones too
            raise ConfigError(
                f"{target} is inside the run {folder.name}: writing it would change the run",
                advice=_ANOTHER,
            )
        if target.exists() and _is_input(target.resolve(), folder):
            raise ConfigError(
                f"{target} is an input of the project {folder.name}: it would be overwritten",
                advice=_ANOTHER,
            )


def _is_input(target: Path, folder: Path) -> bool:
    """Return whether a folder is a project, and the file one of its configuration or data."""
    inputs = (folder / "configs", folder / "data")
    return (folder / BASE).is_file() and any(each in target.parents for each in inputs)


def _same(left: Path, right: Path) -> bool:
    if left.exists() and right.exists():
        return left.samefile(right)
    return left.resolve() == right.resolve()


def _unwritable(path: Path, error: OSError) -> PreconditionError:
    return PreconditionError(f"{path}: cannot be written: {error.strerror}", advice=_ANOTHER)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    PreconditionError
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            # A device or a pipe is written to; renaming a file over it would take its place.
            path.write_bytes(content)
        else:
            replace_file(path, content)
    except OSError as error:
        raise _unwritable(path, error) from error
