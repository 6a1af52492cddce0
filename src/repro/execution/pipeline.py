"""One training from a resolved configuration: data in, result and keys out, nothing written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from repro.capture import observe_code_paths, observe_native
from repro.capture.git import with_changes
from repro.capture.libraries import observe_libraries
from repro.config.keys import replicate_key, strict_key
from repro.core.environment import Repository, environment_key
from repro.core.errors import PreconditionError
from repro.core.fingerprint import Fingerprint
from repro.core.garbage import collect_as_usual
from repro.core.records import STAGES_VERSION, Keys, Prediction, Predictions
from repro.datasets.loading import load
from repro.execution.ahead import look_ahead
from repro.execution.checkpoints import begin_checkpoints
from repro.execution.code import observe_code
from repro.execution.enforcement import check_here, check_level, influences
from repro.execution.loaded import Watch, begin_worker, observe_loaded, report_worker
from repro.execution.own_modules import own_modules
from repro.execution.resuming import begin_search
from repro.execution.workers import admission
from repro.executors import distributions_of, is_apart, opened
from repro.executors import load as load_executor
from repro.launch import Level, in_force, safe_children
from repro.tracing.tensor_probes import tensor_results
from repro.tracing.tensors import tensor_paths
from repro.training.checkpoints import checkpointing
from repro.training.estimators import check
from repro.training.fold import nothing_begun
from repro.training.measures import load_measures
from repro.training.parallel import Inspection, check_once
from repro.training.stages import train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.environment import Environment
    from repro.datasets.table import Table
    from repro.execution.ahead import Ahead
    from repro.execution.checkpoints import CheckpointRequest
    from repro.execution.code import Code
    from repro.execution.loaded import Loaded
    from repro.store.checkpoints import OpenCheckpoints
    from repro.store.unfinished import Unfinished
    from repro.training.fold import Begin, Observer
    from repro.training.stages import Training


@dataclass(frozen=True)
class Execution:
    """A training, and what identifies it.

    Attributes
    ----------
    unfinished : Unfinished or None
        What is kept until the run is whole, if anything is.
    """

    config: ExperimentConfig
    table: Table
    training: Training
    environment: Environment
    keys: Keys
    code: Code
    checkpoints: OpenCheckpoints | None = None
    unfinished: Unfinished | None = None

    @property
    def resumed(self) -> dict[str, int]:
        """The step that each fit was continued from, by the identity of the fit."""
        return {} if self.checkpoints is None else dict(self.checkpoints.leftover.steps)

    @property
    def resumed_trials(self) -> int:
        """Return the number of fits of a search that an interrupted training had done."""
        return 0 if self.unfinished is None else self.unfinished.found

    def forget_unfinished(self) -> None:
        """Remove what was kept for a training that would be interrupted: the run is whole."""
        if self.checkpoints is not None:
            self.checkpoints.discard()
        if self.unfinished is not None:
            self.unfinished.clear()

    @property
    def damaged(self) -> tuple[str, ...]:
        """Reasons for which checkpoints were ignored."""
        found = () if self.checkpoints is None else self.checkpoints.leftover.damaged
        return tuple(f"a checkpoint was ignored: {reason}" for reason in found)

    @property
    def influences(self) -> tuple[str, ...]:
        """Influences that got in from the caller's environment and that no level can keep out."""
        level = Level(self.config.determinism.level)
        return influences(level, self.code.unasked, self.environment.libraries)


