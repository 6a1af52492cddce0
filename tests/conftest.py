"""What tests share: a project of their own, and the real command line in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from tests.costs import markers_of, place_of
from tests.forking.client import Servers

pytest_plugins = ("tests.skips",)
# How long an example takes depends on the machine, and on what measures it.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
ROOT = Path(__file__).resolve().parent.parent
# Only for what would never end: machines differ, and others may be using this one.
TIMEOUT = 900
SERVERS = Servers()

# A shell starts a background job with SIGINT ignored, and nohup with SIGHUP: children inherit it.
for name, usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)


@dataclass(frozen=True)
class Result:
    """What a command printed and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@dataclass(frozen=True)
class Project:
    """A copy of the shipped configuration and data, to change at will."""

    path: Path

    def repro(self, *arguments: object, env: dict[str, str | None] | None = None) -> Result:
        return command("-m", "repro", *arguments, "--project", self.path, cwd=self.path, env=env)

    def train(self, *arguments: object, env: dict[str, str | None] | None = None) -> Path:
        """Train and return the run folder."""
        result = self.repro("train", *arguments, "--json", env=env)
        assert result.status == 0, result.err
        return self.path / result.json["path"]

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.path / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


def inherited() -> dict[str, str]:
    """Return the environment that commands get, without what belongs to the tests' own process.

    If coverage is measured, that of commands is, too.
    """
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_"))}


def command(
    *arguments: object, cwd: Path = ROOT, env: dict[str, str | None] | None = None
) -> Result:
    """Run Python with some arguments, in a clean environment plus what is given; None unsets.

    A command of `repro` is a fork of a process that has loaded everything, unless it would differ
    from a fresh one. That needs an environment that is unchanged, or changed in nothing but how the
    numeric libraries are loaded.
    """
    environ = {k: v for k, v in (inherited() | (env or {})).items() if v is not None}
    words = [str(argument) for argument in arguments]
    server = SERVERS.find(words, environ, env)
    if server is not None:
        return Result(*server.run(words, cwd, environ, TIMEOUT))
    done = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {}
    for item in items:
        path = item.path.relative_to(ROOT / "tests").as_posix()
        places[item] = place_of(path)
        for name in sorted(markers_of(path, item.name, set(getattr(item, "fixturenames", ())))):
            item.add_marker(name)
    items.sort(key=places.__getitem__)


@pytest.fixture(scope="session", autouse=True)
def _servers_end_with_the_session():
    yield
    SERVERS.close()


def make_project(path: Path) -> Project:
    for folder in ("configs", "data", "reference"):
        shutil.copytree(ROOT / folder, path / folder)
    return Project(path)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Path]]:
    """A project with one run of the default experiment, in seconds; only to be read or copied."""
    made = make_project(tmp_path_factory.mktemp("trained") / "project")
    run = made.train("--profile", "debug")
    yield made, run
    # Whether another test saw a second run would depend on the order of the tests.
    assert [path.name for path in run.parent.iterdir()] == [run.name], "a test trained in here"


@pytest.fixture
def copied(trained: tuple[Project, Path], tmp_path: Path) -> tuple[Project, Path]:
    """A copy of the trained project and its run, to damage."""
    original, run = trained
    shutil.copytree(original.path, tmp_path / "copy")
    return Project(tmp_path / "copy"), tmp_path / "copy" / "runs" / run.name
