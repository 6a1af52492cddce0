"""Containers: an image of any distribution, or the project's own."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from repro.execution.places.commands import run, succeeds
from repro.execution.places.installed import FROM_WHEELS, Installed, Plan, python_inside
from repro.execution.places.interface import UnavailableError
from repro.execution.places.wheels import wheels
from repro.execution.places.workspace import INSIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_OWN_NAME, _OWN_PYTHON = "repro", "/opt/repro/bin/python"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_REVISION = '{{index .Config.Labels "org.opencontainers.image.revision"}}'


@dataclass(frozen=True)
class _Container(Installed):
    @property
    def title(self) -> str:
        """The name of the place for people."""
        return f"image, by {_engine()}"

    @property
    def has_network(self) -> bool:
        """True: the engine decides."""
        return True

    def obstacle(self, project: Path) -> str:  # noqa: ARG002 - as every place
        """Return that no engine answers; empty if one does."""
        return "" if _engine() else "no container engine answers (docker, podman)"

    def _in_container(
        self, options: Sequence[str], mounts: dict[str, Path], inside: Sequence[str]
    ) -> Plan:
        name = f"repro-matrix-{os.getpid()}-{self.workspace.name}"
        mounts = {"/matrix:ro": INSIDE, "/cell": self.workspace.folder} | mounts
        bound = [word for to, path in mounts.items() for word in ("--volume", f"{path}:{to}")]
        fixed = ("run", "--rm", "--init", "--name", name, "--env", "HOME=/cell")
        command = (*fixed, "--entrypoint", "", *options, *bound, *inside)
        return Plan((_engine(), *command), (_engine(), "rm", "--force", name))


@dataclass(frozen=True)
class Image(_Container):
    """An image, without a network if it has everything.

    Attributes
    ----------
    image : str
        The name, with a digest.
    python : str
        Major and minor version of its Python.
    packages : tuple of str
        The packages that it needs first.
    machine : str
        The architecture, in the words of Python's ``platform``.
    """

    image: str
    python: str
    packages: tuple[str, ...]
    machine: str

    def prepare(self, project: Path, level: str) -> Plan:
        """Pull the image unless it exists, and fetch the wheels."""
        kind = ("--platform", f"linux/{_ARCHITECTURES[self.machine]}")
        if run((_engine(), "image", "inspect", self.image), self.workspace.log):
            self.workspace.do(_engine(), "pull", "-q", *kind, self.image)
        rights = ("--network", "host") if self.packages else _unprivileged()
        python = python_inside(self.python, self.packages)
        training = self.training_inside(level, *FROM_WHEELS)
        inside = ("sh", "/matrix/image.sh", *self.packages, "--", python, *training)
        found = wheels(self.workspace, project, self.python, self.machine)
        mounts = {"/project:ro": project, "/wheels:ro": found}
        return self._in_container((*kind, *rights), mounts, (self.image, *inside))


@dataclass(frozen=True)
class OwnImage(_Container):
    """The project's own image, with what it contains.

    Attributes
    ----------
    revision : callable
        Returns the revision of a project; an image of a different one does not stand for it.
    """

    revision: Callable[[Path], str]

    def prepare(self, project: Path, level: str) -> Plan:
        """Build the image if it does not exist."""
        inspect = (_engine(), "image", "inspect", "--format", _REVISION, _OWN_NAME)
        work = self.workspace
        if run(inspect, work.log):
            target = f"oci:{work.work / 'image'}"
            build = (sys.executable, "-P", "-m", "repro", "image", "build")
            work.do(*build, "--project", project, "--output", target)
            work.do(*inspect)
        found, wanted = work.log.read_text(encoding="utf-8").strip(), self.revision(project)
        if found != wanted:
            raise UnavailableError(
                f"the image is of revision {found or 'unknown'}, the project of"
                f" {wanted or 'unknown'}: build it again with: repro image build"
            )
        training = self.training_inside(level, "--python", _OWN_PYTHON)
        return self._in_container(_unprivileged(), {}, (_OWN_NAME, _OWN_PYTHON, *training))


def _unprivileged() -> tuple[str, ...]:
    return (
        "--network", "none", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",  # noqa: S108
        "--security-opt", "no-new-privileges", "--user", f"{os.getuid()}:{os.getgid()}",
    )  # fmt: skip


@cache
def _engine() -> str:
    answering = (n for n in ("docker", "podman") if shutil.which(n) and succeeds(n, "version"))
    return next(answering, "")
