"""Records of the first version, which are read for ever; nothing in this module changes.

They name their steps and say no more: their pipeline had the steps of ``ACTS``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, JsonValue

from repro.core.environment import Environment
from repro.core.evidence import Evidence, evidence_of
from repro.core.meaning import Mechanism
from repro.core.model import Later, Record
from repro.core.records import Keys, Metrics, Predictions, Sha256, Stages, Threshold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from repro.core.records import Prediction, Step

_FITTING = (Mechanism.FITTING, Mechanism.ARITHMETIC, Mechanism.TABLES)
_COLUMNS = (Mechanism.ARITHMETIC, Mechanism.TABLES)

ACTS: dict[str, tuple[Mechanism, ...]] = {
    "split": (Mechanism.SAMPLING,),
    "derive": _COLUMNS,
    "fold": (Mechanism.SAMPLING,),
    "preprocess": _COLUMNS,
    "cross_validate": _FITTING,
    "select": (Mechanism.ARITHMETIC,),
    "decide": (Mechanism.ARITHMETIC,),
    "fit": _FITTING,
    "predict": _FITTING,
    "evaluate": (Mechanism.ARITHMETIC,),
    "constant": (Mechanism.ARITHMETIC,),
    "leakage": _FITTING,
    "drift": _COLUMNS,
    "check": (),
}

_CLASSES = (
    "accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "precision_macro", "recall_macro",
    "roc_auc", "average_precision", "log_loss", "brier",
)  # fmt: skip
# The metrics of each task that every training has measured.
METRICS: dict[str, tuple[str, ...]] = {
    "binary": (*_CLASSES, "precision", "recall"),
    "multiclass": _CLASSES,
    "regression": ("rmse", "mae", "r2"),
}
# Those that a model with decision scores does not have.
_WITHOUT_PROBABILITIES = frozenset({"log_loss", "brier"})


def acts_of(stage: Step) -> tuple[Mechanism, ...] | None:
    """Return the mechanisms that can act in a step; None where every one may."""
    return ACTS.get(stage.name) if stage.acts is None else stage.acts


def missing_metrics(metrics: Metrics, own: Sequence[str] = ()) -> Iterator[str]:
    """Yield the dotted names of metrics that every training of the task has and these do not.

    A built-in metric that is newer than the record may be missing.

    Parameters
    ----------
    own : sequence of str
        Names of metrics that the configuration declares.
    """
    names = (*METRICS.get(metrics.task, ()), *own)
    excused = metrics.undefined.keys() & {*_WITHOUT_PROBABILITIES, *own}
    yield from (f"test.{name}" for name in names if name not in {*metrics.test, *excused})
    # A constant guess has probabilities.
    yield from (f"constant.{name}" for name in names if name not in metrics.constant)


class RecordFile(Record):
    """A reference of the first version: everything comparable about a run, in one file.

    Attributes
    ----------
    content : str
        Digest of the data set's table.
    digest : str
        Binds the rest of the file, so that a changed value is noticed before anything is trained.
    unordered : str or None
        Digest of the table whatever the order of its rows; it is in no key.
    code : dict of str to str, or None
        SHA-256 of the files that training loaded and that neither the commit nor an installed
        package identifies: the part of ``Lineage.code`` that ``Lineage.loaded`` names.
    """

    schema_: Literal["repro.record/v1"] = Field(alias="schema")
    experiment: str
    config: dict[str, JsonValue]
    content: str
    keys: Keys
    stages: Stages
    metrics: Metrics
    threshold: Threshold
    predictions: Predictions
    environment: Environment
    digest: str
    unordered: str | None = Later
    code: dict[str, Sha256] | None = Later

    @property
    def evidence(self) -> Evidence:
        """The evidence, as records of the second version have it."""
        return evidence_of(self.metrics, self.threshold, self.predictions)

    @property
    def search(self) -> None:
        """The trials of a search, which no record of this version has."""
        return

    @property
    def rows(self) -> tuple[Prediction, ...]:
        """The predictions."""
        return self.predictions.rows

    @property
    def series(self) -> tuple[()]:
        """Long series, of which this version had none."""
        return ()

    @property
    def table_rows(self) -> None:
        """The number of rows of the data set, which this version did not record."""
        return

    @property
    def parts(self) -> None:
        """The parts of the identity, which this version did not digest."""
        return

    @property
    def is_command(self) -> bool:
        """Always false: no command was recorded at the time."""
        return False

    @property
    def is_pipeline(self) -> bool:
        """True: a configuration describes every record of this version."""
        return True

    def with_keys(self, keys: Keys) -> Self:
        """Return the record with other keys."""
        return self.model_copy(update={"keys": keys})

    def with_stages(self, stages: Stages) -> Self:
        """Return the record with other stages."""
        return self.model_copy(update={"stages": stages})

    def with_predictions(self, predictions: Predictions) -> Self:
        """Return the record with other predictions."""
        return self.model_copy(update={"predictions": predictions})

    def with_config(self, config: dict[str, JsonValue]) -> Self:
        """Return the record with a different configuration."""
        return self.model_copy(update={"config": config})
