"""Metrics that an experiment declares by name, each with its parameters.

They are not in every training: results, keys and digests of an experiment that declares none stay
as they are. Names are scikit-learn's where it has the metric. The parameters are in the name of a
result, so that two of one kind can stand side by side: ``fbeta_2``, ``recall_at_100``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import Discriminator, Field, JsonValue, Tag, TypeAdapter, ValidationError

from repro.config.data import Task
from repro.config.metrics import Metric, Needs, OwnMetric, spellings
from repro.core.model import Later, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_CLASSES = frozenset({Task.BINARY, Task.MULTICLASS})
_BINARY = frozenset({Task.BINARY})
_NUMBERS = frozenset({Task.REGRESSION})
_HERE, _FAST = "repro.training.named_metrics", "repro.training.named_resamples"

Quantile = Annotated[float, Field(gt=0, lt=1)]
# By true label, then by predicted label; the diagonal may be left out.
Costs = Annotated[dict[str, Annotated[dict[str, float], Field(min_length=1)]], Field(min_length=2)]


def plain(number: float) -> str:
    """Write a number as a part of a name, with every digit that it needs.

    Examples
    --------
    >>> plain(2.0), plain(0.9), plain(1e-05)
    ('2', '0_9', '0_00001')
    """
    text = format(Decimal(repr(number)), "f")
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return short.replace(".", "_")


class FBeta(Record):
    """F-beta score: recall counts ``beta`` times as much as precision.

    Of the positive label, unless an ``average`` over the classes is given.
    """

    name: Literal["fbeta"]
    beta: Annotated[float, Field(gt=0, le=1000)]
    average: Literal["macro", "weighted"] | None = Later

    @property
    def metric(self) -> Metric:
        """The same in the words of built-in metrics."""
        beta, average = plain(self.beta), self.average or "binary"
        forms = [f"f{beta}", f"f{beta}_score", f"f{beta.replace('_', '')}"]
        forms += [f"f_{beta}", f"fbeta_{beta}", f"fbeta_score_{beta}"]
        synonyms = spellings(average, *forms) if self.average else tuple(forms)
        return Metric(
            f"fbeta_{beta}" + (f"_{average}" if self.average else ""),
            "sklearn.metrics:fbeta_score",
            tasks=_CLASSES if self.average else _BINARY,
            share=True,
            average=average,
            options={"beta": self.beta, "zero_division": 0.0},
            vectorised=f"{_FAST}:fbeta",
            synonyms=synonyms,
            shared=("fbeta", "fbeta_score", *(forms if self.average else ())),
        )


class MatthewsCorrcoef(Record):
    """Correlation of true and predicted labels; 0 where one side has a single label."""

    name: Literal["matthews_corrcoef"]

    @property
    def metric(self) -> Metric:
        """The same in the words of built-in metrics."""
        return Metric(
            self.name,
            "sklearn.metrics:matthews_corrcoef",
            tasks=_CLASSES,
            vectorised=f"{_FAST}:matthews_corrcoef",
            synonyms=("mcc", "matthews_correlation_coefficient", "matthews_correlation"),
        )


class RecallAtK(Record):
    """Share of the positive rows that are among the ``k`` rows of the greatest scores."""

    name: Literal["recall_at_k"]
    k: Annotated[int, Field(ge=1)]

    @property
    def metric(self) -> Metric:
        """The same in the words of built-in metrics."""
        return Metric(
            f"recall_at_{self.k}",
            f"{_HERE}:recall_at_k",
            Needs.SCORES,
            tasks=_BINARY,
            share=True,
            options={"k": self.k},
            vectorised=f"{_FAST}:recall_at_k",
            synonyms=(f"recall_{self.k}", f"r_{self.k}", f"top_{self.k}_recall"),
            shared=("recall_at_k", "recall_k"),
        )


class PrecisionAtRecall(Record):
    """The greatest precision of any threshold whose recall is at least ``recall``."""

    name: Literal["precision_at_recall"]
    recall: Annotated[float, Field(gt=0, le=1)]

    @property
    def metric(self) -> Metric:
        """The same in the words of built-in metrics."""
        recall, percent = plain(self.recall), plain(float(Decimal(repr(self.recall)) * 100))
        return Metric(
            f"precision_at_recall_{recall}",
            f"{_HERE}:precision_at_recall",
            Needs.SCORES,
            tasks=_BINARY,
            share=True,
            options={"recall": self.recall},
            vectorised=f"{_FAST}:precision_at_recall",
            synonyms=(
                f"precision_recall_{recall}",
                f"precision_at_recall_{percent}",
                f"precision_at_{percent}_recall",
            ),
            shared=("precision_at_recall", "precision_recall"),
        )


class ExpectedCalibrationError(Record):
    """Mean distance of probabilities from observed shares, in ``bins`` of equal width."""

    name: Literal["expected_calibration_error"]
    bins: Annotated[int, Field(ge=1, le=1000)]

    @property
    def metric(self) -> Metric:
        """The same in the words of built-in metrics."""
        return Metric(
            f"{self.name}_{self.bins}",
            f"{_HERE}:expected_calibration_error",
            Needs.PROBABILITIES,
            tasks=_CLASSES,
            greater_is_better=False,
            share=True,
            options={"bins": self.bins},
            vectorised=f"{_FAST}:expected_calibration_error",
            synonyms=(f"ece_{self.bins}", f"ece_{self.bins}_bins"),
            shared=("ece", self.name, "calibration_error"),
        )


class Cost(Record):
    """Mean cost of a row by its true and its predicted label."""

    name: Literal["cost"]
    matrix: Costs

    @property
    def metric(self) -> Metric:
        """The same in the words of built-in metrics."""
        return Metric(
            self.name,
            f"{_HERE}:cost",
            tasks=_CLASSES,
            greater_is_better=False,
            options={"matrix": self.matrix},
            vectorised=f"{_FAST}:cost",
            synonyms=("mean_cost", "average_cost", "expected_cost"),
        )


class MeanAbsolutePercentageError(Record):
    """Mean of the absolute error in relation to the true value."""

    name: Literal["mean_absolute_percentage_error"]

    @property
    def metric(self) -> Metric:
        """The same in the words of built-in metrics."""
        return Metric(
            self.name,
            "sklearn.metrics:mean_absolute_percentage_error",
            tasks=_NUMBERS,
            greater_is_better=False,
            vectorised=f"{_FAST}:mean_absolute_percentage_error",
            synonyms=("mape", "mean_abs_percentage_error"),
        )


class MeanPinballLoss(Record):
    """Loss that predictions of a quantile make least."""

    name: Literal["mean_pinball_loss"]
    quantile: Quantile

    @property
    def metric(self) -> Metric:
        """The same in the words of built-in metrics."""
        quantile = plain(self.quantile)
        kinds = ("pinball", "pinball_loss", "quantile_loss")
        return Metric(
            f"{self.name}_{quantile}",
            "sklearn.metrics:mean_pinball_loss",
            tasks=_NUMBERS,
            greater_is_better=False,
            options={"alpha": self.quantile},
            vectorised=f"{_FAST}:mean_pinball_loss",
            synonyms=tuple(f"{kind}_{quantile}" for kind in kinds),
            shared=(*kinds, self.name),
        )


class QuantileCoverage(Record):
    """Share of the true values at or below their predictions; best where it is ``quantile``."""

    name: Literal["quantile_coverage"]
    quantile: Quantile

    @property
    def metric(self) -> Metric:
        """The same in the words of built-in metrics."""
        quantile = plain(self.quantile)
        return Metric(
            f"{self.name}_{quantile}",
            f"{_HERE}:quantile_coverage",
            tasks=_NUMBERS,
            share=True,
            best=self.quantile,
            vectorised=f"{_FAST}:quantile_coverage",
            synonyms=(f"coverage_{quantile}",),
            shared=("coverage", self.name),
        )


NamedMetric = (
    FBeta | MatthewsCorrcoef | RecallAtK | PrecisionAtRecall | ExpectedCalibrationError | Cost
    | MeanAbsolutePercentageError | MeanPinballLoss | QuantileCoverage
)  # fmt: skip
METRIC_MODELS: tuple[type[Record], ...] = (OwnMetric, *get_args(NamedMetric))
# No keys of a declaration have these names, so that messages can leave them out of a path.
_FORM_OF_NAMES, _FORM_OF_FUNCTIONS = "NamedMetric", "OwnMetric"
# Keys that only the declaration of a function has.
_OF_FUNCTIONS = frozenset(OwnMetric.model_fields) - {"name", "average"}


def _form(value: object) -> str:
    if isinstance(value, dict):
        by_function = "name" not in value or value.keys() & _OF_FUNCTIONS
        return _FORM_OF_FUNCTIONS if by_function else _FORM_OF_NAMES
    return _FORM_OF_NAMES if isinstance(value, NamedMetric) else _FORM_OF_FUNCTIONS


DeclaredMetric = Annotated[
    Annotated[OwnMetric, Tag(_FORM_OF_FUNCTIONS)]
    | Annotated[Annotated[NamedMetric, Field(discriminator="name")], Tag(_FORM_OF_NAMES)],
    Discriminator(_form),
]
# Other words for some of them, for suggestions.
ALIASES = {
    "mcc": "matthews_corrcoef", "mape": "mean_absolute_percentage_error",
    "pinball": "mean_pinball_loss", "ece": "expected_calibration_error", "f2": "fbeta",
    "fbeta_score": "fbeta", "coverage": "quantile_coverage",
}  # fmt: skip


def functions_of(declared: Iterable[DeclaredMetric]) -> Iterator[tuple[int, OwnMetric]]:
    """Yield the metrics that are a function of somebody else's, each with its position."""
    for position, each in enumerate(declared):
        if isinstance(each, OwnMetric):
            yield position, each


