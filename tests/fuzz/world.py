"""A project with runs in it, and the command line in this process."""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.app.configuration import verification_settings
from repro.cli import run as run_command
from tests.conftest import make_project
from tests.fuzz.bases import SAMPLE

if TYPE_CHECKING:
    from repro.config.verification import VerificationSettings

# What no command may say of what it reads, whatever that is.
_BROKEN = ("a defect of repro", "Traceback (most recent call last)", "out of memory")


class FindError(AssertionError):
    """A property that does not hold."""


@dataclass(frozen=True)
class World:
    """A folder to write to: a project, an intact run, and a copy of it to damage."""

    project: Path
    run: Path

    @functools.cached_property
    def settings(self) -> VerificationSettings:
        """How the project compares records."""
        return verification_settings(self.project)

    @property
    def copy(self) -> Path:
        return self.run.with_name("20261128-000000-abcdef")

    def restore(self, name: str, content: bytes) -> None:
        """Write a file of the copy anew, and its lineage as it was."""
        (self.copy / name).write_bytes(content)
        (self.copy / "lineage.json").write_bytes((self.run / "lineage.json").read_bytes())


def make_world(folder: Path, experiment: str) -> World:
    """Train an experiment, in seconds."""
    project = make_project(folder / experiment)
    project.replace("configs/base.yaml", "size: 256", f"size: {SAMPLE.size}")
    project.replace("configs/base.yaml", "boundary: 128", f"boundary: {SAMPLE.boundary}")
    world = World(project.path, project.train(experiment, "--profile", "debug"))
    shutil.copytree(world.run, world.copy)
    return world


def ask(*arguments: object) -> tuple[int, str]:
    """Run a command in this process; return its status and everything that it printed.

    Raises
    ------
    FindError
        If what it says is not for a person, or could move the cursor of a terminal.
    """
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        status = run_command(list(map(str, arguments)))
    # A command that ends its process may switch this off.
    gc.enable()
    text = out.buffer.getvalue().decode("utf-8")
    if wrong := next((each for each in _BROKEN if each in text), None):
        raise FindError(f"{arguments[0]}: {wrong}: {text[-300:]}")
    odd = next((c for c in text if not c.isprintable() and c != "\n"), None)
    if odd is not None:
        raise FindError(
            f"{arguments[0]}: prints {odd!r}: {text[max(0, text.index(odd) - 99) :][:300]!r}"
        )
    if status not in {0, 1, 2, 3}:
        raise FindError(f"{arguments[0]}: ends with status {status}")
    return status, text
