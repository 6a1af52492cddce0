"""A tree of a Debian release, with that release's Python and C library."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.execution.places.installed import FROM_WHEELS, Installed, Plan, python_inside
from repro.execution.places.machine import missing_tools
from repro.execution.places.wheels import wheels
from repro.execution.places.workspace import ALONE, INSIDE

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class DebianTree(Installed):
    """A tree of a Debian release, which root enters.

    Attributes
    ----------
    suite : str
        The name of the release, such as ``bookworm``.
    python : str
        Major and minor version of its Python.
    packages : tuple of str
        The packages that bring it.
    machine : str
        The architecture, in the words of Python's ``platform``.
    """

    suite: str
    python: str
    packages: tuple[str, ...]
    machine: str

    @property
    def title(self) -> str:
        """The name of the place for people."""
        return f"chroot of {self.suite}"

    @property
    def tree(self) -> Path:
        """The folder of the tree, whether it exists or not."""
        made_of = hashlib.sha256(",".join(self.packages).encode()).hexdigest()[:8]
        return self.workspace.trees / f"{self.suite}-{made_of}"

    def obstacle(self, project: Path) -> str:  # noqa: ARG002 - as every place
        """Return why no tree can be made or entered; empty if it can."""
        makes = {} if self.tree.exists() else {"mmdebstrap": "mmdebstrap"}
        if reason := missing_tools(**makes, unshare="util-linux"):
            return reason
        if os.geteuid() != 0:
            return "only root can enter the tree of a different Debian"
        if platform.machine() != self.machine:
            return "a tree of a different architecture does not run on this machine"
        return ""

    def prepare(self, project: Path, level: str) -> Plan:
        """Fetch the wheels, and make the tree unless an earlier call has."""
        if not self.tree.exists():
            self._make()
        found = wheels(self.workspace, project, self.python, self.machine)
        folders = map(str, (self.tree, project, INSIDE, found, self.workspace.folder))
        python = python_inside(self.python, self.packages)
        inside = (python, *self.training_inside(level, *FROM_WHEELS))
        return Plan((*ALONE, "sh", str(INSIDE / "chroot.sh"), *folders, *inside))

    def _make(self) -> None:
        half = self.tree.with_name(self.tree.name + ".half")
        shutil.rmtree(half, ignore_errors=True)
        half.parent.mkdir(parents=True, exist_ok=True)
        # Testing is signed for a week at a time, and a mirror may be older: signed it has to be,
        # but not lately.
        options = ("--variant=apt", '--aptopt=Acquire::Check-Valid-Until "false"')
        include = f"--include={','.join(self.packages)}"
        try:
            self.workspace.do(*ALONE, "mmdebstrap", *options, include, self.suite, half)
            half.rename(self.tree)
        finally:
            shutil.rmtree(half, ignore_errors=True)