def metrics_in(declared: object) -> tuple[Metric, ...]:
    """Return the metrics that a section declares, as somebody wrote it; others are passed over."""
    found = []
    for each in declared if isinstance(declared, list) else ():
        metric = _metric_in(each)
        if metric is not None:
            found.append(metric)
    return tuple(found)


def _metric_in(each: JsonValue) -> Metric | None:
    try:
        return _adapter().validate_python(each, strict=False).metric
    except ValidationError:
        return None


def _adapter() -> TypeAdapter[DeclaredMetric]:
    return TypeAdapter(DeclaredMetric)


def problem_of(declared: Sequence[DeclaredMetric], task: Task, built_in: Iterable[str]) -> str:
    """Return what is wrong with the declarations of metrics; empty if nothing is."""
    taken = list(built_in)
    usual = frozenset(taken)
    for each in declared:
        metric = each.metric
        if metric.name in taken:
            what = "built in" if metric.name in usual else "declared twice"
            advice = (
                f"give {each.function} a different 'name'"
                if isinstance(each, OwnMetric)
                else "keep one"
            )
            return f"metrics: '{metric.name}' is {what}; {advice}"
        taken.append(metric.name)
        if task not in metric.tasks:
            return _not_of_task(each, metric, task)
        if task is Task.REGRESSION and metric.needs is not Needs.LABELS:
            return (
                f"metrics: '{metric.name}' needs {metric.needs}, and a regression has only"
                " predictions; write needs: labels"
            )
        if task is not Task.BINARY and metric.average == "binary":
            return f"metrics: '{metric.name}' has average: binary, which is for binary tasks"
    return ""


def _not_of_task(each: DeclaredMetric, metric: Metric, task: Task) -> str:
    if isinstance(each, FBeta) and task is Task.MULTICLASS:
        return (
            f"metrics: '{metric.name}' is of the positive label, which a {task} task does not"
            " have; write average: macro, or average: weighted"
        )
    tasks = " and ".join(sorted(metric.tasks))
    return f"metrics: '{metric.name}' is for {tasks} tasks, and this one is {task}; remove it"
