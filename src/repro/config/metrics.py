"""The metrics that every training has: each is declared in this module and nowhere else.

Evaluation, bootstrap, selection, reports and the reading of records derive what they need from
``METRICS``. The functions are named, not imported, since a configuration is read without importing
scikit-learn. An own metric is declared in the same words, by a configuration, and so are those of
``repro.config.named_metrics``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from repro.config.data import Task
from repro.core.model import Later, Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from repro.config.named_metrics import DeclaredMetric

Average = Literal["binary", "micro", "macro", "weighted"]


class Needs(StrEnum):
    """The second argument of a metric's function; the first one is the true values."""

    LABELS = "labels"
    SCORES = "scores"
    PROBABILITIES = "probabilities"


_ALL = frozenset(Task)
_CLASSES = frozenset({Task.BINARY, Task.MULTICLASS})
_BINARY = frozenset({Task.BINARY})
_NUMBERS = frozenset({Task.REGRESSION})


@dataclass(frozen=True)
class Metric:
    """A metric of the held-out rows.

    Attributes
    ----------
    name : str
    function : str
        ``module:function`` of true values and of what the metric needs. It is called as
        ``repro.training.measures`` describes.
    needs : Needs
    tasks : frozenset of Task
    greater_is_better : bool
    best : float or None
        The value nearest to which is best, where neither a greater nor a lesser one is.
    share : bool
        Whether the values lie between 0 and 1 and can be drawn on one scale.
    of_rows : bool
        Whether it is a mean over all rows, so that a class of few rows has little weight in it.
    average : str or None
        The argument of this name, where the function has one.
    options : dict of str to object
        More arguments.
    resampled : str
        ``module:function`` that computes it for all bootstrap resamples at once. Without it, the
        function is called for each resample: by ``sample_weight``, if it has such a parameter, and
        on repeated rows otherwise.
    vectorised : str
        The same for a metric with parameters: it takes ``options`` and ``average`` by name, and
        returns the values of this metric alone.
    synonyms : tuple of str
        Other names of the same metric in people's reports: in lower case, with underscores.
    shared : tuple of str
        Names that reports use for this metric and for different ones too.
    """

    name: str
    function: str
    needs: Needs = Needs.LABELS
    tasks: frozenset[Task] = _ALL
    greater_is_better: bool = True
    share: bool = False
    of_rows: bool = False
    average: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    resampled: str = ""
    vectorised: str = ""
    best: float | None = None
    synonyms: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    def merit(self, value: float) -> float:
        """Return a number that is the greater, the better a value is."""
        if self.best is not None:
            return -abs(value - self.best)
        return value if self.greater_is_better else -value


class OwnMetric(Record):
    """A metric that a configuration declares: a function of an allowed module.

    Attributes
    ----------
    function : str
        ``module:function``.
    name : str or None
        The name in results; that of the function by default.
    average : str or None
        Passed to the function as ``average``.
    """

    function: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$")]
    greater_is_better: bool
    needs: Needs
    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")] | None = Later
    average: Average | None = Later

    @property
    def metric(self) -> Metric:
        """The same in the words of built-in metrics."""
        return Metric(
            name=self.name or self.function.rpartition(":")[2],
            function=self.function,
            needs=self.needs,
            greater_is_better=self.greater_is_better,
            average=self.average,
        )


_LABELS = "repro.training.bootstrap:resampled_labels"
_POSITIVE = "repro.training.bootstrap:resampled_positive"
_RANKING = "repro.training.bootstrap:resampled_ranking"
_LOSSES = "repro.training.bootstrap:resampled_losses"
_ERRORS = "repro.training.bootstrap:resampled_errors"
# A class that is never predicted has no precision: it counts as 0.
_ZERO = {"zero_division": 0.0}


def spellings(average: str, *names: str) -> tuple[str, ...]:
    """Return the spellings of a metric that is averaged over classes."""
    forms = "{name}_{average}", "{average}_{name}", "{average}_avg_{name}", "{name}_{average}_avg"
    return tuple(each.format(name=name, average=average) for each in forms for name in names)


