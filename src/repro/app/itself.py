"""The use case of a program that records itself, by ``repro.tracking``."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING

from repro.app.subjects.written import write_command_run
from repro.config.project import find_project
from repro.core.errors import PreconditionError
from repro.execution.recording import OwnRecorder, OwnTrace
from repro.store import check_writable

if TYPE_CHECKING:
    from pathlib import Path


class OwnRun:
    """The run of a program that records itself.

    Parameters
    ----------
    own : OwnTrace
    runs : Path
        Folder of the runs.
    git, packages : bool
        Whether git and the packages' own lists are asked.

    Raises
    ------
    PreconditionError
        If no run can be written to the folder.
    """

    def __init__(self, own: OwnTrace, runs: Path, *, git: bool, packages: bool) -> None:
        check_writable(runs)
        self._own, self._runs = own, runs
        self._started, self._clock = datetime.now(UTC), time.perf_counter()
        self._recorder = OwnRecorder(own, git=git, packages=packages)

    def write(self, status: int) -> Path:
        """Write the run folder and return its path.

        Parameters
        ----------
        status : int
            0 if the program reached its end.

        Raises
        ------
        PreconditionError
            If the environment cannot be observed, or the run cannot be written.
        """
        workdir = PurePath(os.path.relpath(self._own.folder, self._base())).as_posix()
        made = self._recorder.record(status, workdir)
        seconds = round(time.perf_counter() - self._clock, 3)
        return write_command_run(made, self._runs, self._started, seconds)

    def cancel(self) -> None:
        """Give up without a run."""
        self._recorder.cancel()

    def _base(self) -> Path:
        try:
            return find_project(self._own.folder)
        except PreconditionError:
            return self._own.folder
