"""The use case ``verify``: execute a recipe again, then compare and diagnose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from repro.app.configuration import verification_settings
from repro.app.subjects.facts import claims
from repro.app.subjects.question import different_data
from repro.app.subjects.references import with_reference
from repro.app.subjects.verification import build_verification, incomparable
from repro.core.known import KnownFingerprints
from repro.core.targets import target_of
from repro.datasets.hashing import HashMismatchError
from repro.divergence.assess import assess, assess_metrics, obstacles_of_metrics
from repro.divergence.suspicion import diagnose
from repro.execution.places import Here, recipe_of
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from pathlib import Path

    from repro.app.subjects.question import Question
    from repro.app.subjects.references import Reference
    from repro.config.experiment import ExperimentConfig
    from repro.core.records import Metrics
    from repro.core.verdict import Comparison, Suspect, Verification
    from repro.divergence.tolerance import ToleranceRequest
    from repro.execution.places import Executed, Place
    from repro.training.fold import Observer


def verify(
    project: Path,
    question: Question,
    observer: Observer,
    place: Place,
    reference: Reference | None = None,
) -> Verification:
    """Execute the recipe of a question at a place, and compare the record with the result.

    Where the question names obstacles, nothing is executed. The subject's own files are only read.

    Parameters
    ----------
    reference : Reference, optional
        One more reference that the result is compared with.

    Raises
    ------
    PreconditionError, DataError, ConfigError
        As ``Place.execute`` and ``assess``.
    """
    if question.obstacles:
        return _concluded(question, incomparable(*question.obstacles))
    try:
        executed = place.execute(project, question.recipe, observer)
    except HashMismatchError as error:
        return _concluded(question, incomparable(different_data(error)))
    expected, actual, asked = question.expected, executed.record, question.asked
    # What was computed in this process is no claim.
    observed = KnownFingerprints.of([actual.environment])
    asked = replace(asked, known=asked.known.plus(observed))
    comparison = assess(question.settings, expected, actual, asked, MEANING)
    comparison, suspects = diagnose(expected, actual, comparison, MEANING)
    verification = _concluded(question, comparison, suspects, executed)
    found = reference.compare(actual, question.settings, asked) if reference else None
    return with_reference(verification, reference, found)


def _concluded(
    question: Question,
    comparison: Comparison,
    suspects: tuple[Suspect, ...] = (),
    executed: Executed | None = None,
) -> Verification:
    actual = executed.record if executed else None
    verification = build_verification(question.name, question.integrity, comparison)
    return verification.model_copy(
        update={
            "suspects": suspects,
            "findings": actual.metrics.findings if actual else (),
            "network": executed.network if executed else None,
            "claimed": claims(question.run or question.expected, actual, comparison.checks),
            "target": target_of(question.expected.config),
        }
    )


def verify_metrics(
    project: Path,
    expected: Metrics,
    config: ExperimentConfig,
    observer: Observer,
    asked: ToleranceRequest,
) -> Verification:
    """Train in this process and compare a file of metrics alone, which the mode ``legacy`` allows.

    Raises
    ------
    PreconditionError, DataError, ConfigError
        As ``Place.execute`` and ``assess_metrics``.
    """
    settings, name = verification_settings(project, config.experiment), "metrics.json"
    obstacles = obstacles_of_metrics(settings, expected, config.task, asked)
    if obstacles:
        return build_verification(name, (), incomparable(*obstacles))
    actual = Here().execute(project, recipe_of(config), observer).record
    return build_verification(name, (), assess_metrics(settings, expected, actual, asked))
