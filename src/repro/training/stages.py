"""``train``, which folds over the declared stages, and the functions of some of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from repro.config.data import Task
from repro.core.records import STAGES_VERSION, Estimate, Metrics, Stages
from repro.seeding import SeedScheme, plan
from repro.training import bootstrap, scoring
from repro.training.artefacts import by_stage, configured, optional, seed_paths
from repro.training.columns import ColumnSteps
from repro.training.decision import ARGMAX, labels_of_least_cost
from repro.training.declarations import STAGES
from repro.training.encoded import encoded_features
from repro.training.features import DerivedFeatures
from repro.training.fold import fold, nothing_begun
from repro.training.generators import restored_global_generators
from repro.training.metrics import evaluate as measure
from repro.training.parallel import Workers, nothing_to_check
from repro.training.parts import Parts
from repro.training.preprocess import (
    Supervised,
    fit_preprocessor,
    learn,
    preprocessing_of,
    to_matrix,
)
from repro.training.removal import learned_rows
from repro.training.saved import saved_models
from repro.training.scoring import Outcome, Scores, score
from repro.training.searching.finished import NothingFinished
from repro.training.weights import check_counts, of_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from sklearn.base import BaseEstimator
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    from repro.config.experiment import ExperimentConfig
    from repro.config.preprocessing import Preprocessing
    from repro.config.training import Evaluation, Features, Model
    from repro.core.baseline import DriftBaseline
    from repro.core.records import Threshold
    from repro.core.searched import SearchRecord
    from repro.training.declarations import Stage
    from repro.training.fold import Begin, Ending, Observer
    from repro.training.measures import Measures
    from repro.training.parallel import Executor
    from repro.training.removal import Removals
    from repro.training.scoring import Labels, Matrix
    from repro.training.searching.finished import Finished
    from repro.training.splitters import SplitColumns
    from repro.training.weights import Weights

    Rows = npt.NDArray[np.int64]


# The fields of the metrics, and the artefacts that they are.
_OF_METRICS = {
    copy.removeprefix("metrics."): output
    for stage in STAGES
    for copy, output in stage.copies.items()
    if copy.startswith("metrics.")
}


@dataclass(frozen=True)
class Training:
    """The result of one training.

    Attributes
    ----------
    model : sklearn.pipeline.Pipeline
        Takes a table with the data set's columns; its labels are decided by the threshold.
    kept : mapping of str to sklearn.pipeline.Pipeline
        The same of every candidate that was not selected, if all are kept.
    test_rows : ndarray of int64, shape (n_test,)
        Positions in the table.
    truth, labels : ndarray of shape (n_test,)
    scores : Scores
        Of the held-out rows.
    margins : ndarray of float64, shape (n_test,), or None
    weights : ndarray of float64, shape (n_test,), or None
        Of the held-out rows, if metrics are weighted.
    models : mapping of str to Model
        The candidates with the parameters that they were fitted with.
    search : SearchRecord or None
        If any candidate has a search.
    ending : callable
        Waits for the stages that still run beside this process, and returns metrics and stages.
    """

    outcome: Outcome
    threshold: Threshold
    baseline: DriftBaseline
    seeds: Mapping[str, int]
    model: Pipeline
    test_rows: Rows
    truth: Labels
    labels: Labels
    scores: Scores
    margins: Matrix | None
    weights: Weights | None
    models: Mapping[str, Model]
    search: SearchRecord | None
    kept: Mapping[str, Pipeline]
    ending: Callable[[], tuple[Metrics, Stages]]

    @property
    def metrics(self) -> Metrics:
        """The metrics and findings, once they are computed; raises as ``train``."""
        return self.ending()[0]

    @property
    def stages(self) -> Stages:
        """The digests of every stage, once they are computed."""
        return self.ending()[1]


def train(
    config: ExperimentConfig,
    features: pd.DataFrame,
    target: Labels,
    numeric: Sequence[str],
    observer: Observer,
    check: Callable[[], None] = nothing_to_check,
    *,
    ignored: pd.DataFrame | None = None,
    finished: Finished | None = None,
    executor: Executor | None = None,
    begin: Begin = nothing_begun,
) -> Training:
    """Train, choose, decide and evaluate.

    Parameters
    ----------
    config : ExperimentConfig
    features : DataFrame of shape (n_samples, n_features)
        Numeric columns as float64 with NaN for missing, the others as text.
    target : ndarray of shape (n_samples,)
        Text labels, or float64 for a regression.
    numeric : sequence of str
        Names of the numeric columns.
    observer : Observer
    check : callable, optional
        Called once in each process that works; raises where that process must not.
    ignored : DataFrame of shape (n_samples, n_ignored), optional
        Columns that are no features: rows may be split or weighted by them, and are checked for
        what they have in common.
    executor : Executor, optional
        Runs the tasks in processes of its own; joblib does without it.
    finished : Finished, optional
        Keeps the scores of trials, so that an interrupted search goes on where it was.
    begin : Begin, optional
        Begins what may run beside this process.

    Raises
    ------
    DataError
        If the data cannot be trained on as configured.
    ConfigError, PreconditionError
        If an estimator cannot be made.
    """
    start = () if config.target is None else (config.target,)
    seeds = plan(config.seed, SeedScheme(config.seeding.scheme), seed_paths(config), start)
    initial = configured(config, features, target, numeric) | by_stage(seeds)
    tools: dict[str, Any] = {
        "workers": Workers(config.execution.workers, observer, check, executor),
        "finished": finished or NothingFinished(),
    }
    # What is not configured is not digested, so that records of before have the same inputs.
    for name, value in optional(config, features, target, ignored).items():
        (tools if value is None else initial)[name] = value
    used = stages_of(config)
    with restored_global_generators():
        made, end = fold(used, initial, tools=tools, observer=observer, begin=begin)
    model, kept = saved_models(made, config.dataset.missing)
    return Training(
        outcome=made["outcome"],
        threshold=made["threshold"],
        baseline=made["baseline"],
        seeds=seeds,
        model=model,
        test_rows=made["test_rows"],
        truth=target[made["test_rows"]],
        labels=made["labels"],
        scores=made["scores"],
        margins=made["margins"],
        weights=of_rows(made.get("metric_weights"), made["test_rows"]),
        models=made["models"],
        search=made.get("trials"),
        kept=kept,
        ending=cache(partial(_ended, _metrics(config, made), end)),
    )


def _ended(known: dict[str, Any], end: Callable[[], Ending]) -> tuple[Metrics, Stages]:
    made, records = end()
    found = {field: made[name] for field, name in _OF_METRICS.items() if name in made}
    stages = Stages(schema_="repro.stages/v1", version=STAGES_VERSION, stages=records)
    return Metrics(**known, **found), stages


def stages_of(config: ExperimentConfig) -> tuple[Stage, ...]:
    """Return the stages of a training: those that are optional only if they are configured."""
    return tuple(stage for stage in STAGES if _is_used(stage, config))


def _is_used(stage: Stage, config: ExperimentConfig) -> bool:
    if stage.unless and attrgetter(stage.unless)(config):
        return False
    return not stage.setting or bool(attrgetter(stage.setting)(config))


def _metrics(config: ExperimentConfig, made: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the metrics that are known."""
    found = {field: made[name] for field, name in _OF_METRICS.items() if name in made}
    return found | {
        "schema_": "repro.metrics/v1",
        "task": config.task,
        "selection_metric": config.selection.metric,
        "features": encoded_features(made["preprocessor"]),
    }


