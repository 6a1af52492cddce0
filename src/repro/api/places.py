"""The folders in which a call looks for records: the project, and that of its runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from repro.api.requests import project_if_any
from repro.app.subjects.subject import check_integrity, find_subject
from repro.config.project import runs_folder

if TYPE_CHECKING:
    from repro.app.subjects.subject import Subject
    from repro.core.verdict import Check


class Surroundings(NamedTuple):
    """The folders of a call.

    Attributes
    ----------
    project : Path or None
    base : Path
        The project's folder, or the current folder.
    runs : Path
    """

    project: Path | None
    base: Path
    runs: Path

    @classmethod
    def of(cls, project: str | Path | None, runs: str | Path | None) -> Self:
        """Return the folders that a call names, or those of the current folder.

        Raises
        ------
        PreconditionError, ConfigError
            If a folder is named and is in no project, or that of the runs is not valid.
        """
        found = project_if_any(project)
        base = found or Path.cwd()
        return cls(found, base, runs_folder(base, None if runs is None else Path.cwd() / runs))

    def examined(self, subject: str | None) -> tuple[Subject, tuple[Check, ...]]:
        """Return a run or reference, and the checks of its integrity.

        Raises
        ------
        PreconditionError, SchemaError
            If there is no such thing, or what it says cannot be checked.
        """
        found = find_subject(self.base, self.runs, subject)
        return found, check_integrity(found)
