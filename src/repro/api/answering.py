"""The answers of ``train`` and ``verify``, in a process that may restart itself at a level.

Modules that import NumPy are imported once the level is in force.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from repro.api.calls import Trained
from repro.api.requests import project_of, request_of, tolerance_of, words_of
from repro.api.wording import errors_in_python
from repro.core.errors import PreconditionError
from repro.core.verdict import Outcome
from repro.launch import KNOWN, Level, check_processor, dropped

if TYPE_CHECKING:
    from repro.api.calls import TrainCall, VerifyCall
    from repro.api.places import Surroundings
    from repro.app.subjects.references import Reference
    from repro.app.subjects.subject import Subject
    from repro.app.train import TrainedRun
    from repro.core.record import AnyRecord
    from repro.core.verdict import Check, Verification
    from repro.training.fold import Observer

    class Channel(Observer, Protocol):
        """Receives what happens, and takes the process to a level."""

        def enter(self, level: Level) -> None:
            """Be at a level, if need be in a process that begins again.

            Raises
            ------
            PreconditionError
                If the level cannot be reached.
            """


@errors_in_python()
def answer_train(call: TrainCall, channel: Channel) -> Trained:
    """Train as ``repro train`` does.

    Raises
    ------
    ReproError
        As the use case.
    """
    from repro.app.configuration import resolve_request  # noqa: PLC0415 - used by one answer

    project = Path(call.project)
    resolved = resolve_request(project, request_of(call.choice))
    channel.enter(Level(resolved.config.determinism.level))
    from repro.app.checking import check_candidates  # noqa: PLC0415 - imports NumPy
    from repro.app.train import train  # noqa: PLC0415

    channel.preparing("checking the model families")
    check_candidates(project, resolved)
    return _trained(train(project, resolved, words_of(call.choice), channel))


def _trained(run: TrainedRun) -> Trained:
    from repro.app.answers import TrainAnswer  # noqa: PLC0415 - loaded by then

    training, config = run.execution.training, run.execution.config
    answer = TrainAnswer(
        schema_="repro.train/v1",
        run_id=run.run_id,
        path=str(run.path),
        seconds=round(run.seconds, 3),
        keys=run.execution.keys,
        metrics=training.metrics,
        threshold=training.threshold,
    )
    unknown = (
        f"{name} can change results and is unknown to repro: it was kept out and recorded"
        for name in sorted(dropped().keys() - KNOWN)
    )
    return Trained(
        run=answer,
        experiment=config.experiment,
        seed=config.seed,
        level=config.determinism.level,
        warnings=(*unknown, *run.execution.influences),
        passed=not config.safety.fails(training.metrics.findings),
    )


@errors_in_python()
def answer_verify(call: VerifyCall, channel: Channel) -> Verification:
    """Verify as ``repro verify`` does.

    Raises
    ------
    ReproError
        As the use case.
    """
    from repro.api.places import Surroundings  # noqa: PLC0415 - used by one answer
    from repro.app.subjects.recorded import record_of  # noqa: PLC0415
    from repro.app.subjects.verification import verify_integrity  # noqa: PLC0415

    folders = Surroundings.of(call.project, call.runs)
    subject, integrity = folders.examined(call.subject)
    if any(check.outcome is not Outcome.SAME for check in integrity):
        return verify_integrity(subject, integrity)
    record = record_of(subject)
    reference = _reference(call, folders, record)
    if record.is_pipeline:
        return _trained_again(call, subject, integrity, channel, reference)
    return _run_again(call, folders, subject, integrity, reference)


def _reference(call: VerifyCall, folders: Surroundings, record: AnyRecord) -> Reference | None:
    """Read what the result is also compared with, and try its names on the record."""
    if call.reference is None:
        return None
    from repro.app.subjects.references import read_reference  # noqa: PLC0415 - used by few calls

    reference = read_reference(folders.base, folders.runs, call.reference, call.mapping)
    reference.check(record, tolerance_of(call.tolerance, call.noise))
    return reference


def _trained_again(
    call: VerifyCall,
    subject: Subject,
    integrity: tuple[Check, ...],
    channel: Channel,
    reference: Reference | None,
) -> Verification:
    from repro.app.subjects.recorded import config_again  # noqa: PLC0415 - used by one answer

    project, asked = project_of(call.project), tolerance_of(call.tolerance, call.noise)
    config = config_again(project, subject, call.level, call.workers)
    channel.enter(Level(config.determinism.level))
    from repro.app.subjects.question import prepare_subject  # noqa: PLC0415 - imports NumPy
    from repro.app.verify import verify  # noqa: PLC0415
    from repro.execution.places import Here  # noqa: PLC0415

    question = prepare_subject(project, subject, integrity, config, asked)
    return verify(project, question, channel, Here(shut=True), reference)


def _run_again(
    call: VerifyCall,
    folders: Surroundings,
    subject: Subject,
    integrity: tuple[Check, ...],
    reference: Reference | None,
) -> Verification:
    """Run the command of a record again, if it is the user's own or they allow it.

    Raises
    ------
    PreconditionError
        If they do not; as ``repeat``.
    """
    from repro.app.repeat import Terms, repeat  # noqa: PLC0415 - used by one answer
    from repro.app.subjects.commands import command_of, is_own  # noqa: PLC0415
    from repro.app.subjects.recorded import record_of  # noqa: PLC0415

    record = record_of(subject)
    asked = tolerance_of(call.tolerance, call.noise)
    terms = Terms(folders.base, folders.runs, asked, call.level)
    question = terms.question(subject, record, integrity)
    recipe = command_of(record)
    if not call.run_command and not is_own(record):
        words = shlex.join(recipe.argv) if recipe else ""
        raise PreconditionError(
            f"the {subject.name} was not recorded on this machine, and would run: {words}",
            advice="read the command; if you trust its author, pass run_command=True",
        )
    check_processor(Level(call.level or (recipe.level if recipe else "")))
    return repeat(question, _nothing, reference)


def _nothing(_block: bytes) -> None:
    """Discard the output of the command."""