def derive(
    frame: pd.DataFrame, frame_numeric: Sequence[str], feature_settings: Features
) -> tuple[DerivedFeatures, pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Make the columns that models are trained on, and separate numeric from categorical ones."""
    specs = [spec.model_dump(mode="json") for spec in feature_settings.derived]
    deriver = DerivedFeatures(specs, list(feature_settings.drop)).fit(frame)
    features = deriver.shared(frame)
    derived = {spec["name"] for spec in specs}
    numeric = tuple(n for n in features.columns if n in frame_numeric or n in derived)
    categorical = tuple(n for n in features.columns if n not in numeric)
    return deriver, features, numeric, categorical


def preprocess(
    features: pd.DataFrame,
    train_rows: Rows,
    test_rows: Rows,
    numeric: Sequence[str],
    categorical: Sequence[str],
    preprocessing: Preprocessing,
) -> tuple[ColumnTransformer, Matrix, Matrix]:
    """Learn preprocessing from all training rows and apply it to both parts."""
    training = features.iloc[train_rows]
    learned = fit_preprocessor(training, numeric, categorical, preprocessing)
    return learned, to_matrix(learned, training), to_matrix(learned, features.iloc[test_rows])


def transform(
    features: pd.DataFrame,
    target: Labels,
    train_rows: Rows,
    test_rows: Rows,
    numeric: Sequence[str],
    categorical: Sequence[str],
    preprocessing: Preprocessing,
    models: Mapping[str, Model],
    selected: str,
    allowed_modules: Sequence[str],
    preprocess_seeds: Mapping[str, int],
    removals: Removals | None = None,
) -> tuple[Parts, BaseEstimator, Matrix, Matrix]:
    """Learn the preprocessing of the chosen candidate, and apply it to both parts."""
    settings, where = preprocessing_of(selected, models[selected], preprocessing)
    rows = learned_rows(removals, selected, train_rows)
    training = features.iloc[rows]
    supervised = Supervised(target[rows], preprocess_seeds, allowed_modules, where)
    learned, matrix = learn(training, numeric, categorical, settings, supervised)
    parts = learned.parts() if isinstance(learned, ColumnSteps) else ()
    return Parts.of(parts), learned, matrix, to_matrix(learned, features.iloc[test_rows])


def predict(
    estimator: BaseEstimator, test_matrix: Matrix, outcome: Outcome, threshold: Threshold
) -> tuple[Scores, Labels, Matrix | None]:
    """Score the held-out rows in one batch and decide on each."""
    scores = score(estimator, test_matrix, outcome)
    limit = threshold.threshold
    own = threshold.rule == ARGMAX and outcome.task is not Task.REGRESSION
    if own:
        labels = scoring.predict_labels(estimator, test_matrix, outcome, scores)
    elif threshold.matrix is not None and limit is None:
        labels = labels_of_least_cost(scores, outcome, threshold.matrix)
    else:
        labels = scoring.labels(scores, outcome, limit)
    return scores, labels, scoring.margins(scores, outcome, limit)


def evaluate(
    target: Labels,
    test_rows: Rows,
    labels: Labels,
    scores: Scores,
    outcome: Outcome,
    evaluation: Evaluation,
    evaluate_seeds: Mapping[str, int],
    metrics: Measures | None = None,
    split_columns: SplitColumns | None = None,
    metric_weights: Weights | None = None,
) -> tuple[dict[str, Estimate], dict[str, str]]:
    """Judge the held-out rows, with intervals if asked; groups of rows are resampled as a whole.

    Raises
    ------
    DataError
        If metrics are weighted, and all held-out rows of a class have the weight 0.
    """
    truth, seed = target[test_rows], evaluate_seeds["evaluate/bootstrap"]
    weights = of_rows(metric_weights, test_rows)
    check_counts(weights, truth, outcome.task, "held-out rows")
    values, undefined = measure(truth, labels, scores, outcome, metrics, weights)
    settings = evaluation.bootstrap
    if settings is None:
        return {name: Estimate(value=value) for name, value in values.items()}, undefined
    groups = None if split_columns is None else split_columns.groups
    spans = bootstrap.intervals(
        truth,
        labels,
        scores,
        outcome,
        settings,
        seed,
        metrics,
        groups=None if groups is None else groups[test_rows],
        weights=weights,
    )
    estimates = {
        name: Estimate(value=value, low=spans[name][0], high=spans[name][1])
        for name, value in values.items()
    }
    return estimates, undefined
