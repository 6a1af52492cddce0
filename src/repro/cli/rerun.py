"""Running a recorded command again, if the user recorded it or agrees."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.core.errors import PreconditionError
from repro.launch import Level, check_processor

if TYPE_CHECKING:
    from pathlib import Path

    from repro.app.repeat import Repetition
    from repro.app.subjects.references import Reference
    from repro.app.subjects.subject import Subject
    from repro.app.tolerances import ToleranceRequest
    from repro.core.record import AnyRecord
    from repro.core.verdict import Check, Verification


@dataclass(frozen=True)
class Rerun:
    """Everything that determines how a recorded command is run again.

    Attributes
    ----------
    base : Path
        The project's folder, or the current folder.
    runs : Path
    asked : ToleranceRequest
    level : str or None
        The level to run at instead of the recorded one.
    reference : Reference or None
        One more reference that the result is compared with.
    """

    base: Path
    runs: Path
    asked: ToleranceRequest
    level: str | None
    reference: Reference | None = None

    @staticmethod
    def exact(base: Path, runs: Path) -> Rerun:
        """Return how it is run again where nothing but the same bits counts."""
        from repro.app.tolerances import requested

        return Rerun(base, runs, requested(0.0), None)

    def answer(
        self,
        subject: Subject,
        record: AnyRecord,
        integrity: tuple[Check, ...],
        *,
        quiet: bool,
        agreed: bool,
    ) -> Verification:
        """Run the command of a record again, if the user agrees, and compare.

        Parameters
        ----------
        quiet : bool
            Whether to hide the output of the command.
        agreed : bool
            Whether the user allowed a command that they did not record.

        Raises
        ------
        PreconditionError
            If the user does not agree; as ``repeat``.
        """
        from repro.app.repeat import repeat
        from repro.app.subjects.commands import command_of

        question = self.question(subject, record, integrity, agreed=agreed)
        recipe = command_of(record)
        check_processor(Level(self.level or (recipe.level if recipe else "")))
        if not quiet:
            words = shlex.join(recipe.argv) if recipe else ""
            output.note(f"running again, in a copy of {question.folder}: {words}")
        return repeat(question, _nothing if quiet else _beside, self.reference)

    def question(
        self,
        subject: Subject,
        record: AnyRecord,
        integrity: tuple[Check, ...] = (),
        *,
        agreed: bool,
    ) -> Repetition:
        """Return how the command of a record is run again, if it may run.

        Parameters
        ----------
        agreed : bool
            Whether the user has said that a stranger's command may run.

        Raises
        ------
        PreconditionError
            If the user does not want it to run.
        """
        from repro.app.repeat import Terms
        from repro.app.subjects.commands import check_runnable, command_of, is_own
        from repro.core.record import RunRecord

        recipe = command_of(record)
        if isinstance(record, RunRecord) and recipe is None:
            check_runnable(record, sealed=False)
        if not agreed and not is_own(record):
            _ask(subject, shlex.join(recipe.argv) if recipe else "")
        terms = Terms(self.base, self.runs, self.asked, self.level)
        return terms.question(subject, record, integrity)


def _ask(subject: Subject, words: str) -> None:
    """Ask for permission to run a command that the user did not record on this machine.

    Raises
    ------
    PreconditionError
    """
    advice = "read the command; if you trust its author, add --run-command"
    shown = f"the {subject.name} was not recorded on this machine, and would run: {words}"
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise PreconditionError(shown, advice=advice)
    output.note(shown)
    if not click.confirm("run it?", default=False, err=True):
        raise PreconditionError("the command was not run", advice=advice)


def _beside(block: bytes) -> None:
    sys.stderr.buffer.write(block)
    sys.stderr.buffer.flush()


def _nothing(_block: bytes) -> None:
    """Discard the output of the command."""