def execute(
    project: Path,
    config: ExperimentConfig,
    observer: Observer,
    request: CheckpointRequest | None = None,
    begin: Begin = nothing_begun,
) -> Execution:
    """Load the data and train.

    Parameters
    ----------
    request : CheckpointRequest, optional
        Where to keep checkpoints and finished work; without it none is kept or used, as a
        verification must.
    begin : Begin, optional
        Begins what may run beside this process.

    Raises
    ------
    PreconditionError
        If the determinism level is not in force, or something that the data or an estimator needs
        is missing.
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
    # All that a training needs is imported.
    collect_as_usual()
    allowed = config.security.allowed_modules
    with safe_children(), own_modules(project, allowed):
        observer.preparing("recording the environment")
        check_here(Level(level))
        ahead = look_ahead(begin, project, level)
        _check_parts(config)
        observer.preparing(f"loading the data set {config.dataset.name}")
        table = load(project, config.dataset, config.task, config.row_columns)
        unfinished = begin_search(request, project, config, table, ahead, observer)
        watch, token = Watch(carriers=load_executor(config.execution.executor)), uuid4().hex
        check = _check_of_workers(project, config, ahead)
        inspection = Inspection(check, partial(report_worker, token), watch.collect, token)
        # A worker of a different machine has none of the folders of this one.
        near = None if is_apart(config.execution.executor) else request
        checkpoints = begin_checkpoints(near, project, config, table, ahead, observer)
        stages = partial(train, finished=unfinished, begin=begin)
        training = _train(stages, config, table, observer, inspection, checkpoints)
        observer.preparing("recording the code that was loaded")
        environment, inventory = ahead()
        loaded = observe_loaded(config, inventory, watch)
    code = observe_code(project, config, environment, loaded)
    environment = _completed(environment, loaded, code)
    check_level(environment)
    keys = keys_of(config, table, environment)
    found = (training, environment, keys, code, checkpoints, unfinished)
    return Execution(_recorded(config), table, *found)


def _check_of_workers(
    project: Path, config: ExperimentConfig, ahead: Callable[[], Ahead]
) -> Callable[[], None]:
    if distributions_of(config.execution.executor):
        return admission(project, config, ahead().environment)
    level, allowed = config.determinism.level, config.security.allowed_modules
    return partial(begin_worker, level, project, allowed)


def _recorded(config: ExperimentConfig) -> ExperimentConfig:
    """Leave out the executor: it changes no result, and names machines."""
    execution = config.execution.model_copy(update={"executor": None})
    return config.model_copy(update={"execution": execution})


def _train(
    stages: Callable[..., Training],
    config: ExperimentConfig,
    table: Table,
    observer: Observer,
    inspection: Inspection,
    checkpoints: OpenCheckpoints | None,
) -> Training:
    given = (table.features, table.target, table.numeric, observer, inspection)
    execution, level = config.execution, config.determinism.level
    once = partial(check_once, inspection.check, inspection.token)
    if execution.executor is not None:
        observer.preparing(f"opening the executor {execution.executor}")
    try:
        with (
            checkpointing(None if checkpoints is None else checkpoints.folder),
            opened(execution.executor, execution.workers, once, level) as executor,
        ):
            return stages(config, *given, ignored=table.ignored, executor=executor)
    except BaseException:
        if checkpoints is not None:
            checkpoints.close()
        raise


def _check_parts(config: ExperimentConfig) -> None:
    """Check that estimators and metrics can be made, and take the weights of rows."""
    weights, allowed = config.weights, config.security.allowed_modules
    for family, model in config.models.items():
        check(family, model, config.task.kind, allowed, weighted=weights is not None)
    weighted = weights is not None and weights.metrics
    load_measures(config.task, config.metrics, allowed, weighted=weighted)


def _completed(environment: Environment, loaded: Loaded, code: Code) -> Environment:
    """Observe once more what training has loaded, which may have set threads too."""
    state = environment.git
    is_recorded = {*loaded.own.values()}.__contains__
    libraries = observe_libraries(lambda p: is_recorded(p) or loaded.inventory.vouches_for(p))
    return environment.model_copy(
        update={
            "native": observe_native(),
            "code_paths": observe_code_paths(os.environ),
            "used": loaded.used or None,
            "libraries": libraries or None,
            "variables": loaded.variables or None,
            **_tensors(loaded),
            "git": with_changes(state, code.changed) if isinstance(state, Repository) else state,
        }
    )


def _tensors(loaded: Loaded) -> dict[str, object]:
    """Observe PyTorch if the estimators used it: a caller may have loaded it for itself."""
    results = tensor_results() if "torch" in loaded.used else {}
    if not results:
        return {}
    return {
        "tensors": tensor_paths() or None,
        "tensor_fingerprint": Fingerprint.of_tensors(results),
    }


def keys_of(config: ExperimentConfig, table: Table, environment: Environment) -> Keys:
    """Compute the keys of a training."""
    return Keys(
        replicate_key=replicate_key(config, table.content, STAGES_VERSION),
        strict_key=strict_key(config, table.content, STAGES_VERSION),
        environment_key=environment_key(environment),
    )


def predictions_of(training: Training) -> Predictions:
    """Return every held-out prediction as plain values."""
    count = len(training.test_rows)
    columns = training.outcome.columns
    values = training.scores.values.tolist() if columns else [()] * count
    # Columns as plain values at once: value by value takes as long as all the rest.
    rows, *outcomes = (
        side.tolist() for side in (training.test_rows, training.truth, training.labels)
    )
    numbers = (
        [None] * count if side is None else side.astype("float64").tolist()
        for side in (training.margins, training.weights)
    )
    return Predictions(
        total=count,
        scores=columns,
        rows=tuple(
            Prediction(
                row=row,
                truth=truth,
                label=label,
                scores=tuple(scores),
                margin=margin,
                weight=weight,
            )
            for row, truth, label, scores, margin, weight in zip(
                rows, *outcomes, values, *numbers, strict=True
            )
        ),
    )
