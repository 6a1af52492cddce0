"""The frozen facts of records of the first version: their metrics, and the meaning of their steps.

Records of the first version name their steps and say no more. Their pipeline had these steps and
measured these metrics; the tables are never changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.meaning import Mechanism

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from repro.core.records import Metrics, Stage

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


def acts_of(stage: Stage) -> tuple[Mechanism, ...] | None:
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
