"""The names of runs, of their files, and of folders that are not runs yet or no longer."""

from __future__ import annotations

import os
import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from pathlib import Path

LINEAGE = "lineage.json"
RECORD = "record.json"
SEARCH = "search.json"
MODEL = "model.joblib"
# Signatures of a run and statements about it, which are added when its lineage is complete.
_DETACHED = re.compile(r"(signature|statement)[a-zA-Z0-9_-]*\.(dsse|intoto)\.json")
PARTIAL = ".partial"
REMOVED = ".removed"

_STAMP = "%Y%m%d-%H%M%S"
_RUN_ID = re.compile(r"(\d{8}-\d{6})-[0-9a-f]{6,}", re.ASCII)
_TELLTALE = (LINEAGE, "config.json", "stages.json")


def kept_model(name: str) -> str:
    """Name the file of a candidate that was not selected, if the models of all are kept.

    Examples
    --------
    >>> kept_model("knn")
    'model-knn.joblib'
    """
    return f"model-{name}.joblib"


def is_kept_model(name: str) -> bool:
    """Return whether a file has the name of a model that was kept beside the selected one."""
    return name.startswith("model-") and name.endswith(".joblib")


def is_detached(name: str) -> bool:
    """Return whether a file of this name may be added to a complete run.

    Examples
    --------
    >>> is_detached("signature-ci.dsse.json"), is_detached("metrics.json.dsse.json")
    (True, False)
    """
    return _DETACHED.fullmatch(name) is not None


def new_run_id(now: datetime) -> str:
    """Name a run by the second in UTC, and at random within it, so that names sort by time.

    Two names may be equal, rarely; the writer that comes second takes a new one (`PendingRun`).

    Parameters
    ----------
    now : datetime
        With a time zone.

    Examples
    --------
    >>> new_run_id(datetime(2026, 11, 21, 4, 15, 30, tzinfo=UTC))[:16]
    '20261121-041530-'
    """
    return another_run_id(f"{now.astimezone(UTC):{_STAMP}}-")


def another_run_id(run_id: str) -> str:
    """Return a second name for a run that started in the same second."""
    return f"{run_id.rpartition('-')[0]}-{secrets.token_hex(3)}"


def time_of(run_id: str) -> datetime | None:
    """Return the second that a run's name contains, or None if it is not such a name."""
    match = _RUN_ID.fullmatch(run_id)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def partial_folder(runs: Path, run_id: str) -> Path:
    """Return where a run is written before it is complete."""
    return runs / f".{run_id}{PARTIAL}"


def is_leftover(path: Path) -> bool:
    """Return whether a folder has the name of an unfinished run or of one being removed."""
    return path.name.startswith(".") and path.name.endswith((PARTIAL, REMOVED))


def looks_like_run(path: Path) -> bool:
    """Return whether a folder is a run, even a damaged one.

    A run whose lineage was taken away must still be found, so that this can be said.
    """
    if is_leftover(path):
        return False
    # Where nothing can be seen, such as in a folder that is closed to us, the name has to decide.
    folder = os.fspath(path)
    inside = any(os.path.exists(f"{folder}{os.sep}{name}") for name in _TELLTALE)  # noqa: PTH110
    return os.path.isdir(folder) and (inside or time_of(path.name) is not None)  # noqa: PTH112


def run_folders(runs: Path) -> tuple[Path, ...]:
    """Return every folder that is, or was, a run, in the order of the names.

    Raises
    ------
    PreconditionError
        If it is not a folder or cannot be read.
    """
    try:
        found = (path for path in runs.iterdir() if looks_like_run(path))
        return tuple(sorted(found, key=lambda path: path.name))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise PreconditionError(f"{runs}: no folder of runs: {error.strerror}") from error


def is_plain_name(name: str) -> bool:
    """Return whether a name is that of one visible file, on every platform."""
    return (
        name.isprintable()
        and name == name.strip()
        and not name.startswith(".")
        and not set(name) & set('/\\:*?"<>|')
        and name != ""
    )


def printable(name: str) -> str:
    """Return a file name found on disk as text that can be shown and recorded."""
    return name if name.isprintable() else ascii(name)[1:-1]
