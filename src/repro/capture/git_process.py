"""Asking git about a folder that somebody else made, so that nothing in it is executed.

The configuration of a repository can name programs: monitors, hooks, filters of content, helpers
that fetch. What it names is overruled by the configuration of the command, which wins, and what
cannot be named beforehand is listed first.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_TIMEOUT_SECONDS = 30.0

# Reading must not write the index or quote names.
_GIT = ("git", "--no-optional-locks", "--no-pager", "-c", "core.quotepath=off")

# A repository is where .git is: a folder that is one itself may be part of what was handed over.
_OVERRULED = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "safe.bareRepository": "explicit",
}
# Objects that a partial clone lacks would be fetched, by a program that its configuration names.
# Older versions know the second variable alone.
_OFFLINE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0"}

# These say where configuration is, not which repository to read.
_KEPT = {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"}

_LIST = ("config", "--list", "--name-only", "-z")
_FILTER = "filter."
_OFF = {"clean": "", "smudge": "", "process": "", "required": "false"}
_WORK_TREE = "core.worktree"


def git(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Ask git about a folder.

    It writes nothing and executes nothing that the repository names, and neither a variable nor the
    repository sends it to a different folder.

    Raises
    ------
    OSError, subprocess.TimeoutExpired
    """
    inherited = _environ()
    # Names are bytes, and go into variables as they came.
    listed = os.fsdecode(_run(project, _LIST, _overruling(inherited, _OVERRULED)).stdout)
    names = [name for name in listed.split("\0") if name]
    environ = _overruling(inherited, _OVERRULED | _without_filters(names))
    if _WORK_TREE in names and (folder := _folder_of_repository(project)):
        environ["GIT_WORK_TREE"] = str(folder)
    done = _run(project, arguments, environ)
    return subprocess.CompletedProcess(
        done.args, done.returncode, _text(done.stdout), _text(done.stderr)
    )


def _environ() -> dict[str, str]:
    # A hook or an alias of git sets variables that would redirect it to the caller's repository.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in _KEPT
    }
    return {**inherited, **_OFFLINE, "LC_ALL": "C", "LANGUAGE": ""}


def _without_filters(names: Sequence[str]) -> dict[str, str]:
    # Those of the user's own configuration too: they may read the repository's.
    found = {name.rpartition(".")[0] for name in names if name.startswith(_FILTER)}
    return {f"{each}.{key}": value for each in sorted(found) for key, value in _OFF.items()}


def _overruling(environ: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with settings of git, whose names may hold any character."""
    given = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings.items()):
        given |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return {**environ, **given}


def _folder_of_repository(project: Path) -> Path | None:
    """Return the nearest folder with a repository; ``.git`` is a folder, or a file that names it.

    The configuration may say that the files are elsewhere, such as in somebody's home.
    """
    folder = project.resolve()
    for each in (folder, *folder.parents):
        inner = each / ".git"
        if inner.is_file() or os.path.lexists(inner / "HEAD"):
            return each
    return None


def _run(
    project: Path, arguments: Sequence[str], environ: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*_GIT, "-C", str(project), *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )


def _text(output: bytes) -> str:
    return output.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
