"""The use case ``verify``: re-execution from a configuration, then a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.app.configuration import verification_settings
from repro.app.known import read_known
from repro.app.subjects.facts import claims, false_rows
from repro.app.subjects.trust import with_own_data
from repro.core.known import NOTHING_KNOWN, KnownFingerprints
from repro.core.verdict import Verdict
from repro.datasets.hashing import HashMismatchError
from repro.divergence.assess import assess, assess_metrics, foreseen_obstacles, obstacles_of_metrics
from repro.divergence.suspicion import diagnose
from repro.divergence.verification import build_verification, incomparable
from repro.execution.places import Here, recipe_of
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.record import AnyRecord
    from repro.core.records import Metrics
    from repro.core.verdict import Check, Verification
    from repro.divergence.tolerance import ToleranceRequest
    from repro.execution.places import Place
    from repro.store import StoredRun
    from repro.training.fold import Observer


@dataclass(frozen=True)
class Question:
    """The subject of a verification, and the training that repeats it.

    Attributes
    ----------
    name : str
        How messages refer to it.
    expected : AnyRecord
    config : ExperimentConfig
        What to train. For ``repro verify`` it is the record's own configuration, in which only
        ``execution`` and ``determinism`` may differ.
    integrity : tuple of Check
        Of the subject; all of them passed.
    run : StoredRun or None
        Where the record is one of a run, which says more of itself.
    """

    name: str
    expected: AnyRecord
    config: ExperimentConfig
    integrity: tuple[Check, ...] = ()
    run: StoredRun | None = None


def verify(
    project: Path, question: Question, observer: Observer, asked: ToleranceRequest, place: Place
) -> Verification:
    """Train and compare the record with the result.

    What the two configurations show is reported before anything is trained. The subject's own
    files are only read.

    Parameters
    ----------
    asked : ToleranceRequest
        Where it asks for no tolerance, the one in this project's ``configs/base.yaml`` counts.
    place : Place
        Where the training is repeated.

    Raises
    ------
    PreconditionError, DataError, ConfigError
        As ``Place.execute`` and ``assess``.
    """
    expected = question.expected
    # This project's own, never the record's: the author of a record does not set the measure.
    settings = verification_settings(project, expected.experiment)
    try:
        config = with_own_data(project, question.config)
        obstacles = foreseen_obstacles(settings, expected, config, asked)
        if obstacles:
            return _untrained(question, *obstacles)
        # Before the training: a file that cannot be read must not cost one.
        known = read_known(project) if asked.auto else NOTHING_KNOWN
        executed = place.execute(project, recipe_of(config), observer)
    except HashMismatchError as error:
        return _untrained(question, f"data set differs: {error.message}")
    actual = executed.record
    if asked.auto:
        # What was computed in this process is no claim.
        observed = KnownFingerprints.of([actual.environment])
        asked = replace(asked, known=known.plus(observed))
    comparison = assess(settings, expected, actual, asked, MEANING)
    false = false_rows(expected, actual, is_run=question.run is not None)
    if false and expected.content == actual.content:
        # As of a record whose files contradict each other: nothing it says can be relied on.
        reasons = (false, *comparison.reasons)
        comparison = comparison.model_copy(
            update={"verdict": Verdict.INCOMPARABLE, "reasons": reasons}
        )
    comparison, suspects = diagnose(expected, actual, comparison, MEANING)
    verification = build_verification(question.name, question.integrity, comparison)
    return verification.model_copy(
        update={
            "suspects": suspects,
            "findings": actual.metrics.findings,
            "network": executed.network,
            "claimed": claims(question.run or expected, actual),
        }
    )


def _untrained(question: Question, *reasons: str) -> Verification:
    verification = build_verification(question.name, question.integrity, incomparable(*reasons))
    claimed = claims(question.run or question.expected)
    return verification.model_copy(update={"claimed": claimed})


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
