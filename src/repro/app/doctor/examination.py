"""The examination: a fold over checks, each of which looks at one case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.app.answers import Status
from repro.app.doctor import libraries, project, start, variables
from repro.app.doctor.case import Case, Observation
from repro.app.doctor.children import ask_both
from repro.config.project import BASE, find_project, read_base
from repro.core.errors import ReproError
from repro.launch import Level

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_EXAMINATIONS = (
    start.processor,
    start.processes,
    variables.requests,
    variables.inherited,
    variables.python,
    variables.loader,
    libraries.bits,
    start.hash_seed,
    libraries.threads,
    libraries.blas,
    libraries.tensors,
    libraries.openmp,
    libraries.system_gomp,
    start.language,
    project.lock,
    project.git,
)


@dataclass(frozen=True)
class Diagnosis:
    """The findings of an examination.

    Attributes
    ----------
    level : Level
        What was examined beside the caller's own environment.
    checks : tuple of Observation
        The worst first; within one status, in the order of the examination.
    """

    level: Level
    checks: tuple[Observation, ...]

    @property
    def holds(self) -> bool:
        """True if there is no problem."""
        return self.count(Status.PROBLEM) == 0

    def count(self, status: Status) -> int:
        """Return how many checks came to a status."""
        return sum(check.status is status for check in self.checks)


def examine(folder: Path, level: str | None, environ: Mapping[str, str]) -> Diagnosis:
    """Examine an environment, and the project that a folder is in, if any.

    Parameters
    ----------
    folder : Path
    level : str or None
        The level to compare with; the project's own, or portable, if it is None.
    environ : Mapping of str to str
        The environment as the caller gave it.
    """
    found, chosen, checks = _project(folder, level)
    own, pinned = ask_both(found or folder, chosen, environ)
    case = Case(chosen, environ, own, pinned, found)
    checks += [check for examination in _EXAMINATIONS for check in examination(case)]
    return Diagnosis(chosen, tuple(sorted(checks, key=lambda c: list(Status).index(c.status))))


def _project(folder: Path, level: str | None) -> tuple[Path | None, Level, list[Observation]]:
    asked = Level(level or Level.PORTABLE)
    try:
        found = find_project(folder)
    except ReproError:
        sentence = f"no project (no {BASE} in this folder or above), so no lock and no git to check"
        return None, asked, [Observation("project", Status.OK, sentence)]
    try:
        base = read_base(found)
        leaf = base.tree.get(("determinism", "level"))
        configured = Level(str(leaf.value)) if leaf else Level.PORTABLE
    except (ReproError, ValueError) as error:
        check = Observation(
            "configuration",
            Status.PROBLEM,
            f"{BASE}: {error}",
            "the project's level is unknown, so a default one was examined",
            "repro config check shows what is expected",
        )
        return found, asked, [check]
    return found, asked if level else configured, []
