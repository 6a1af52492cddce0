"""The treatment of rows: the split, columns, models, the choice among them, the evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from repro.config.metrics import built_in
from repro.config.named_metrics import Costs
from repro.config.preprocessing import Preprocessing
from repro.config.search import Search
from repro.core.model import Later, Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.core.records import Finding

Fraction = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]


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


class EarlyStopping(Record):
    """The end of a fit when the score of rows that it does not learn from stops improving.

    Attributes
    ----------
    rounds : int
        Iterations without a better score, after which a fit ends.
    fraction : float
        The share of the rows of each fit that it is validated on.
    """

    rounds: Count
    fraction: Fraction


class Model(Record):
    """One candidate: a family in one of its variants.

    With ``labels: codes`` the estimator of a classification is fitted on 0, 1, 2 and so on in place
    of the labels, in sorted order, and predicts the labels all the same.
    With ``search`` its parameters are the best of several trials, each of which is fitted to its
    end: a search and early stopping exclude each other.
    """

    estimator: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
    variant: str | None
    params: dict[str, JsonValue]
    labels: Literal["codes"] | None = Later
    early_stopping: EarlyStopping | None = Later
    search: Search | None = Later
    # The whole of it, if the family changes a value of the experiment's.
    preprocessing: Preprocessing | None = Later

    @model_validator(mode="after")
    def _search_goes_without_stopping(self) -> Self:
        if self.search is not None and self.early_stopping is not None:
            raise ValueError("'search' and 'early_stopping' exclude each other; set one to null")
        return self


def _is_once(value: object) -> bool:
    return value == 1


def _is_standard(value: object) -> bool:
    return value == "selected"


class Selection(Record):
    """The choice of the model among the candidates.

    With ``repeats`` all rows are drawn into folds that many times, and every candidate is fitted
    in each of them. Without folds there is nothing to choose by: there is one candidate, and it is
    only fitted. With ``keep: all`` the run has the fitted model of every candidate.
    """

    folds: Annotated[int, Field(ge=2)] | None
    # In no key at 1, which every experiment of before had.
    repeats: Annotated[Count, Field(exclude_if=_is_once)] = 1
    # Which names there are depends on the task and on the own metrics: see ExperimentConfig.
    metric: Annotated[str, Field(examples=list(built_in()))]
    keep: Annotated[Literal["selected", "all"], Field(exclude_if=_is_standard)] = "selected"

    @property
    def keeps_all(self) -> bool:
        """True if the models of candidates that are not selected are fitted and saved too."""
        return self.keep == "all"


class Argmax(Record):
    """Predict what the estimator itself predicts: as a rule the class with the largest score."""

    rule: Literal["argmax"]


class FixedThreshold(Record):
    """Predict the positive label at or above a score."""

    rule: Literal["fixed"]
    threshold: float


class TargetPrecision(Record):
    """Predict the positive label above the lowest score that reaches a precision."""

    rule: Literal["target_precision"]
    precision: Fraction


class LeastCost(Record):
    """Predict the label of the least expected cost, by a cost for each true and predicted label."""

    rule: Literal["cost"]
    matrix: Costs


AnyDecision = Argmax | FixedThreshold | TargetPrecision | LeastCost
Decision = Annotated[AnyDecision, Field(discriminator="rule")]


def _is_off(value: object) -> bool:
    return value is False


class Bootstrap(Record):
    """Percentile intervals of the test metrics."""

    resamples: Count
    confidence: Fraction


class Importance(Record):
    """Permutation importance: each feature is shuffled over the held-out rows, as often as said.

    With ``folds`` it is also measured for the model of each fold, on the rows that the fold scores.
    """

    repeats: Count
    # In no key where it is off, as in every experiment of before.
    folds: Annotated[bool, Field(exclude_if=_is_off)] = False


class Evaluation(Record):
    """The evaluation of the held-out rows, and of the whole procedure by nested folds.

    With ``nested`` the training rows are drawn into that many outer folds, and everything up to the
    decision rule is repeated in each. Without resamples, metrics have no intervals. With
    ``differences`` the selected candidate is compared with each other one on the same rows. With
    ``importance`` every feature is shuffled, and the loss in the metric of selection recorded.
    """

    bootstrap: Bootstrap | None
    nested: Annotated[int, Field(ge=2)] | None = Later
    importance: Importance | None = Later
    # In no key where it is off, as in every experiment of before.
    differences: Annotated[bool, Field(exclude_if=_is_off)] = False


class Drift(Record):
    """The population stability index: how it is binned and when it speaks."""

    bins: Annotated[int, Field(ge=2)]
    epsilon: Fraction
    warning: Positive
    alarm: Positive


class Safety(Record):
    """The limits beyond which a result is too good, or not good enough, to be believed."""

    leakage_score: Share
    leakage_leaves: Annotated[int, Field(ge=2)]
    suspicious_score: Share
    minimum_gain: NonNegative
    on_finding: Literal["warn", "fail"]

    def fails(self, findings: Iterable[Finding]) -> bool:
        """Return whether findings make a training fail; a note never does."""
        return self.on_finding == "fail" and any(not finding.is_note for finding in findings)
