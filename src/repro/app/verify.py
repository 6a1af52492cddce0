"""The use case ``verify``: re-execution from the recorded configuration, then a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.conclusion import conclude
from repro.app.configuration import verification_settings
from repro.app.execute import execute, predictions_of
from repro.app.records import record_of_execution, record_of_run
from repro.core.environment import comparable
from repro.core.jsonfile import load_record
from repro.core.records import RecordFile
from repro.core.verdict import Comparison, Verdict
from repro.datasets.hashing import HashMismatchError
from repro.divergence.compare import compare
from repro.divergence.expectation import with_expectation
from repro.divergence.side import Side
from repro.divergence.structure import differences
from repro.divergence.tolerance import Tolerance
from repro.store import read_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repro.app.subject import Subject
    from repro.config.models import ExperimentConfig
    from repro.core.verdict import Check, Verification
    from repro.training.fold import Observer


def record_of(subject: Subject) -> RecordFile:
    """Read the record of a run or a reference.

    Raises
    ------
    PreconditionError, SchemaError
    """
    if subject.is_run:
        return record_of_run(read_run(subject.path))
    return load_record(subject.path.read_bytes(), subject.path.name, RecordFile)


def verify(
    project: Path,
    subject: Subject,
    config: ExperimentConfig,
    integrity: Sequence[Check],
    observer: Observer,
    tolerance: Tolerance | None = None,
) -> Verification:
    """Train again from the recorded configuration and hold the record against the result.

    The subject's own files are only read.

    Parameters
    ----------
    config : ExperimentConfig
        What the subject was trained with; only ``execution`` may differ from the record.
    integrity : sequence of Check
        Of the subject; all of them passed.
    tolerance : Tolerance, optional
        Instead of the one in this project's ``configs/base.yaml``. Where it is given, a difference
        within it holds, even where the environments are such that the same bits are due.

    Raises
    ------
    PreconditionError, DataError
        As ``execute``.
    """
    expected = record_of(subject)
    # This project's own, never the record's: who is checked does not set the measure.
    settings = verification_settings(project)
    limits = settings.tolerance
    allowed = tolerance or Tolerance(limits.absolute, limits.relative)
    try:
        execution = execute(project, config, observer)
    except HashMismatchError as error:
        comparison = _other_data(error, allowed)
    else:
        actual = record_of_execution(execution, predictions_of(execution.training))
        comparison = compare(
            Side.of(expected),
            Side.of(actual),
            allowed,
            mode=settings.mode,
            sample=settings.sample.size,
        )
        there, here = expected.environment, actual.environment
        comparison = with_expectation(comparison, there, here, lenient=tolerance is not None)
        parted = differences(comparable(there), comparable(here))
        comparison = comparison.model_copy(update={"environment": parted})
    return conclude(subject.name, integrity, comparison)


def _other_data(error: HashMismatchError, tolerance: Tolerance) -> Comparison:
    return Comparison(
        verdict=Verdict.INCOMPARABLE,
        reasons=(f"another data set: {error.message}",),
        divergence=None,
        worst=None,
        checks=(),
        environment={},
        absolute=tolerance.absolute,
        relative=tolerance.relative,
    )
