"""The question that a verification answers, prepared before anything is executed.

The command, the script and other callers all prepare it by the same function.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.app.configuration import verification_settings
from repro.app.known import informed
from repro.app.subjects.recorded import record_of, run_of
from repro.app.subjects.trust import with_own_data
from repro.config.common_keys import keys_from, planned
from repro.config.keys import VERSION
from repro.datasets.hashing import HashMismatchError
from repro.divergence.assess import foreseen_obstacles
from repro.execution.places import recipe_of

if TYPE_CHECKING:
    from pathlib import Path

    from repro.app.subjects.subject import Subject
    from repro.config.experiment import ExperimentConfig
    from repro.config.verification import VerificationSettings
    from repro.core.record import AnyRecord, Recipe
    from repro.core.verdict import Check
    from repro.divergence.tolerance import ToleranceRequest
    from repro.store import StoredRun


@dataclass(frozen=True)
class Question:
    """The question whether the execution of a recipe reproduces a record.

    Attributes
    ----------
    name : str
        How messages refer to the record.
    expected : AnyRecord
        With the keys that a record of the execution has, where nothing is in the way of it.
    recipe : Recipe
        What to execute.
    settings : VerificationSettings
        This project's own, never the record's: its author does not set the measure.
    asked : ToleranceRequest
        Where it asks for no tolerance, that of the settings counts.
    obstacles : tuple of str
        Why the answer is known without an execution: the two cannot be compared.
    integrity : tuple of Check
        Of the subject; all of them passed.
    run : StoredRun or None
        Where the record is one of a run, which says more of itself.
    """

    name: str
    expected: AnyRecord
    recipe: Recipe
    settings: VerificationSettings
    asked: ToleranceRequest
    obstacles: tuple[str, ...] = ()
    integrity: tuple[Check, ...] = ()
    run: StoredRun | None = None


def prepare(
    project: Path,
    name: str,
    expected: AnyRecord,
    config: ExperimentConfig,
    asked: ToleranceRequest,
) -> Question:
    """Ask whether a training by a configuration reproduces the record of an experiment.

    Nothing is trained. What needs no training is refused or answered first.

    Parameters
    ----------
    config : ExperimentConfig
        What to train, with its data set as this project declares it. For ``repro verify`` it is
        the record's own configuration, in which only ``execution`` and ``determinism`` may differ.

    Raises
    ------
    PreconditionError, ConfigError, SchemaError
        As ``with_own_data``, ``verification_settings``, ``foreseen_obstacles`` and ``informed``.
    """
    settings = verification_settings(project, expected.experiment)
    try:
        config = with_own_data(project, config)
        obstacles = foreseen_obstacles(settings, expected, planned(expected, config), asked)
    except HashMismatchError as error:
        obstacles = (different_data(error),)
    if not obstacles:
        asked = informed(project, asked, expected)
        # Its own keys, of whatever version, have shown that it is of the same experiment.
        expected = expected.with_keys(keys_from(config, expected, VERSION))
    return Question(name, expected, recipe_of(config), settings, asked, obstacles)


def prepare_subject(
    project: Path,
    subject: Subject,
    integrity: tuple[Check, ...],
    config: ExperimentConfig,
    asked: ToleranceRequest,
) -> Question:
    """Ask whether a training by a configuration reproduces an intact run or reference.

    Raises
    ------
    PreconditionError, ConfigError, SchemaError
        As ``prepare``, ``record_of`` and ``run_of``.
    """
    question = prepare(project, subject.name, record_of(subject), config, asked)
    return replace(question, integrity=integrity, run=run_of(subject))


def different_data(error: HashMismatchError) -> str:
    """Return the obstacle that data with a different hash is."""
    return f"data set differs: {error.message}"
