"""Fitting candidates: in folds for selection, and the chosen one on all training rows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from repro.config.data import Task
from repro.core.errors import DataError
from repro.core.records import FoldScores
from repro.training.estimators import build, refusal
from repro.training.folds import count_folds, masks, scored_in
from repro.training.generators import have_drawn, seed_global_generators
from repro.training.measures import Evaluated, load_measures
from repro.training.preprocess import fit_preprocessor, to_matrix
from repro.training.scoring import Scores, predict_labels, score
from repro.training.scoring import labels as decide_labels
from repro.training.wide import fitted_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd
    from sklearn.base import BaseEstimator

    from repro.config.training import Model, Preprocessing, Selection
    from repro.training.folds import ForwardFolds
    from repro.training.measures import Measure, Measures
    from repro.training.parallel import Workers
    from repro.training.scoring import Labels, Matrix, Outcome

    Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class OutOfFold:
    """The scores of one candidate for every training row, each from a fit that never saw it.

    Attributes
    ----------
    scores : Scores
        In the order of the training rows; NaN for a row that no fold scores.
    converged : bool
        Whether every fit did.
    """

    scores: Scores
    converged: bool

    @property
    def is_scored(self) -> bool:
        """True if any fold scored it; there may be no folds."""
        return bool(len(self.scores.values))


@dataclass(frozen=True)
class OwnOutOfFold(OutOfFold):
    """Of a candidate that does more than its scores say.

    A type of its own, so that every other candidate's digest stays as it was.

    Attributes
    ----------
    labels : ndarray of shape (n_train,), or None
        What the candidate predicts, where that does not follow from its scores.
    drew : bool
        Whether some fit, or the scoring after it, drew from a global random generator.
    """

    labels: Labels | None
    drew: bool


def own_labels(part: OutOfFold) -> Labels | None:
    """Return the labels that a candidate predicts against its scores; None if it does not."""
    return part.labels if isinstance(part, OwnOutOfFold) else None


def drew_globally(part: OutOfFold) -> bool:
    """Check whether a candidate drew from a global random generator."""
    return isinstance(part, OwnOutOfFold) and part.drew


@dataclass(frozen=True)
class _FoldResult:
    scores: Scores
    converged: bool
    labels: Labels | None
    drew: bool


def fit(
    family: str,
    model: Model,
    seed: int,
    allowed_modules: Sequence[str],
    matrix: Matrix,
    target: Labels,
) -> tuple[BaseEstimator, bool]:
    """Fit one candidate; return also whether its solver converged.

    The global random generators are seeded by the candidate's seed before the fit, and stay as the
    fit leaves them: an estimator may go on drawing where it predicts.

    Raises
    ------
    DataError
        If the estimator refuses the data or a parameter's value.
    """
    estimator = build(family, model, seed, allowed_modules)
    seed_global_generators(seed)
    with warnings.catch_warnings(record=True) as caught, refusal(family, estimator, "fit"):
        warnings.simplefilter("always")
        estimator = fitted_for(estimator, matrix)
        estimator.fit(matrix, target)
    return estimator, not any(issubclass(w.category, ConvergenceWarning) for w in caught)


def cross_validate(
    features: pd.DataFrame,
    target: Labels,
    outcome: Outcome,
    train_rows: Rows,
    fold_of_row: Rows | ForwardFolds,
    numeric: Sequence[str],
    categorical: Sequence[str],
    preprocessing: Preprocessing,
    models: Mapping[str, Model],
    allowed_modules: Sequence[str],
    cross_validate_seeds: Mapping[str, int],
    workers: Workers,
) -> dict[str, OutOfFold]:
    """Score every training row by every candidate, out of fold.

    Preprocessing is learned separately in each fold, once for all candidates.

    Returns
    -------
    dict of str to OutOfFold
        By family, in the order of the configuration.

    Raises
    ------
    DataError
        If an estimator refuses the data, or the target is too large to be measured.
    """
    if outcome.task is Task.REGRESSION:
        _check_size(target)
    features, target = features.iloc[train_rows], target[train_rows]
    tasks, labels = [], []
    count = count_folds(fold_of_row)
    if not count:
        nothing = OutOfFold(Scores(np.empty((0, 0)), "none"), converged=True)
        return dict.fromkeys(models, nothing)
    for fold, (inside, outside) in enumerate(masks(fold_of_row)):
        learned = fit_preprocessor(features[inside], numeric, categorical, preprocessing)
        shared = (to_matrix(learned, features[inside]), target[inside])
        held_out = to_matrix(learned, features[outside])
        for family, model in models.items():
            seed = cross_validate_seeds[f"cross_validate/{family}/{fold}"]
            tasks.append((family, model, seed, allowed_modules, *shared, held_out, outcome))
            labels.append(f"{family}, fold {fold + 1} of {count}")
    results = workers.map(_fit_and_score, tasks, labels)
    return {
        family: _gathered(results[position :: len(models)], scored_in(fold_of_row), outcome)
        for position, family in enumerate(models)
    }


def _check_size(target: Labels) -> None:
    largest = np.abs(target).max()
    # A resample may hold one row as often as there are rows.
    with np.errstate(over="ignore"):
        squares = len(target) * np.square(target).sum()
    if not np.isfinite(squares):
        raise DataError(
            f"the target reaches {largest:.3g}: its squares, which rmse and r2 need, exceed"
            " the range of a float",
            advice="scale the target, for example with a different unit, and update its"
            " declaration",
        )


def _fit_and_score(
    family: str,
    model: Model,
    seed: int,
    allowed: Sequence[str],
    matrix: Matrix,
    target: Labels,
    held_out: Matrix,
    outcome: Outcome,
) -> _FoldResult:
    estimator, converged = fit(family, model, seed, allowed, matrix, target)
    with refusal(family, estimator, "predict"):
        scores = score(estimator, held_out, outcome)
        _check_scores(scores, held_out.shape[0])
        regression = outcome.task is Task.REGRESSION
        labels = None if regression else predict_labels(estimator, held_out, outcome)
    return _FoldResult(scores, converged, labels, drew=have_drawn(seed))


def _check_scores(scores: Scores, rows: int) -> None:
    if len(scores.values) != rows:
        raise ValueError(f"it gave {len(scores.values)} predictions for {rows} rows")
    if not np.isfinite(scores.values).all():
        raise ValueError("a prediction is not a finite number")


def _gathered(parts: Sequence[_FoldResult], fold_of_row: Rows, outcome: Outcome) -> OutOfFold:
    # The earliest rows of a split by time are in no fold, and have no score.
    values = np.full((len(fold_of_row), parts[0].scores.values.shape[1]), np.nan)
    for fold, part in enumerate(parts):
        values[fold_of_row == fold] = part.scores.values
    scores = Scores(values, parts[0].scores.kind)
    converged, drew = all(part.converged for part in parts), any(part.drew for part in parts)
    labels = _own_labels(parts, fold_of_row, scores, outcome)
    if labels is None and not drew:
        return OutOfFold(scores, converged)
    return OwnOutOfFold(scores, converged, labels, drew)


def _own_labels(
    parts: Sequence[_FoldResult], fold_of_row: Rows, scores: Scores, outcome: Outcome
) -> Labels | None:
    if outcome.task is Task.REGRESSION:
        return None
    following = decide_labels(scores, outcome, None)
    labels = following.copy()
    for fold, part in enumerate(parts):
        labels[fold_of_row == fold] = part.labels
    return None if np.array_equal(labels, following) else labels


def select(
    out_of_fold: Mapping[str, OutOfFold],
    target: Labels,
    outcome: Outcome,
    train_rows: Rows,
    fold_of_row: Rows | ForwardFolds,
    selection: Selection,
    metrics: Measures | None = None,
) -> tuple[dict[str, FoldScores], str]:
    """Choose the candidate with the best mean over folds; the first one wins a tie.

    Without folds there is one candidate, and it has no scores.

    Raises
    ------
    DataError
        If a candidate does not have the metric of selection, or it is no finite number.
    """
    if not any(part.is_scored for part in out_of_fold.values()):
        return {}, next(iter(out_of_fold))
    target = target[train_rows]
    measure = (metrics or load_measures(outcome.task)).named(selection.metric)
    scored = {
        family: _fold_scores(family, part, target, outcome, scored_in(fold_of_row), measure)
        for family, part in out_of_fold.items()
    }
    sign = 1 if measure.metric.greater_is_better else -1
    return scored, max(scored, key=lambda family: sign * scored[family].mean)


def _fold_scores(
    family: str,
    part: OutOfFold,
    target: Labels,
    outcome: Outcome,
    fold_of_row: Rows,
    measure: Measure,
) -> FoldScores:
    metric, labels = measure.metric.name, own_labels(part)
    if measure.undefined(part.scores):
        raise DataError(
            f"selection.metric: {metric} needs probabilities, but {family} gives decision scores",
            advice="select by roc_auc, or remove the family from 'families'",
        )
    if labels is None:
        labels = decide_labels(part.scores, outcome, None)
    rows = Evaluated(target, labels, part.scores, outcome)
    folds = [
        measure.value(rows.take(np.flatnonzero(fold_of_row == k)))
        for k in range(int(fold_of_row.max()) + 1)
    ]
    mean, std = float(np.mean(folds)), float(np.std(folds))
    if not np.isfinite([mean, std]).all():
        raise DataError(
            f"selection.metric: {metric} of {family} is {mean:.3g} ± {std:.3g} over the folds,"
            " expected finite numbers",
            advice=f"scale the target, or remove {family} from 'families'",
        )
    return FoldScores(mean=mean, std=std, folds=tuple(folds))


def fit_selected(
    selected: str,
    models: Mapping[str, Model],
    allowed_modules: Sequence[str],
    fit_seeds: Mapping[str, int],
    train_matrix: Matrix,
    target: Labels,
    train_rows: Rows,
) -> tuple[BaseEstimator, bool]:
    """Fit the chosen candidate on all training rows."""
    seed = fit_seeds[f"fit/{selected}"]
    return fit(selected, models[selected], seed, allowed_modules, train_matrix, target[train_rows])
