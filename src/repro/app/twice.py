"""The use case of a function that must give the same result twice, in fresh processes."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from repro.app.configuration import settings_or_default
from repro.app.repeat import Repetition, compared
from repro.app.subjects.written import write_command_run
from repro.capture.git import observe_git
from repro.core.jsonfile import bound
from repro.core.record import CommandRecipe
from repro.core.sentences import of_inputs, of_part
from repro.divergence.tolerance import ToleranceRequest
from repro.execution.recording import Changes, Children, Performance, Surroundings, perform
from repro.launch import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from repro.core.record import RunRecord
    from repro.core.verdict import Comparison, Suspect

CALL = ("-m", "repro.tracing.calling")
"""The command that calls a function; the function follows."""


@dataclass(frozen=True)
class Twice:
    """Two executions of one function, compared.

    Attributes
    ----------
    records : pair of RunRecord
    comparison : Comparison
    suspects : tuple of Suspect
    """

    records: tuple[RunRecord, RunRecord]
    comparison: Comparison
    suspects: tuple[Suspect, ...]

    @property
    def failed(self) -> int:
        """The exit status of the first execution that failed; 0 if both ended well."""
        found = (each.observed.status for each in self.records if each.observed)
        return next((status for status in found if status), 0)

    def sentences(self) -> list[str]:
        """Return the verdict, the first divergent step and what can have caused it."""
        found = [f"{self.comparison.verdict}: {'; '.join(self.comparison.reasons)}"]
        diverged = self.comparison.divergence
        if diverged is not None:
            outputs = ", ".join(diverged.outputs)
            found.append(f"diverges at {diverged.stage} ({outputs}): {of_inputs(diverged)}")
            found += filter(None, [of_part(diverged)])
        for suspect in self.suspects:
            if suspect.can_act:
                found.append(f"suspected {suspect.cause}: {suspect.rule}")
                found += [f"  {name}" for name in list(suspect.differences)[:_SHOWN]]
        return found


@dataclass(frozen=True)
class TwiceRequest:
    """A function to call twice.

    Attributes
    ----------
    words : sequence of str
        What ``repro.tracing.calling`` takes.
    name : str
        Name of the record.
    folder : Path
        Working folder of both processes.
    level : str
    paths : sequence of str
        Folders in which the processes find modules, after their own.
    """

    words: Sequence[str]
    name: str
    folder: Path
    level: str
    paths: Sequence[str] = ()


def run_twice(
    request: TwiceRequest, surroundings: Surroundings, out: Callable[[bytes], object]
) -> Twice:
    """Call a function in two fresh processes, and compare the results.

    Both run at once, unless one of them writes a file that the other writes too.

    Parameters
    ----------
    surroundings : Surroundings
        What all calls of a test session have in common.
    out : callable
        Receives blocks of what the functions print.

    Raises
    ------
    PreconditionError
        If a process cannot be started, or the environment cannot be observed.
    """
    recipe = CommandRecipe(
        kind="command", argv=(*CALL, *request.words), workdir=".", environ={}, level=request.level
    )
    changes = Changes({"REPRO_CALL_PATHS": os.pathsep.join(request.paths)})
    how = Performance(
        request.name, request.folder, None, out, changes=changes, surroundings=surroundings
    )
    records = _performed(recipe, how, at_once=2)
    first, second = records
    if any(each.evidence.files for each in records):
        first, second = _in_turn(records, recipe, how)
    question = Repetition(
        request.name, first, (), request.folder, None,
        settings_or_default(request.folder), ToleranceRequest(),
    )  # fmt: skip
    comparison, suspects = compared(question, second)
    return Twice((first, second), comparison, suspects)


def _performed(
    recipe: CommandRecipe, how: Performance, *, at_once: int
) -> tuple[RunRecord, RunRecord]:
    """Run a function twice in threads, so that an interrupt of this process ends both."""
    children = Children()
    watched = replace(how, children=children)
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        try:
            first, second = pool.map(lambda _: perform(recipe, watched), range(2))
        except BaseException:
            children.end()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return first, second


def _in_turn(
    together: Sequence[RunRecord], recipe: CommandRecipe, how: Performance
) -> tuple[RunRecord, RunRecord]:
    """Run a function once after the other, since both would write to the same files.

    A function that writes a file only where it is missing has found it by now, and gives its
    content: that is compared with the execution that wrote it.
    """
    again = _performed(recipe, how, at_once=1)
    most = max(together, key=lambda each: len(each.evidence.files))
    is_left = most.evidence.files.keys() - again[1].evidence.files.keys()
    return (most, again[1]) if is_left else again


def keep(record: RunRecord, folder: Path, runs: Path) -> Path:
    """Write the run folder of an execution, and return its path.

    Raises
    ------
    PreconditionError
        If it cannot be written.
    """
    environment = record.environment.model_copy(update={"git": observe_git(folder)})
    kept = bound(record.model_copy(update={"environment": environment}))
    return write_command_run(kept, runs, datetime.now(UTC), 0.0)


def surroundings_of(folder: Path, level: str) -> Surroundings:
    """Observe once what all calls of a test session have in common."""
    known = Level(level)
    environ = Changes().environ(known)
    return Surroundings.observing(folder, known, sys.executable, environ, git=False)


_SHOWN = 3
