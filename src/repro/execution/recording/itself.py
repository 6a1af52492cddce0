"""The record of a program that recorded itself, from the trace of what it named."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.core.record import CommandRecipe
from repro.core.redaction import redacted_words
from repro.execution.observing import Observation
from repro.execution.recording.assembly import Recording, record_of
from repro.execution.recording.inputs import NOTHING, Selection
from repro.execution.recording.packages import Installed, completed
from repro.execution.recording.performing import OF_ITSELF
from repro.execution.recording.running import CommandRun, portable
from repro.execution.recording.traces import read_traces
from repro.launch import Level, in_force

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repro.core.record import RunRecord


@dataclass(frozen=True)
class OwnTrace:
    """A program that records itself.

    Attributes
    ----------
    name : str
        Name of the record.
    folder : Path
        Its working folder.
    trace : Path
        Folder of its trace.
    words : sequence of str
        The command line that starts the program; empty if no command line does.
    """

    name: str
    folder: Path
    trace: Path
    words: Sequence[str]


class OwnRecorder:
    """Observes the environment from now on, and makes the record at the end.

    Parameters
    ----------
    own : OwnTrace
    git, packages : bool
        Whether to ask git about the working folder, and which distributions provide the modules.
    """

    def __init__(self, own: OwnTrace, *, git: bool, packages: bool) -> None:
        self._own, self._git = own, git
        self._level = next(level for level in _STRONGEST_FIRST if not in_force(level))
        self._installed = Installed() if packages else None
        environ = dict(os.environ)
        self._observation = Observation(own.folder, self._level, sys.executable, environ)

    def record(self, status: int, workdir: str) -> RunRecord:
        """Return the record.

        Parameters
        ----------
        status : int
            0 if the program reached its end.
        workdir : str
            The working folder relative to that of the project, as a POSIX path.

        Raises
        ------
        PreconditionError
            If the environment cannot be observed.
        ValueError
            If a record cannot hold one of the values.
        """
        own, traces = self._own, read_traces(self._own.trace)
        environment = self._observation.result(git=self._git)
        used = self._installed.used(traces, environment) if self._installed else ()
        return record_of(
            Recording(
                name=own.name,
                recipe=self._recipe(workdir),
                root=own.folder,
                run=CommandRun(status, b""),
                traces=traces,
                states=({}, {}),
                environment=completed(environment, used, traces),
                selection=Selection(outputs=(NOTHING,)),
                sealed=OF_ITSELF,
                own=True,
            )
        )

    def cancel(self) -> None:
        """End the observation without a record."""
        self._observation.cancel()

    def _recipe(self, workdir: str) -> CommandRecipe | None:
        if not self._own.words:
            return None
        words = redacted_words(portable(self._own.words))
        if words[0] == sys.executable:
            # Its path is local to a machine.
            words = ("python", *words[1:])
        return CommandRecipe(
            kind="command", argv=tuple(words), workdir=workdir, environ={}, level=str(self._level)
        )


_STRONGEST_FIRST = (Level.PORTABLE, Level.PORTABLE_V2, Level.STRICT, Level.SEEDED)
