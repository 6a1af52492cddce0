"""One training from a resolved configuration: data in, result and keys out, nothing written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from repro.app.in_force import check_in_force, check_worker
from repro.capture import capture_environment, observe_code_paths, observe_native
from repro.capture.fingerprint import observe_fingerprint
from repro.config.keys import replicate_key, strict_key
from repro.core.environment import environment_key
from repro.core.errors import PreconditionError
from repro.core.records import STAGES_VERSION, Keys, Prediction, Predictions
from repro.datasets.loading import load
from repro.launch import Level, dropped, in_force
from repro.training.stages import train

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.environment import Environment
    from repro.datasets.table import Table
    from repro.training.fold import Observer
    from repro.training.stages import Training


@dataclass(frozen=True)
class Execution:
    """A training, and what identifies it."""

    config: ExperimentConfig
    table: Table
    training: Training
    environment: Environment
    keys: Keys


def execute(project: Path, config: ExperimentConfig, observer: Observer) -> Execution:
    """Load the data and train.

    Raises
    ------
    PreconditionError
        If the determinism level is not in force, or something that the data needs is missing.
    DataError
        If the data is not what was declared, or cannot be trained on.
    """
    level = config.determinism.level
    reasons = in_force(Level(level))
    if reasons:
        raise PreconditionError(
            f"determinism level '{level}' is not in force: {'; '.join(reasons)}",
            advice="start through the repro command, which fixes it before Python starts",
        )
    observer.preparing("recording the environment")
    environment = capture_environment(project, level, dropped())
    check_in_force(environment)
    observer.preparing("taking the numeric fingerprint of this machine")
    environment = environment.model_copy(update={"fingerprint": observe_fingerprint()})
    observer.preparing(f"loading the data set {config.dataset.name}")
    table = load(project, config.dataset, config.task)
    check = partial(check_worker, level)
    training = train(config, table.features, table.target, table.numeric, observer, check)
    # Once more, with what training loaded, which may have set threads too.
    again = {"native": observe_native(), "code_paths": observe_code_paths(os.environ)}
    environment = environment.model_copy(update=again)
    check_in_force(environment)
    return Execution(config, table, training, environment, keys_of(config, table, environment))


def keys_of(config: ExperimentConfig, table: Table, environment: Environment) -> Keys:
    """Compute the keys of a training."""
    return Keys(
        replicate_key=replicate_key(config, table.content, STAGES_VERSION),
        strict_key=strict_key(config, table.content, STAGES_VERSION),
        environment_key=environment_key(environment),
    )


def predictions_of(training: Training) -> Predictions:
    """Return every held-out prediction as plain values."""
    margins = training.margins
    count = len(training.test_rows)
    scores = training.scores.values.tolist() if training.outcome.columns else [[]] * count
    return Predictions(
        total=count,
        scores=training.outcome.columns,
        rows=tuple(
            Prediction(
                row=int(training.test_rows[i]),
                truth=training.truth[i].item(),
                label=training.labels[i].item(),
                scores=tuple(scores[i]),
                margin=None if margins is None else float(margins[i]),
            )
            for i in range(count)
        ),
    )
