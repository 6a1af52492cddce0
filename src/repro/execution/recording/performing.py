"""A command, run and recorded in a folder; the one way for recording it and for repeating it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from repro.execution.observing import Observation
from repro.execution.recording.assembly import Recording, record_of
from repro.execution.recording.folders import state_of
from repro.execution.recording.inputs import Selection
from repro.execution.recording.running import (
    interpreter_of,
    resolved,
    run_traced,
    traced_environment,
)
from repro.execution.recording.sealing import Sealing, outcome, refused, sealed, sentence_of
from repro.execution.recording.traces import read_traces
from repro.launch import Level, pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from repro.core.record import CommandRecipe, RunRecord

NOT_SEALED = "not sealed, because it was not asked for"


@dataclass(frozen=True)
class Changes:
    """Changes of a repetition from the recorded command; nothing by default.

    Attributes
    ----------
    variables : mapping of str to str or None
        Environment variables, over those of the level; None for one that must not be set.
    seeds : mapping of str to int
        Seeds of the global generators ``random``, ``numpy.random`` and ``torch``, which every
        Python is given before the program can use them.
    """

    variables: Mapping[str, str | None] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)

    def environ(self, level: Level) -> dict[str, str]:
        """Return the environment at a level, with the changed variables."""
        changed = {**pinned(level, os.environ), **self.variables}
        return {name: value for name, value in changed.items() if value is not None}


@dataclass(frozen=True)
class Performance:
    """How a command is run.

    Attributes
    ----------
    name : str
        Of the record.
    folder : Path
        Working folder.
    runs : Path or None
        Folder of the runs, which is no part of the working folder.
    out : callable
        Takes what the command writes to standard output.
    original : Path or None
        What the working folder is a copy of. Programs are looked up in it, and nothing the command
        starts outlives it.
    sealing : Sealing or None
        What it may use; None restricts nothing.
    changes : Changes
    """

    name: str
    folder: Path
    runs: Path | None
    out: Callable[[bytes], object]
    selection: Selection = field(default_factory=Selection)
    original: Path | None = None
    sealing: Sealing | None = None
    changes: Changes = field(default_factory=Changes)


def perform(recipe: CommandRecipe, how: Performance) -> RunRecord:
    """Run a command under tracing and return its record, whatever its exit status.

    Raises
    ------
    PreconditionError
        If it cannot be started, or its environment cannot be observed.
    """
    level, folder = Level(recipe.level), how.folder.resolve()
    origin = how.original or folder
    command = resolved(recipe.argv, origin)
    before = state_of(folder, how.runs)
    with tempfile.TemporaryDirectory(prefix="repro-trace-") as place:
        trace = Path(place).resolve()
        plain = how.changes.environ(level)
        environ = traced_environment(plain, folder, trace, how.changes.seeds)
        if how.sealing is not None:
            command = sealed(command, how.sealing, folder, trace, environ)
        observation = Observation(folder, level, interpreter_of(recipe.argv, origin), plain)
        try:
            run = run_traced(command, folder, environ, how.out, alone=how.original is not None)
            environment = observation.result()
        except BaseException:
            observation.cancel()
            raise
        report = outcome(trace) if how.sealing is not None else None
        return record_of(
            Recording(
                name=how.name,
                recipe=recipe,
                root=folder,
                run=run,
                traces=read_traces(trace),
                states=(before, state_of(folder, how.runs)),
                environment=environment,
                selection=how.selection,
                sealed=sentence_of(report) if report else NOT_SEALED,
                refused=tuple(refused(report, folder)) if report else (),
            )
        )
