"""A tree of the Debian release whose C library a record was made with."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError
from repro.execution.places import Silent, recipe_of
from repro.execution.places.child import at_level
from repro.execution.places.debian import DebianTree
from repro.execution.places.workspace import Workspace, sole_use
from repro.launch import Level

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.environment import Platform
    from repro.core.record import RunRecord

# The same as in the cells of the matrix, so that their trees are used again.
_PACKAGES = ("python3", "python3-venv")
_WORK = ("build", "matrix")


@dataclass(frozen=True)
class Release:
    """A release of Debian whose Python this program supports.

    Attributes
    ----------
    number : int
    suite : str
        The name of the release.
    glibc : str
        The version of its C library.
    python : str
        Major and minor version of its Python.
    """

    number: int
    suite: str
    glibc: str
    python: str

    @property
    def title(self) -> str:
        """The name of the release for people."""
        return f"Debian {self.number} ({self.suite})"


# Of each release, the versions of libc6 and python3 on packages.debian.org: they never change.
_RELEASES = (
    Release(12, "bookworm", "2.36", "3.11"),
    Release(13, "trixie", "2.41", "3.13"),
)


def release_with(recorded: Platform) -> Release | None:
    """Return the release that has a recorded C library; None if no release has it."""
    if recorded.libc != "glibc":
        return None
    return next((each for each in _RELEASES if each.glibc == recorded.libc_version), None)


def why_no_tree(project: Path, release: Release, config: ExperimentConfig, *, fetch: bool) -> str:
    """Return why no tree of a release can be used; empty if one can.

    Parameters
    ----------
    fetch : bool
        Whether a tree may be made, which fetches packages.
    """
    place = _place(project, release, {})
    if skipped := place.lacks(project, recipe_of(config)):
        return f"needs a tree of {release.title}: {skipped.reason}"
    if fetch or place.tree.exists():
        return ""
    return f"add --packages to make a tree of {release.title}"


def train_in(
    project: Path, release: Release, config: ExperimentConfig, variables: Mapping[str, str]
) -> RunRecord:
    """Train in a tree of a release, with variables that decide the level.

    Raises
    ------
    PreconditionError
        If the tree cannot be made or has a different C library, or training does not finish.
    """
    place = _place(project, release, variables)
    with sole_use(place.workspace.work):
        seeded = recipe_of(at_level(config, Level.SEEDED))
        record = place.execute(project, seeded, Silent()).record
    found = record.environment.platform.libc_version
    if found != release.glibc:
        message = f"the tree of {release.title} has glibc {found}, not {release.glibc}"
        raise PreconditionError(message, advice=f"remove {place.tree}")
    return record


def _place(project: Path, release: Release, variables: Mapping[str, str]) -> DebianTree:
    return DebianTree(
        Workspace(project.joinpath(*_WORK).absolute(), "explain"),
        release.suite,
        release.python,
        _PACKAGES,
        platform.machine(),
        variables=variables,
    )
