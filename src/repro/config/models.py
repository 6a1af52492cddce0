"""The types of a resolved configuration.

No field has a default value: every value is written under ``configs/``, where
``config show --origins`` can point at it. What a component takes (a hyper-parameter, a seed, a
limit) is never in source. A section that came later reads as None from a configuration without it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from repro.core.model import Later, Record

Fraction = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Task(StrEnum):
    """What is predicted."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"

    @property
    def kind(self) -> str:
        """The key of ``estimators`` in a model family."""
        return "regression" if self is Task.REGRESSION else "classification"


class FileSource(Record):
    """A table in the project."""

    kind: Literal["file"]
    path: str
    format: Literal["csv", "parquet"]


class SklearnSource(Record):
    """A data set shipped inside scikit-learn."""

    kind: Literal["sklearn"]
    name: Literal["breast_cancer", "diabetes", "digits", "iris", "wine"]


class UrlSource(Record):
    """A table at any URL that fsspec opens (the ``fsspec`` extra)."""

    kind: Literal["url"]
    url: str
    format: Literal["csv", "parquet"]


Source = Annotated[FileSource | SklearnSource | UrlSource, Field(discriminator="kind")]


class Columns(Record):
    """The role of every column, by name or by shell pattern such as ``pixel_*``."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    ignored: tuple[str, ...]


class DatasetEntry(Record):
    """One entry of the registry ``configs/datasets.yaml``."""

    description: str
    source: Source
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    target: str
    positive: str | None
    columns: Columns
    missing: tuple[str, ...]
    licence: str
    origin: str


class Dataset(DatasetEntry):
    """The registry entry that an experiment names."""

    name: str


class Seeding(Record):
    """How components get their seeds."""

    scheme: Literal["derived", "constant"]


class Determinism(Record):
    """What is fixed before Python starts."""

    level: Literal["seeded", "strict", "portable", "portable-v2"]


class Execution(Record):
    """Where and how wide the work runs; nothing here changes a result."""

    workers: Count
    runs: str


class Split(Record):
    """The held-out rows."""

    test_size: Fraction
    stratify: bool
    limit: Annotated[int, Field(ge=10)] | None


class WeightedSum(Record):
    """``sum(weight * column)``."""

    name: str
    kind: Literal["weighted_sum"]
    weights: Annotated[dict[str, float], Field(min_length=1)]


class Ratio(Record):
    """``numerator / (denominator + epsilon)``."""

    name: str
    kind: Literal["ratio"]
    numerator: str
    denominator: str
    epsilon: NonNegative


class Difference(Record):
    """``left - right``."""

    name: str
    kind: Literal["difference"]
    left: str
    right: str


class Log1p(Record):
    """``log(1 + column)``."""

    name: str
    kind: Literal["log1p"]
    column: str


Derived = Annotated[WeightedSum | Ratio | Difference | Log1p, Field(discriminator="kind")]


class Features(Record):
    """Columns made from columns, and columns left out."""

    derived: tuple[Derived, ...]
    drop: tuple[str, ...]


class NumericSteps(Record):
    """What happens to numeric columns, in this order."""

    impute: Literal["mean", "median", "most_frequent", "constant"]
    fill: float | None
    clip_iqr: Positive | None
    scale: Literal["standard", "robust", "minmax", "none"]

    @model_validator(mode="after")
    def _fill_goes_with_constant(self) -> NumericSteps:
        if (self.impute == "constant") != (self.fill is not None):
            raise ValueError("'fill' goes with impute: constant, and with nothing else")
        return self


class CategoricalSteps(Record):
    """What happens to categorical columns, in this order."""

    impute: Literal["most_frequent", "constant"]
    fill: str | None
    min_frequency: Count | None

    @model_validator(mode="after")
    def _fill_goes_with_constant(self) -> CategoricalSteps:
        if (self.impute == "constant") != (self.fill is not None):
            raise ValueError("'fill' goes with impute: constant, and with nothing else")
        return self


class Preprocessing(Record):
    """What is learned from the training rows before a model sees them."""

    numeric: NumericSteps
    categorical: CategoricalSteps


class Model(Record):
    """One candidate: a family in one of its variants."""

    estimator: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
    variant: str | None
    params: dict[str, JsonValue]


# A choice of Literal, so that a name that is not one is an error with a suggestion.
_SelectionMetric = Literal[
    "accuracy",
    "balanced_accuracy",
    "f1_macro",
    "f1_weighted",
    "precision_macro",
    "recall_macro",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "rmse",
    "mae",
    "r2",
]
Metric = _SelectionMetric | Literal["precision", "recall"]


class Selection(Record):
    """How the model is chosen among the candidates."""

    folds: Annotated[int, Field(ge=2)]
    metric: _SelectionMetric


class Argmax(Record):
    """Predict the class with the largest score."""

    rule: Literal["argmax"]


class FixedThreshold(Record):
    """Predict the positive label at or above a score."""

    rule: Literal["fixed"]
    threshold: float


class TargetPrecision(Record):
    """Predict the positive label above the lowest score that reaches a precision."""

    rule: Literal["target_precision"]
    precision: Fraction


Decision = Annotated[Argmax | FixedThreshold | TargetPrecision, Field(discriminator="rule")]


class Bootstrap(Record):
    """Percentile intervals of the test metrics."""

    resamples: Count
    confidence: Fraction


class Evaluation(Record):
    """How the held-out rows are judged."""

    bootstrap: Bootstrap


class Drift(Record):
    """The population stability index: how it is binned and when it speaks."""

    bins: Annotated[int, Field(ge=2)]
    epsilon: Fraction
    warning: Positive
    alarm: Positive


class Safety(Record):
    """When a result is too good, or not good enough, to be believed."""

    leakage_score: Share
    leakage_leaves: Annotated[int, Field(ge=2)]
    suspicious_score: Share
    minimum_gain: NonNegative
    on_finding: Literal["warn", "fail"]


# Absolute and relative together; at 1 it would accept any accuracy.
Limit = Annotated[float, Field(ge=0, lt=1)]


class Tolerance(Record):
    """``|actual - expected| <= absolute + relative * |expected|``.

    Attributes
    ----------
    metrics, families : dict of str to float, or None
        Instead, for a metric, and for everything that the model of a family gives. A metric's own
        counts before that of a family.
    """

    absolute: NonNegative
    relative: NonNegative
    metrics: dict[Metric, Limit] | None = Later
    families: dict[str, Limit] | None = Later


class Automatic(Record):
    """What ``--tolerance auto`` makes of a measured spread.

    Attributes
    ----------
    factor : float
        Times the spread, for other code paths of one architecture.
    unstable : float
        A greater spread is a finding about the model, and never a tolerance.
    architectures : dict of str to float
        The least tolerance between architectures, by family; ``default`` for all others.
    """

    factor: Annotated[float, Field(ge=1)]
    unstable: Fraction
    architectures: dict[str, Limit]

    @model_validator(mode="after")
    def _has_a_default(self) -> Automatic:
        if "default" not in self.architectures:
            raise ValueError("'architectures' needs a 'default', for the families not named")
        return self


class Sample(Record):
    """The predictions that a reference carries."""

    size: Annotated[int, Field(ge=1, le=256)]
    boundary: Annotated[int, Field(ge=1, le=256)]


class Verification(Record):
    """How a record is held against another."""

    mode: Literal["strict", "relaxed", "legacy"]
    tolerance: Tolerance
    sample: Sample
    auto: Automatic | None = Later


class Stability(Record):
    """When the metrics of replicates drift: spread over the width of the bootstrap interval."""

    drifting: Positive
    diverged: Positive

    @model_validator(mode="after")
    def _bands_are_in_order(self) -> Stability:
        if self.drifting >= self.diverged:
            raise ValueError("'drifting' must be below 'diverged'")
        return self


class Security(Record):
    """Which top-level modules an estimator may come from."""

    allowed_modules: tuple[str, ...]


class ExperimentConfig(Record):
    """Everything that one training is a function of, resolved."""

    schema_: Literal["repro.config/v1"] = Field(alias="schema")
    experiment: str
    description: str
    task: Task
    dataset: Dataset
    seed: Seed
    seeding: Seeding
    determinism: Determinism
    execution: Execution
    split: Split
    features: Features
    preprocessing: Preprocessing
    models: Annotated[dict[str, Model], Field(min_length=1)]
    selection: Selection
    decision: Decision
    evaluation: Evaluation
    drift: Drift
    safety: Safety
    verification: Verification
    security: Security
    stability: Stability | None = Later

    @model_validator(mode="after")
    def _rule_fits_task(self) -> ExperimentConfig:
        if self.task is not Task.BINARY and self.decision.rule != "argmax":
            raise ValueError(f"decision.rule: {self.decision.rule} is for binary tasks; use argmax")
        if (self.task is Task.BINARY) != (self.dataset.positive is not None):
            lacks = self.task is Task.BINARY
            raise ValueError(
                f"task: a {self.task} task {'needs' if lacks else 'has no use for'} a 'positive'"
                f" label, which '{self.dataset.name}' {'lacks' if lacks else 'declares'}"
            )
        regression_metrics = {"rmse", "mae", "r2"}
        if (self.task is Task.REGRESSION) != (self.selection.metric in regression_metrics):
            raise ValueError(
                f"selection.metric: {self.selection.metric} is not a metric of a {self.task} task"
            )
        return self
