"""Running a recorded command again in a copy of its folder.

It is the use case ``verify`` for a command, and what ``explain`` and ``noise`` of one are made of.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from repro.app.configuration import settings_or_default
from repro.app.known import read_known
from repro.app.subjects.commands import check_runnable, command_of
from repro.app.subjects.references import with_reference
from repro.app.subjects.verification import build_verification, incomparable
from repro.core.errors import PreconditionError
from repro.core.known import KnownFingerprints
from repro.core.meaning import OF_COMMANDS
from repro.core.record import RunRecord
from repro.core.verdict import Verdict
from repro.digest.files import sha256_file
from repro.divergence.assess import assess
from repro.divergence.chance import with_chance
from repro.divergence.commands import differing_line
from repro.divergence.suspicion import diagnose
from repro.execution.recording import (
    NOTHING,
    Changes,
    Performance,
    Sealing,
    Selection,
    copy_of,
    perform,
    scratch_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from repro.app.subjects.references import Reference
    from repro.app.subjects.subject import Subject
    from repro.config.verification import VerificationSettings
    from repro.core.observed import Observed
    from repro.core.record import AnyRecord
    from repro.core.verdict import Check, Comparison, Suspect, Verification
    from repro.divergence.tolerance import ToleranceRequest


@dataclass(frozen=True)
class Repetition:
    """A recorded command to run again, and how to judge it.

    Attributes
    ----------
    name : str
        Name of the record in messages.
    expected : AnyRecord
    integrity : tuple of Check
        Integrity checks of the subject; all of them passed.
    folder : Path
        The working folder. It is copied and only read.
    runs : Path or None
        Folder of the runs. It is not copied.
    settings : VerificationSettings
    asked : ToleranceRequest
    level : str or None
        The level to run at instead of the recorded one.
    changes : Changes
        How this run differs from the recorded command otherwise.
    """

    name: str
    expected: AnyRecord
    integrity: tuple[Check, ...]
    folder: Path
    runs: Path | None
    settings: VerificationSettings
    asked: ToleranceRequest
    level: str | None = None
    changes: Changes = field(default_factory=Changes)

    @property
    def command(self) -> RunRecord:
        """The record, which is one of a command that can be run again as it was.

        Raises
        ------
        PreconditionError
            If it is not.
        """
        if not isinstance(self.expected, RunRecord):
            raise PreconditionError(f"{self.name} is not the record of a command")
        check_runnable(self.expected, sealed=False)
        return self.expected


@dataclass(frozen=True)
class Terms:
    """The terms on which recorded commands are run again.

    Attributes
    ----------
    base : Path
        The project's folder, or the current folder.
    runs : Path
    asked : ToleranceRequest
    level : str or None
        The level to run at instead of the recorded one.
    """

    base: Path
    runs: Path
    asked: ToleranceRequest
    level: str | None

    def question(
        self, subject: Subject, record: AnyRecord, integrity: tuple[Check, ...] = ()
    ) -> Repetition:
        """Return how the command of a record, which the user trusts, is run again.

        Raises
        ------
        PreconditionError
            If the record has no command that can run.
        """
        recipe = command_of(record)
        if isinstance(record, RunRecord) and recipe is None:
            check_runnable(record, sealed=False)
        folder = (self.base / (recipe.workdir if recipe else ".")) if subject.is_run else None
        return Repetition(
            name=subject.name,
            expected=record,
            integrity=integrity,
            folder=(folder or self.base).resolve(),
            runs=self.runs.resolve(),
            settings=settings_or_default(self.base),
            asked=self.asked,
            level=self.level,
        )


def repeat(
    question: Repetition, out: Callable[[bytes], object], reference: Reference | None = None
) -> Verification:
    """Check the inputs, run the command in a copy of its folder, and compare.

    Parameters
    ----------
    out : callable
        Receives blocks of the command's standard output as they are written.
    reference : Reference, optional
        One more reference that the result is compared with.

    Raises
    ------
    PreconditionError
        If the command cannot be run again, or data that it reads is missing; as ``assess``.
    """
    expected, asked = question.command, question.asked
    in_the_way = tuple(obstacles(expected, question.folder))
    if in_the_way:
        return build_verification(question.name, question.integrity, incomparable(*in_the_way))
    if asked.auto:
        asked = replace(asked, known=read_known(question.folder))
    actual = perform_again(question, out)
    observed = KnownFingerprints.of([actual.environment])
    asked = replace(asked, known=asked.known.plus(observed)) if asked.auto else asked
    comparison, suspects = compared(replace(question, asked=asked), actual)
    verification = build_verification(question.name, question.integrity, comparison)
    there, here = expected.observed, actual.observed
    sealed = here.sealed if here else None
    # What a program that recorded itself printed is not known.
    known = there is not None and not there.own
    printed = differing_line(there.stdout, here.stdout) if there and here and known else ""
    verification = verification.model_copy(
        update={"suspects": suspects, "seal": sealed, "printed": printed or None}
    )
    found = reference.compare(actual, question.settings, asked) if reference else None
    return with_reference(verification, reference, found)


def compared(question: Repetition, actual: RunRecord) -> tuple[Comparison, tuple[Suspect, ...]]:
    """Compare a repetition with the record, and rank what can have made them diverge.

    Raises
    ------
    PreconditionError, ConfigError
        As ``assess``.
    """
    expected = question.expected
    comparison = assess(question.settings, expected, actual, question.asked, OF_COMMANDS)
    comparison, suspects = diagnose(expected, actual, comparison, OF_COMMANDS)
    suspects = with_chance(expected, actual, comparison, suspects)
    return _with_refusals(comparison, actual), suspects


def _with_refusals(comparison: Comparison, actual: RunRecord) -> Comparison:
    """Make a comparison that is not identical incomparable if the seal refused something."""
    observed = actual.observed
    if observed is None or not observed.refused or comparison.verdict is Verdict.IDENTICAL:
        return comparison
    found = [_refusal(each) for each in observed.refused]
    update = {"verdict": Verdict.INCOMPARABLE, "reasons": (*found, *comparison.reasons)}
    return comparison.model_copy(update=update | {"finding": ""})


def _refusal(refused: str) -> str:
    kind, _, name = refused.partition(" ")
    if kind in {"read", "execute"}:
        return (
            f"the seal refused to {kind} {name}, which the record does not name: record the command"
            f" again with --input {name}"
        )
    return f"the seal refused to {kind} {name}"


def perform_again(question: Repetition, out: Callable[[bytes], object]) -> RunRecord:
    """Run the command of a record in a copy of its working folder.

    Raises
    ------
    PreconditionError
        If it cannot be run again as it was; as ``perform``.
    """
    expected = question.command
    recipe, observed = command_of(expected), expected.observed
    if recipe is None or observed is None:
        raise PreconditionError(f"{question.name} does not have a command to run")
    if question.level:
        recipe = recipe.model_copy(update={"level": question.level})
    with scratch_folder() as place:
        scratch = place / (question.folder.name or "root")
        scratch.mkdir()
        copy_of(question.folder, scratch, question.runs, frozenset(observed.created))
        # What a program that recorded itself writes is not a result, unless it names it.
        results = (NOTHING,) if observed.own else observed.results
        how = Performance(
            name=expected.name,
            folder=scratch,
            runs=question.runs,
            out=out,
            selection=Selection(tuple(_declared(expected, scratch)), results),
            original=question.folder,
            sealing=None if observed.own else _sealing(expected, observed, scratch),
            changes=question.changes,
            own=bool(observed.own),
        )
        return perform(recipe, how)


def _sealing(expected: RunRecord, observed: Observed, folder: Path) -> Sealing:
    """Allow the files of which the record has a digest, and the programs that it names."""
    data = [located(each.name, folder) for each in expected.materials.data]
    code = {located(name, folder): sha256 for name, sha256 in expected.materials.code.items()}
    # Code in the folder may have been edited since. Elsewhere it is only what the record knows.
    known = [
        path
        for path, sha256 in code.items()
        if path.is_relative_to(folder) or (path.is_file() and sha256_file(path) == sha256)
    ]
    return Sealing([*data, *known], observed.started)


def _declared(expected: RunRecord, folder: Path) -> Iterator[Path]:
    """Yield the existing inputs of a record; some of them only ``--input`` declared."""
    for each in expected.materials.data:
        path = located(each.name, folder)
        if path.is_file():
            yield path


def located(name: str, folder: Path) -> Path:
    """Return the path of a file of a record: in the working folder, at home, or absolute."""
    return Path(name).expanduser() if name.startswith(("/", "~")) else folder / name


def obstacles(expected: RunRecord, folder: Path) -> Iterator[str]:
    """Yield why the command of a record cannot reproduce it in a folder, before it is run.

    Raises
    ------
    PreconditionError
        If data that it reads is not in the folder.
    """
    observed = expected.observed
    if observed is not None and observed.status:
        yield (
            f"the recorded command failed with status {observed.status}: a failed command has no"
            " result to reproduce"
        )
        return
    for each in expected.materials.data:
        path = located(each.name, folder)
        if not path.is_file():
            raise PreconditionError(
                f"{each.name}: the command read it, and it is missing in {folder}",
                advice="run this in the command's working folder, with its data",
            )
        found = f"file/v1:{sha256_file(path)}"
        if found != each.content:
            yield f"input {each.name} differs: recorded {each.content}, found {found}"
