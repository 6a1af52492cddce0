"""A resolved configuration.

No field has a default value: every value is written under ``configs/``, where
``config show --origins`` can point at it. What a component takes (a hyper-parameter, a seed, a
limit) is never in source. A section that came later reads as None from a configuration without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from repro.config.data import Dataset, Pathname, Task
from repro.config.executors import Executor
from repro.config.metrics import built_in, metrics_of
from repro.config.named_metrics import DeclaredMetric, problem_of
from repro.config.preprocessing import Preprocessing
from repro.config.splits import AnySplit, GroupSplit, PredefinedSplit, Split, TimeSplit
from repro.config.training import (
    Count,
    Decision,
    Drift,
    Evaluation,
    Features,
    Model,
    Safety,
    Selection,
)
from repro.config.verification import Stability, VerificationSettings
from repro.config.weights import Weights
from repro.core.model import Later, Record
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sized

    from repro.config.search import Search

Seed = Annotated[int, Field(ge=0, lt=2**32)]


def _is_empty(value: Sized) -> bool:
    return not len(value)


def has_class(value: object) -> bool:
    """Return whether parameters name an estimator, at any depth."""
    if isinstance(value, dict):
        return isinstance(value.get("class"), str) or any(map(has_class, value.values()))
    return isinstance(value, list | tuple) and any(map(has_class, value))


def _fixed_folds(split: AnySplit) -> str:
    """Return why folds are not drawn; empty if they are."""
    if isinstance(split, TimeSplit):
        return "folds of split.kind: time follow time"
    if isinstance(split, GroupSplit) and split.kind == "group":
        return "folds of split.kind: group follow the sizes of the groups"
    if isinstance(split, PredefinedSplit) and split.folds_by is not None:
        return f"split.folds_by takes them from the column '{split.folds_by}'"
    return ""


class Seeding(Record):
    """The scheme by which components get their seeds."""

    scheme: Literal["derived", "constant"]


class Determinism(Record):
    """The settings that are fixed before Python starts."""

    level: Literal["seeded", "strict", "portable", "portable-v2"]


class ExecutionSettings(Record):
    """The place and width of the work, and how often it is saved; none changes a result.

    Attributes
    ----------
    checkpoint_every : int or None
        Steps from one checkpoint to the next, of families that are fitted in steps; None for no
        checkpoints.
    executor : str or None
        What runs the tasks: ``loky``, ``dask``, ``ray`` or the address of a Dask scheduler; None
        for copies of the process that trains.
    """

    workers: Count
    runs: Pathname
    checkpoint_every: Count | None = Later
    executor: Executor | None = Later


class Security(Record):
    """The top-level modules that an estimator or an own metric may come from."""

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
    execution: ExecutionSettings
    split: AnySplit
    features: Features
    preprocessing: Preprocessing
    models: Annotated[dict[str, Model], Field(min_length=1)]
    selection: Selection
    decision: Decision
    evaluation: Evaluation
    drift: Drift
    safety: Safety
    verification: VerificationSettings
    security: Security
    stability: Stability | None = Later
    # Empty it is not written, so that keys and digests are those of before it existed.
    metrics: tuple[DeclaredMetric, ...] = Field(default=(), exclude_if=_is_empty)
    weights: Weights | None = Later
    # One of the other targets of the data set; seeds are derived from its name, too.
    target: str | None = Later

    @model_validator(mode="after")
    def _rule_fits_task(self) -> ExperimentConfig:
        rule = self.decision.rule
        if self.task is Task.REGRESSION and rule == "cost":
            raise ValueError("decision.rule: cost is for tasks with classes; use argmax")
        if self.task is not Task.BINARY and rule not in {"argmax", "cost"}:
            raise ValueError(f"decision.rule: {rule} is for binary tasks; use argmax")
        if (self.task is Task.BINARY) != (self.dataset.positive is not None):
            lacks = self.task is Task.BINARY
            raise ValueError(
                f"task: a {self.task} task {'needs' if lacks else 'has no use for'} a 'positive'"
                f" label, which '{self.dataset.name}' {'lacks' if lacks else 'declares'}"
            )
        return self

    @model_validator(mode="after")
    def _target_fits(self) -> ExperimentConfig:
        usual = self.dataset.usual_target
        if (self.target, usual) == (None, None):
            return self
        known = self.dataset.targets or {}
        if self.target != self.dataset.target or self.target not in known or usual in known:
            raise ValueError(
                f"target: {self.target} is not the target of the data set"
                f" ({self.dataset.target}), or not one beside the usual one ({usual})"
            )
        return self

    def _which(self, name: str) -> str:
        return "the target" if name == self.dataset.target else "a target"

    @property
    def stops_early(self) -> tuple[str, ...] | None:
        """The families that stop early; None if no family does."""
        return tuple(n for n, model in self.models.items() if model.early_stopping) or None

    @property
    def transformers(self) -> bool | None:
        """True if transformers are declared, families differ, or rows are removed; or None."""
        own = any(model.preprocessing is not None for model in self.models.values())
        return own or self.preprocessing.has_transformers or self.removes_rows

    @property
    def removes_rows(self) -> bool | None:
        """True if some candidate learns without outlier rows, or None."""
        used = (model.preprocessing or self.preprocessing for model in self.models.values())
        return any(each.remove_rows is not None for each in used) or None

    @property
    def composed(self) -> bool | None:
        """True if an estimator is made of others, or None."""
        return any(map(has_class, (model.params for model in self.models.values()))) or None

    @property
    def importance_of_folds(self) -> bool | None:
        """True if importance is measured for the model of each fold, or None."""
        importance = self.evaluation.importance
        return (importance is not None and importance.folds) or None

    @model_validator(mode="after")
    def _importance_has_folds(self) -> ExperimentConfig:
        if self.importance_of_folds and self.selection.folds is None:
            raise ValueError(
                "evaluation.importance.folds: selection.folds is null, so there are no models of"
                " folds; set selection.folds, or evaluation.importance.folds: false"
            )
        return self

    @property
    def left_out(self) -> tuple[str, ...]:
        """The columns that no model sees: dropped ones, and those that rows are split by.

        The weights are never a feature.
        """
        by = () if self.split_features else self.split.columns
        return tuple(dict.fromkeys((*self.features.drop, *by, *self.weight_columns)))

    @property
    def weight_columns(self) -> tuple[str, ...]:
        """The column with the weights of rows, if there is one."""
        return () if self.weights is None else (self.weights.by,)

    @property
    def row_columns(self) -> dict[str, str]:
        """The columns that rows are split or weighted by, each with the key that names it."""
        split = dict(zip(self.split.columns, ("split.by", "split.folds_by"), strict=False))
        return split | dict.fromkeys(self.weight_columns, "weights.by")

    @property
    def split_features(self) -> bool:
        """True if the columns that rows are split by may be features too."""
        return isinstance(self.split, Split) or self.split.as_feature

    @property
    def searches(self) -> dict[str, Search] | None:
        """The search of each candidate that has one; None if none has."""
        found = {name: each.search for name, each in self.models.items() if each.search is not None}
        return found or None

    @model_validator(mode="after")
    def _searches_fit(self) -> ExperimentConfig:
        by = self.split.folds_by if isinstance(self.split, PredefinedSplit) else None
        for family, search in (self.searches or {}).items():
            if by is not None and search.folds != self.selection.folds:
                raise ValueError(
                    f"models.{family}.search.folds: the column '{by}' (split.folds_by) has"
                    f" {self.selection.folds} folds, not {search.folds}; set it to"
                    f" {self.selection.folds}"
                )
        return self

    @model_validator(mode="after")
    def _split_fits(self) -> ExperimentConfig:
        for name in self.split.columns:
            if name in self.dataset.all_targets:
                raise ValueError(f"split.by: '{name}' is {self._which(name)}")
        return self

    @model_validator(mode="after")
    def _weights_fit(self) -> ExperimentConfig:
        for name in self.weight_columns:
            if name in self.dataset.all_targets:
                raise ValueError(
                    f"weights.by: '{name}' is {self._which(name)}; name a different column"
                )
            if name in self.split.columns:
                raise ValueError(
                    f"weights.by: rows are split by '{name}'; name a different column, or change"
                    " split.by"
                )
        return self

    @model_validator(mode="after")
    def _repeats_fit(self) -> ExperimentConfig:
        repeats = self.selection.repeats
        if repeats == 1:
            return self
        if self.selection.folds is None:
            raise ValueError(
                f"selection.repeats: {repeats} repeats of no folds (selection.folds: null); set it"
                " to 1, or set a number of folds"
            )
        start = f"selection.repeats: {repeats} repeats would have the same folds, since"
        if fixed := _fixed_folds(self.split):
            raise ValueError(f"{start} {fixed}; set it to 1, or use a kind of split that draws")
        if self.seeding.scheme == "constant":
            raise ValueError(
                f"{start} every draw has the same seed (seeding.scheme: constant); set it to 1, or"
                " use seeding.scheme: derived"
            )
        return self

    @model_validator(mode="after")
    def _folds_fit(self) -> ExperimentConfig:
        if self.selection.folds is not None:
            return self
        if len(self.models) > 1:
            raise ValueError(
                f"selection.folds: null leaves nothing to choose by among {len(self.models)}"
                " candidates; name one family (--model), or set a number of folds"
            )
        if self.decision.rule != "argmax":
            raise ValueError(
                f"selection.folds: null leaves no scores for decision.rule: {self.decision.rule};"
                " use argmax, or set a number of folds"
            )
        if getattr(self.split, "folds_by", None) is not None:
            raise ValueError("selection.folds: null makes no folds for split.folds_by; remove one")
        if self.evaluation.nested is not None and self.searches is None:
            raise ValueError(
                "evaluation.nested: without folds (selection.folds: null) nothing is chosen; set it"
                " to null, or set a number of folds"
            )
        return self

    @model_validator(mode="after")
    def _differences_fit(self) -> ExperimentConfig:
        if not self.evaluation.differences:
            return self
        start = "evaluation.differences: true needs"
        if self.selection.folds is None:
            raise ValueError(f"{start} folds; set selection.folds, or set it to false")
        if self.evaluation.bootstrap is None:
            raise ValueError(
                f"{start} resamples; set evaluation.bootstrap, which its intervals come from too,"
                " or set it to false"
            )
        return self

    @model_validator(mode="after")
    def _nested_fits(self) -> ExperimentConfig:
        if (
            self.evaluation.nested is not None
            and isinstance(self.split, PredefinedSplit)
            and self.split.folds_by is not None
        ):
            raise ValueError(
                "evaluation.nested: the folds inside of an outer fold cannot be those of the column"
                f" '{self.split.folds_by}'; set it to null, or remove split.folds_by"
            )
        return self

    @model_validator(mode="after")
    def _metrics_fit_task(self) -> ExperimentConfig:
        if problem := problem_of(self.metrics, self.task, built_in()):
            raise ValueError(problem)
        name, known = self.selection.metric, [m.name for m in metrics_of(self.task, self.metrics)]
        if name not in known:
            what = f"{name} is not a metric of a {self.task} task"
            own = "" if self.target is None else f" (targets.{self.target}.selection.metric)"
            raise ValueError(f"selection.metric: {what}; {did_you_mean(name, known)}{own}")
        return self