# In the order in which every training reports them.
METRICS = (
    Metric(
        "accuracy", "sklearn.metrics:accuracy_score", tasks=_CLASSES, share=True,
        of_rows=True, resampled=_LABELS,
        synonyms=("acc", "accuracy_score", "categorical_accuracy", "binary_accuracy"),
    ),
    Metric(
        "balanced_accuracy", "sklearn.metrics:balanced_accuracy_score", tasks=_CLASSES, share=True,
        resampled=_LABELS,
        synonyms=("balanced_accuracy_score", "balanced_acc", "bal_acc", "bacc"),
    ),
    Metric(
        "f1_macro", "sklearn.metrics:f1_score", tasks=_CLASSES, share=True,
        average="macro", options=_ZERO, resampled=_LABELS,
        synonyms=spellings("macro", "f1", "f1_score"), shared=("f1", "f1_score", "f_score"),
    ),
    Metric(
        "f1_weighted", "sklearn.metrics:f1_score", tasks=_CLASSES, share=True,
        average="weighted", options=_ZERO, resampled=_LABELS,
        synonyms=spellings("weighted", "f1", "f1_score"), shared=("f1", "f1_score", "f_score"),
    ),
    Metric(
        "precision_macro", "sklearn.metrics:precision_score", tasks=_CLASSES, share=True,
        average="macro", options=_ZERO, resampled=_LABELS,
        synonyms=spellings("macro", "precision", "precision_score"),
        shared=("precision", "precision_score"),
    ),
    Metric(
        "recall_macro", "sklearn.metrics:recall_score", tasks=_CLASSES, share=True,
        average="macro", options=_ZERO, resampled=_LABELS,
        synonyms=spellings("macro", "recall", "recall_score"), shared=("recall", "recall_score"),
    ),
    Metric(
        "precision", "sklearn.metrics:precision_score", tasks=_BINARY, share=True,
        average="binary", options=_ZERO, resampled=_POSITIVE,
        synonyms=("precision_score", "precision_binary"),
    ),
    Metric(
        "recall", "sklearn.metrics:recall_score", tasks=_BINARY, share=True,
        average="binary", options=_ZERO, resampled=_POSITIVE,
        synonyms=("recall_score", "recall_binary"),
    ),
    Metric(
        "roc_auc", "sklearn.metrics:roc_auc_score", Needs.SCORES, tasks=_CLASSES, share=True,
        average="macro", resampled=_RANKING,
        synonyms=("auc", "auroc", "auc_roc", "rocauc", "roc_auc_score", "area_under_roc"),
    ),
    Metric(
        "average_precision", "sklearn.metrics:average_precision_score", Needs.SCORES,
        tasks=_CLASSES, share=True, average="macro", resampled=_RANKING,
        synonyms=("ap", "average_precision_score"),
    ),
    Metric(
        "log_loss", "repro.training.metrics:log_loss", Needs.PROBABILITIES, tasks=_CLASSES,
        of_rows=True, greater_is_better=False, resampled=_LOSSES,
        synonyms=("logloss", "cross_entropy", "binary_cross_entropy"),
    ),
    Metric(
        "brier", "repro.training.metrics:brier", Needs.PROBABILITIES, tasks=_CLASSES,
        of_rows=True, greater_is_better=False, resampled=_LOSSES,
        synonyms=("brier_score", "brier_score_loss"),
    ),
    Metric(
        "rmse", "sklearn.metrics:root_mean_squared_error", tasks=_NUMBERS,
        greater_is_better=False, resampled=_ERRORS,
        synonyms=("root_mean_squared_error", "root_mean_square_error"),
    ),
    Metric(
        "mae", "sklearn.metrics:mean_absolute_error", tasks=_NUMBERS,
        greater_is_better=False, resampled=_ERRORS,
        synonyms=("mean_absolute_error",),
    ),
    Metric(
        "r2", "sklearn.metrics:r2_score", tasks=_NUMBERS, resampled=_ERRORS,
        synonyms=("r2_score", "r_squared", "r_2"),
    ),
)  # fmt: skip


def metrics_of(task: Task, declared: Sequence[DeclaredMetric] = ()) -> tuple[Metric, ...]:
    """Return the metrics of a task in the order of results: built-in ones, then declared ones."""
    more = (each.metric for each in declared)
    return tuple(metric for metric in (*METRICS, *more) if task in metric.tasks)


def built_in() -> tuple[str, ...]:
    """Return the names of all built-in metrics, in the order of results."""
    return tuple(metric.name for metric in METRICS)


def greater_is_better(name: str) -> bool:
    """Return the direction of a built-in metric."""
    return next(metric.greater_is_better for metric in METRICS if metric.name == name)


def shares() -> frozenset[str]:
    """Return the names of the metrics that lie between 0 and 1 and share a scale."""
    return frozenset(metric.name for metric in METRICS if metric.share)
