"""The choice of the model: the candidate with the best mean over the folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from repro.core.errors import DataError
from repro.core.records import FoldScores
from repro.training.folds import draws, masks
from repro.training.measures import Evaluated, load_measures
from repro.training.out_of_fold import draws_of, own_labels
from repro.training.scoring import labels as decide_labels
from repro.training.weights import check_counts, of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from repro.config.training import Selection
    from repro.training.folds import Folds
    from repro.training.measures import Measure, Measures
    from repro.training.out_of_fold import OutOfFold
    from repro.training.scoring import Labels, Outcome
    from repro.training.weights import Weights

    Rows = npt.NDArray[np.int64]


def select(
    out_of_fold: Mapping[str, OutOfFold],
    target: Labels,
    outcome: Outcome,
    train_rows: Rows,
    fold_of_row: Folds,
    selection: Selection,
    metrics: Measures | None = None,
    metric_weights: Weights | None = None,
) -> tuple[dict[str, FoldScores], str]:
    """Choose the candidate with the best mean over folds; the first one wins a tie.

    Without folds there is one candidate, and it has no scores.

    Parameters
    ----------
    metric_weights : ndarray of shape (n_samples,), optional
        The weights of all rows, if metrics are weighted.

    Raises
    ------
    DataError
        If a candidate does not have the metric of selection, it is no finite number, or a fold has
        nothing of weight to be scored on.
    """
    if not any(part.is_scored for part in out_of_fold.values()):
        return {}, next(iter(out_of_fold))
    target, weights = target[train_rows], of_rows(metric_weights, train_rows)
    for fold, (_, outside) in enumerate(masks(fold_of_row), start=1):
        what = f"rows that fold {fold} is scored on"
        check_counts(of_rows(weights, outside), target[outside], outcome.task, what)
    rows = TrainingRows(target, weights, outcome)
    measure = (metrics or load_measures(outcome.task)).named(selection.metric)
    scored = {
        family: _fold_scores(family, part, rows, fold_of_row, measure)
        for family, part in out_of_fold.items()
    }
    return scored, max(scored, key=lambda family: measure.metric.merit(scored[family].mean))


@dataclass(frozen=True)
class TrainingRows:
    """The training rows that candidates are scored on, all of them."""

    target: Labels
    weights: Weights | None
    outcome: Outcome

    def evaluated(self, part: OutOfFold) -> Evaluated:
        """Return them with the scores of a candidate, and its labels without a decision rule."""
        labels = own_labels(part)
        if labels is None:
            labels = decide_labels(part.scores, self.outcome, None)
        return Evaluated(self.target, labels, part.scores, self.outcome, self.weights)


def _fold_scores(
    family: str, part: OutOfFold, rows: TrainingRows, folds: Folds, measure: Measure
) -> FoldScores:
    metric = measure.metric.name
    if measure.undefined(part.scores):
        raise DataError(
            f"selection.metric: {metric} needs probabilities, but {family} gives decision scores",
            advice="select by roc_auc, or remove the family from 'families'",
        )
    values = [
        measure.value(evaluated.take(np.flatnonzero(outside)))
        for evaluated, draw in zip(map(rows.evaluated, draws_of(part)), draws(folds), strict=True)
        for _, outside in masks(draw)
    ]
    mean, std = float(np.mean(values)), float(np.std(values))
    if not np.isfinite([mean, std]).all():
        raise DataError(
            f"selection.metric: {metric} of {family} is {mean:.3g} ± {std:.3g} over the folds,"
            " expected finite numbers",
            advice=f"scale the target, or remove {family} from 'families'",
        )
    return FoldScores(mean=mean, std=std, folds=tuple(values))
