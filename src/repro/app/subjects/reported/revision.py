"""A file of metrics at a revision of the project's git repository, where DVC keeps them too.

DVC is not needed: metrics that are small are in git themselves.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from repro.app.subjects.reported.documents import LARGEST
from repro.capture.git_process import git
from repro.core.errors import ConfigError, PreconditionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from repro.core.reported import ReportedMetrics

SCHEME = "dvc"
_FORM = "expected dvc:REV:path, such as dvc:HEAD~1:metrics.json"
# Names of commits, tags and branches, with ~1, ^2 and @{1}: never an option, a range or a search.
_REVISION = re.compile(r"(?!-)(?!.*\.\.)[\w./@{}^~+-]{1,200}")
_BLOB = "blob"


def read(base: Path, text: str, parse: Callable[[bytes, str], ReportedMetrics]) -> ReportedMetrics:
    """Read ``REV:path``, the path in relation to the project's folder.

    Raises
    ------
    ConfigError
        If it is of a different form, or the path leads out of the project.
    PreconditionError
        If there is no such file at that revision.
    """
    revision, colon, path = text.partition(":")
    shown = f"{SCHEME}:{text}"
    if not colon or not path:
        raise ConfigError(f"{shown}: the path is missing", advice=_FORM)
    if _REVISION.fullmatch(revision) is None:
        raise ConfigError(f"{shown}: '{revision}' is no revision", advice=_FORM)
    parts = PurePosixPath(path).parts
    if path.startswith("/") or "\\" in path or "\0" in path or ".." in parts:
        raise ConfigError(
            f"{shown}: the path leads out of the project",
            advice="name it from the project's folder",
        )
    commit = _answer(base, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
    if not commit:
        raise PreconditionError(
            f"{shown}: git knows no revision '{revision}' in {base}",
            advice="list what there is: git log --oneline",
        )
    place = f"{commit}:./{PurePosixPath(path)}"
    _check(base, place, shown, path)
    return parse(_answer(base, "cat-file", _BLOB, place).encode(), f"{path} at {revision}")


def _check(base: Path, place: str, shown: str, path: str) -> None:
    kind = _answer(base, "cat-file", "-t", place).strip()
    if kind != _BLOB:
        found = "is a folder" if kind else "is not in git"
        raise PreconditionError(
            f"{shown}: {path} {found} at that revision",
            advice="a file that DVC alone keeps is fetched by DVC: dvc get . PATH --rev REV",
        )
    if int(_answer(base, "cat-file", "-s", place)) > LARGEST:
        raise PreconditionError(
            f"{shown}: larger than {LARGEST >> 20} MiB, the limit for a report of metrics",
            advice="name a file that holds only the metrics",
        )


def _answer(base: Path, *arguments: str) -> str:
    """Return what git prints; nothing if it refuses.

    Raises
    ------
    PreconditionError
        If git cannot be run.
    """
    try:
        done = git(base, *arguments)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PreconditionError(
            f"git cannot be run: {error}", advice="install git, or name a file"
        ) from error
    return done.stdout if done.returncode == 0 else ""
