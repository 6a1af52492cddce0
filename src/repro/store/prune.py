"""Removing runs, so that an interruption never leaves a part of one that looks like a run."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from repro.core.errors import ConfigError, PreconditionError
from repro.store.disk import sync_folder, writing_to
from repro.store.listing import list_runs
from repro.store.lock import is_abandoned
from repro.store.naming import REMOVED, is_leftover, looks_like_run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from repro.store.listing import RunEntry


@dataclass(frozen=True)
class PrunePlan:
    """The folders that pruning would remove.

    Attributes
    ----------
    runs : tuple of RunEntry
        Newest first.
    leftovers : tuple of Path
        Folders of runs whose writing, or removing, was interrupted.
    """

    runs: tuple[RunEntry, ...]
    leftovers: tuple[Path, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Everything that would be removed."""
        return (*(entry.path for entry in self.runs), *self.leftovers)


def plan_prune(
    runs: Path,
    *,
    keep: int | None = None,
    older_than_days: float | None = None,
    partial: bool = False,
    now: datetime,
) -> PrunePlan:
    """Say what would be removed; nothing is.

    A damaged run is never planned for and does not count among those that are kept: it may be
    evidence, and must not push out a good one.

    Parameters
    ----------
    keep : int, optional
        The newest so many runs stay.
    older_than_days : float, optional
        Younger runs stay. With ``keep``, a run goes only if both let it; with neither, none goes.
    partial : bool
        Whether to plan for leftovers of what was interrupted. Those of a living writer stay.
    now : datetime
        With a time zone.

    Raises
    ------
    ConfigError
        If a number is negative.
    PreconditionError
        If the runs cannot be listed.
    """
    if min(keep or 0, older_than_days or 0) < 0:
        raise ConfigError("the number of runs to keep, or of days, cannot be negative")
    chosen: tuple[RunEntry, ...] = ()
    if keep is not None or older_than_days is not None:
        whole = [entry for entry in list_runs(runs) if not entry.damage]
        limit = now - timedelta(days=older_than_days or 0)
        chosen = tuple(entry for entry in whole[keep or 0 :] if _is_older(entry, limit))
    return PrunePlan(chosen, _leftovers(runs, now) if partial else ())


def remove(paths: Iterable[Path]) -> None:
    """Remove runs and leftovers, each from sight before any of its files goes.

    A symbolic link to a run is removed, and what it points to stays.

    Raises
    ------
    PreconditionError
        If a path is neither a run nor a leftover of one, or cannot be removed.
    """
    for path in paths:
        if not (looks_like_run(path) or is_leftover(path)):
            raise PreconditionError(f"{path}: not a run, so it is not removed")
        with writing_to(path):
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
        return
    hidden = path
    if not is_leftover(path):
        hidden = path.with_name(f".{path.name}-{secrets.token_hex(3)}{REMOVED}")
        path.rename(hidden)
        # Else a power failure could bring the run back under its name without its files.
        sync_folder(path.parent)
    shutil.rmtree(hidden)


def _leftovers(runs: Path, now: datetime) -> tuple[Path, ...]:
    if not runs.is_dir():
        return ()
    found = (path for path in runs.iterdir() if is_leftover(path) and path.is_dir())
    return tuple(sorted(path for path in found if is_abandoned(path, now)))


def _is_older(entry: RunEntry, limit: datetime) -> bool:
    return entry.created is not None and entry.created <= limit
