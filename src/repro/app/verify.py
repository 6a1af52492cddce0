"""The use case ``verify``: re-execution from the recorded configuration, then a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.conclusion import conclude
from repro.app.configuration import verification_settings
from repro.app.execute import execute, predictions_of
from repro.app.judge import judge
from repro.app.recorded import record_of
from repro.app.records import record_of_execution
from repro.core.environment import comparable
from repro.core.verdict import Comparison, Verdict
from repro.datasets.hashing import HashMismatchError
from repro.divergence.structure import differences
from repro.divergence.suspicion import recorded_differences, suspects_of
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repro.app.judge import Asked
    from repro.app.subject import Subject
    from repro.config.experiment import ExperimentConfig
    from repro.core.verdict import Check, Verification
    from repro.training.fold import Observer


def verify(
    project: Path,
    subject: Subject,
    config: ExperimentConfig,
    integrity: Sequence[Check],
    observer: Observer,
    asked: Asked,
) -> Verification:
    """Train again from the recorded configuration and hold the record against the result.

    The subject's own files are only read.

    Parameters
    ----------
    config : ExperimentConfig
        What the subject was trained with; only ``execution`` may differ from the record.
    integrity : sequence of Check
        Of the subject; all of them passed.
    asked : Asked
        Nothing asks for the tolerance in this project's ``configs/base.yaml``.

    Raises
    ------
    PreconditionError, DataError, ConfigError
        As ``execute`` and ``judge``.
    """
    expected = record_of(subject)
    # This project's own, never the record's: who is checked does not set the measure.
    settings = verification_settings(project)
    try:
        execution = execute(project, config, observer)
    except HashMismatchError as error:
        return conclude(subject.name, integrity, _other_data(error))
    actual = record_of_execution(execution, predictions_of(execution.training))
    comparison = judge(settings, expected, actual, asked)
    parted = differences(comparable(expected.environment), comparable(actual.environment))
    comparison = comparison.model_copy(update={"environment": parted})
    found = recorded_differences(expected, actual)
    suspects = suspects_of(expected, actual, comparison, found, MEANING)
    verification = conclude(subject.name, integrity, comparison)
    return verification.model_copy(update={"suspects": suspects})


def _other_data(error: HashMismatchError) -> Comparison:
    return Comparison(
        verdict=Verdict.INCOMPARABLE,
        reasons=(f"another data set: {error.message}",),
        divergence=None,
        worst=None,
        checks=(),
        environment={},
        # Nothing was compared.
        absolute=0.0,
        relative=0.0,
    )
