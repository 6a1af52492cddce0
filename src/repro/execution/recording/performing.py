"""Runs a command in a folder and returns its record; used to record and to repeat."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from repro.core.redaction import redacted_words
from repro.execution.observing import Observation
from repro.execution.recording.assembly import Recording, record_of
from repro.execution.recording.folders import state_of
from repro.execution.recording.inputs import Selection
from repro.execution.recording.packages import Installed, completed
from repro.execution.recording.running import (
    Children,
    interpreter_of,
    resolved,
    run_traced,
    traced_environment,
)
from repro.execution.recording.scratch import scratch_folder
from repro.execution.recording.sealing import (
    Sealing,
    outcome,
    private_home,
    refused,
    sealed,
    sentence_of,
)
from repro.execution.recording.traces import read_traces
from repro.launch import Level, pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from repro.core.environment import Environment
    from repro.core.record import CommandRecipe, RunRecord

NOT_SEALED = "not sealed, because nothing asked for a seal"
OF_ITSELF = "not sealed, because the program recorded itself: what else it reads is not known"


@dataclass(frozen=True)
class Changes:
    """Differences of a repetition from the recorded command; none by default.

    Attributes
    ----------
    variables : mapping of str to str or None
        Environment variables that override those of the level; None unsets one.
    seeds : mapping of str to int
        Seeds of the global generators ``random``, ``numpy.random`` and ``torch``, set in every
        Python before the program can use them.
    """

    variables: Mapping[str, str | None] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)

    def environ(self, level: Level) -> dict[str, str]:
        """Return the environment at a level, with the changed variables."""
        changed = {**pinned(level, os.environ), **self.variables}
        return {name: value for name, value in changed.items() if value is not None}


class Surroundings:
    """Environment and installed packages of a command.

    Parameters
    ----------
    observation : Observation
    git : bool
        Whether git is asked about the working folder.
    """

    def __init__(self, observation: Observation, *, git: bool = True) -> None:
        self.installed = Installed()
        self._observation, self._git = observation, git

    @staticmethod
    def observing(
        folder: Path, level: Level, executable: str, environ: Mapping[str, str], *, git: bool = True
    ) -> Surroundings:
        """Begin to observe the environment of a command, while it runs.

        Parameters
        ----------
        executable : str
            The Python of the command.
        environ : mapping of str to str
            Its environment variables.
        """
        return Surroundings(Observation(folder, level, executable, environ), git=git)

    @cached_property
    def environment(self) -> Environment:
        """The environment, once it is known.

        Raises
        ------
        PreconditionError
            If it cannot be observed.
        """
        return self._observation.result(git=self._git)

    def cancel(self) -> None:
        """End the observation."""
        self._observation.cancel()


@dataclass(frozen=True)
class Performance:
    """Everything that determines how a command is run, besides its recipe.

    Attributes
    ----------
    name : str
        Name of the record.
    folder : Path
        Working folder.
    runs : Path or None
        Folder of the runs, which is not counted as part of the working folder.
    out : callable
        Receives what the command writes to standard output.
    original : Path or None
        The folder of which the working folder is a copy. Programs are looked up in it, and every
        process that the command starts is ended with it.
    own : bool
        Whether only what the program itself names is recorded.
    sealing : Sealing or None
        The files and programs that the command may use; None restricts nothing.
    changes : Changes
    surroundings : Surroundings or None
        Observed before, for many runs; then only files that a process was seen to write count as
        written, since others may be at work in the folder.
    meanwhile : callable
        Called in a thread while the command runs.
    children : Children or None
        Through which a different thread can end the command.
    """

    name: str
    folder: Path
    runs: Path | None
    out: Callable[[bytes], object]
    selection: Selection = field(default_factory=Selection)
    original: Path | None = None
    sealing: Sealing | None = None
    changes: Changes = field(default_factory=Changes)
    own: bool = False
    surroundings: Surroundings | None = None
    meanwhile: Callable[[], object] = bool
    children: Children | None = None


def perform(recipe: CommandRecipe, how: Performance) -> RunRecord:
    """Run a command under tracing and return its record, whatever its exit status.

    Raises
    ------
    PreconditionError
        If the command cannot be started, or its environment cannot be observed.
    """
    level, folder, known = Level(recipe.level), how.folder.resolve(), how.surroundings
    python = interpreter_of(recipe.argv, how.original or folder)
    before = state_of(folder, how.runs) if known is None else {}
    with scratch_folder() as trace:
        plain = how.changes.environ(level)
        command, environ = _prepared(recipe, how, trace, plain)
        # What is run may hold a secret; what is recorded does not.
        recipe = recipe.model_copy(update={"argv": redacted_words(recipe.argv)})
        if known is None:
            known = Surroundings.observing(folder, level, python, plain)
        threading.Thread(target=how.meanwhile, daemon=True).start()
        try:
            run = run_traced(
                command, folder, environ, how.out,
                alone=how.original is not None, children=how.children,
            )  # fmt: skip
            environment = known.environment
        except BaseException:
            known.cancel()
            raise
        report = outcome(trace) if how.sealing is not None else None
        traces = read_traces(trace)
        used = known.installed.used(traces, environment)
        after = state_of(folder, how.runs) if how.surroundings is None else {}
        return record_of(
            Recording(
                name=how.name,
                recipe=recipe,
                root=folder,
                run=run,
                traces=traces,
                strays=known.installed.strays(traces),
                states=(before, after),
                environment=completed(environment, used, traces),
                selection=how.selection,
                sealed=sentence_of(report) if report else OF_ITSELF if how.own else NOT_SEALED,
                refused=tuple(refused(report, folder)) if report else (),
                own=how.own,
            )
        )


def _prepared(
    recipe: CommandRecipe, how: Performance, trace: Path, plain: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Return the words and the environment variables of a traced command, sealed if it is to be."""
    folder = how.folder.resolve()
    command = resolved(recipe.argv, how.original or folder)
    environ = traced_environment(plain, folder, trace, how.changes.seeds, own=how.own)
    if how.sealing is None:
        return command, environ
    environ |= {**private_home(how.sealing, folder, trace), "REPRO_TRACE_SEALED": "1"}
    return sealed(command, how.sealing, folder, trace, environ), environ
