"""The state of the project's git repository, or the reason why it is not known."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from repro.capture.committed import has_repository, hidden_changes, submodules
from repro.capture.git_process import git
from repro.core.environment import NoRepository, Repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# In submodules git would run itself, with what they name: they are asked one by one.
_STATUS = (
    "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--no-renames",
    "--ignore-submodules=dirty",
)  # fmt: skip
_REMOTES = ("config", "-z", "--get-regexp", r"^remote\..*\.url$")

# Fields before the path in an entry of each kind: changed, unmerged, untracked.
_FIELDS = {"1": 8, "u": 10, "?": 1}

# host:path, as ssh takes it; a single letter is a drive, and two colons a helper program.
_SSH = re.compile(r"(?:[^/]*@)?(?P<address>\[?[\w.-]{2,}\]?:(?!:|//).+)")


# What an image has in the place of a repository: the commit, and -dirty where files differed.
REVISION = ".revision"
_COMMIT = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})(-dirty)?\n")


def observe_git(project: Path) -> Repository | NoRepository:
    """Return the git state of the repository that a folder is in, or the reason for none.

    A project that was taken from its repository by a build has its commit in a file.
    """
    found = _observed(project)
    file = project / REVISION
    if isinstance(found, Repository) or not file.is_file():
        return found
    match = _COMMIT.fullmatch(file.read_text(encoding="utf-8", errors="replace"))
    if match is None:
        return found
    return Repository(
        commit=match[1], branch=None, remote=None, dirty=match[2] is not None, dirty_files=()
    )


def _observed(project: Path) -> Repository | NoRepository:
    try:
        status = git(project, *_STATUS)
        if status.returncode != 0:
            return _refusal(status.stderr)
        place = git(project, "rev-parse", "--show-prefix", "--show-toplevel").stdout.splitlines()
        if place[0] and git(project, "ls-files", "--error-unmatch", "--", ".").returncode:
            # Unpacked into somebody's repository, whose commit says nothing of it.
            return NoRepository(reason="not tracked by the repository around it")
        remotes = git(project, *_REMOTES)
        root = Path(place[1])
        hidden = (*hidden_changes(git, root), *_changed_submodules(root))
    except (FileNotFoundError, PermissionError):
        return NoRepository(reason="git is missing")
    except (OSError, UnicodeDecodeError):
        # Such as too many filters for a command, or names that no variable can hold.
        return NoRepository(reason="failed")
    except subprocess.TimeoutExpired:
        return NoRepository(reason="timed out")
    found = _repository(status.stdout, _remote(remotes.stdout))
    return with_changes(found, hidden)


def with_changes(repository: Repository, names: Iterable[str]) -> Repository:
    """Add files to those that differ from the commit."""
    files = tuple(sorted({*repository.dirty_files, *names}))
    return repository.model_copy(update={"dirty": bool(files), "dirty_files": files})


def public_address(remote: str) -> str | None:
    """Return the address of a remote without user, password, query and fragment.

    None stands for a folder, and for anything that is not clearly an address: it may hold names of
    a machine or secrets.

    Examples
    --------
    >>> public_address("https://user:token@example.org/team/project.git")
    'https://example.org/team/project.git'
    >>> public_address("git@example.org:team/project.git")
    'example.org:team/project.git'
    >>> public_address("/home/user/project") is None
    True
    """
    if "://" not in remote:
        ssh = _SSH.fullmatch(remote)
        return ssh["address"] if ssh else None
    try:
        parts = urlsplit(remote)
        # A password with a bare slash ends up as a port that is not a number.
        _ = parts.port
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2]
    if not host or parts.scheme == "file" or ":" in parts.scheme:
        return None
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _refusal(stderr: str) -> NoRepository:
    if "dubious ownership" in stderr:
        return NoRepository(reason="owned by another user")
    if "not a git repository" in stderr:
        return NoRepository(reason="not a repository")
    if "must be run in a work tree" in stderr or "safe.bareRepository" in stderr:
        return NoRepository(reason="bare repository")
    return NoRepository(reason="failed")


def changed_in_submodules(root: Path, names: Iterable[str]) -> Iterator[str]:
    """Give the changed files of changed submodules, which git itself names as a whole."""
    for name in names:
        inner = root / name
        if has_repository(root, name):
            below = _changed_files(inner)
            yield from (f"{name}/{file}" for file in below)
            yield from (f"{name}/{file}" for file in changed_in_submodules(inner, below))


def _changed_files(folder: Path) -> list[str]:
    return sorted({*_changed(git(folder, *_STATUS).stdout), *_changed_submodules(folder)})


def _changed_submodules(root: Path) -> Iterator[str]:
    """Give the submodules in which a file differs from their own commit."""
    for name in submodules(git, root):
        if _changed_files(root / name):
            yield name


def _changed(status: str) -> list[str]:
    return sorted(_path_of(entry) for entry in status.split("\0") if entry[:1] in _FIELDS)


def _path_of(entry: str) -> str:
    return entry.split(" ", _FIELDS[entry[0]])[-1]


def _repository(status: str, remote: str | None) -> Repository:
    entries = [entry for entry in status.split("\0") if entry]
    headers = dict(entry[2:].split(" ", 1) for entry in entries if entry.startswith("# "))
    files = _changed(status)
    commit, branch = headers["branch.oid"], headers["branch.head"]
    return Repository(
        commit=None if commit == "(initial)" else commit,
        branch=None if branch == "(detached)" else branch,
        remote=remote,
        dirty=bool(files),
        dirty_files=tuple(files),
    )


def _remote(configured: str) -> str | None:
    pairs = (entry.partition("\n") for entry in configured.split("\0") if entry)
    addresses = {key: address for key, _, address in reversed(list(pairs))}
    if not addresses:
        return None
    # Without an origin, the remote that was configured first.
    return public_address(addresses.get("remote.origin.url", list(addresses.values())[-1]))
