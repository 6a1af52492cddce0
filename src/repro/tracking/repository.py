"""The state of a git repository, beyond what a record holds."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.capture.git import observe_git
from repro.capture.git_process import git
from repro.core.environment import Repository
from repro.tracking.times import now

if TYPE_CHECKING:
    import os

_FIELDS = ("%H", "%h", "%an", "%ae", "%aI", "%B")
_NAMES = ("hash", "short_hash", "author", "author_email", "date", "message")


class GitTracker:
    """Describes the repository that a folder is in.

    Parameters
    ----------
    repo_path : path, optional
        The working folder by default.
    """

    def __init__(self, repo_path: str | os.PathLike[str] | None = None) -> None:
        self.repo_path = Path(repo_path) if repo_path is not None else Path.cwd()

    def is_git_repo(self) -> bool:
        """Return whether the folder is in a repository that git can read."""
        try:
            return git(self.repo_path, "rev-parse", "--is-inside-work-tree").returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False

    def capture_git_state(self, *, diff: bool = True, status: bool = True) -> dict[str, Any]:
        """Return the state of the repository.

        Nothing that the repository names is executed. Names of remotes hold no password.

        Parameters
        ----------
        diff : bool
            Digest what differs from the commit.
        status : bool
            List staged, unstaged and untracked files.

        Returns
        -------
        dict
            ``timestamp``, ``commit`` (``hash``, ``short_hash``, ``message``, ``author``,
            ``branch``, ``tag`` …), ``remote``, ``is_dirty``, ``status`` and ``diff``; for a folder
            without a repository ``commit`` is None and ``reason`` says why.
        """
        found = observe_git(self.repo_path)
        if not isinstance(found, Repository):
            return {"timestamp": now(), "commit": None, "reason": found.reason}
        state: dict[str, Any] = {
            "timestamp": now(),
            "commit": self._commit(found) if found.commit else None,
            "remote": found.remote,
            "is_dirty": found.dirty,
        }
        if status:
            state["status"] = self._status()
        if diff and found.commit:
            state["diff"] = self._diff()
        return state

    def _commit(self, found: Repository) -> dict[str, Any]:
        shown = git(self.repo_path, "log", "-1", f"--format={'%x00'.join(_FIELDS)}").stdout
        parts = dict(zip(_NAMES, shown.rstrip("\n").split("\0"), strict=False))
        tags = git(self.repo_path, "tag", "--points-at", "HEAD").stdout.split()
        parts["message"] = parts.get("message", "").strip()
        return {**parts, "branch": found.branch, "tag": tags[0] if tags else None, "tags": tags}

    def _status(self) -> dict[str, list[str]]:
        entries = git(
            self.repo_path,
            "status",
            "--porcelain=v1",
            "-z",
            "--no-renames",
            "--untracked-files=all",
        ).stdout.split("\0")
        found: dict[str, list[str]] = {"staged": [], "unstaged": [], "untracked": []}
        for entry in filter(None, entries):
            index, tree, name = entry[0], entry[1], entry[3:]
            if index == "?":
                found["untracked"].append(name)
                continue
            if index != " ":
                found["staged"].append(name)
            if tree != " ":
                found["unstaged"].append(name)
        return found

    def _diff(self) -> dict[str, Any]:
        options = ("--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv")
        text = git(self.repo_path, "diff", *options, "HEAD").stdout
        lines = text.splitlines()
        return {
            "sha256": hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest(),
            "files": sum(line.startswith("diff --git ") for line in lines),
            "insertions": _starting(lines, "+"),
            "deletions": _starting(lines, "-"),
        }


def _starting(lines: list[str], mark: str) -> int:
    return sum(line.startswith(mark) and not line.startswith(3 * mark) for line in lines)
