"""Real git repositories, and one environment that was really captured."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from repro.capture import capture_environment

if TYPE_CHECKING:
    from pathlib import Path

    from repro.core.environment import Environment


class Work:
    """A folder with a git repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def git(self, *arguments: str) -> str:
        """Run git there."""
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        result = subprocess.run(
            ["git", *identity, "-c", "protocol.file.allow=always", *arguments],
            cwd=self.folder,
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        return result.stdout.strip()

    def init(self) -> Work:
        """Start a repository without a commit."""
        self.git("init", "-q", "-b", "main")
        return self

    def write(self, name: str, text: str = "text\n") -> Work:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return self

    def commit(self) -> str:
        """Commit everything."""
        self.git("add", ".")
        self.git("commit", "-q", "--allow-empty", "-m", "message")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """Return a folder without a repository yet, out of reach of the user's configuration."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Work(tmp_path / "work")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return the environment of this process."""
    return capture_environment(tmp_path_factory.mktemp("project"), "strict")
