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
from repro.training.metrics import LOWER_IS_BETTER, metric_of
from repro.training.preprocess import fit_preprocessor, to_matrix
from repro.training.scoring import Scores, score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd
    from sklearn.base import BaseEstimator

    from repro.config.training import Model, Preprocessing, Selection
    from repro.training.parallel import Workers
    from repro.training.scoring import Labels, Matrix, Outcome

    Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class OutOfFold:
    """What one candidate says of every training row, each scored by a fit that never saw it.

    Attributes
    ----------
    scores : Scores
        In the order of the training rows.
    converged : bool
        Whether every fit did.
    """

    scores: Scores
    converged: bool


def fit(
    family: str,
    model: Model,
    seed: int,
    allowed_modules: Sequence[str],
    matrix: Matrix,
    target: Labels,
) -> tuple[BaseEstimator, bool]:
    """Fit one candidate; say also whether its solver converged.

    Raises
    ------
    DataError
        If the estimator refuses the data or a parameter's value.
    """
    estimator = build(family, model, seed, allowed_modules)
    with warnings.catch_warnings(record=True) as caught, refusal(family, estimator, "fit"):
        warnings.simplefilter("always")
        estimator.fit(matrix, target)
    return estimator, not any(issubclass(w.category, ConvergenceWarning) for w in caught)


def cross_validate(
    features: pd.DataFrame,
    target: Labels,
    outcome: Outcome,
    train_rows: Rows,
    fold_of_row: Rows,
    numeric: Sequence[str],
    categorical: Sequence[str],
    preprocessing: Preprocessing,
    models: Mapping[str, Model],
    allowed_modules: Sequence[str],
    cross_validate_seeds: Mapping[str, int],
    workers: Workers,
) -> dict[str, OutOfFold]:
    """Score every training row by every candidate, out of fold.

    Preprocessing is learned anew in each fold, once for all candidates.

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
    folds = range(int(fold_of_row.max()) + 1)
    for fold in folds:
        inside, outside = fold_of_row != fold, fold_of_row == fold
        learned = fit_preprocessor(features[inside], numeric, categorical, preprocessing)
        shared = (to_matrix(learned, features[inside]), target[inside])
        held_out = to_matrix(learned, features[outside])
        for family, model in models.items():
            seed = cross_validate_seeds[f"cross_validate/{family}/{fold}"]
            tasks.append((family, model, seed, allowed_modules, *shared, held_out, outcome))
            labels.append(f"{family}, fold {fold + 1} of {len(folds)}")
    results = workers.map(_fit_and_score, tasks, labels)
    return {
        family: _gathered(results[position :: len(models)], fold_of_row)
        for position, family in enumerate(models)
    }


def _check_size(target: Labels) -> None:
    largest = np.abs(target).max()
    # A resample may hold one row as often as there are rows.
    with np.errstate(over="ignore"):
        squares = len(target) * np.square(target).sum()
    if not np.isfinite(squares):
        raise DataError(
            f"the target reaches {largest:.3g}: its squares, of which rmse and r2 are made, are"
            " more than a float holds",
            advice="scale the target, such as by another unit, and declare the data set anew",
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
) -> OutOfFold:
    estimator, converged = fit(family, model, seed, allowed, matrix, target)
    with refusal(family, estimator, "predict"):
        scores = score(estimator, held_out, outcome)
        _check_scores(scores, len(held_out))
    return OutOfFold(scores, converged)


def _check_scores(scores: Scores, rows: int) -> None:
    if len(scores.values) != rows:
        raise ValueError(f"it gave {len(scores.values)} predictions for {rows} rows")
    if not np.isfinite(scores.values).all():
        raise ValueError("a prediction is no finite number")


def _gathered(parts: Sequence[OutOfFold], fold_of_row: Rows) -> OutOfFold:
    values = np.empty((len(fold_of_row), parts[0].scores.values.shape[1]))
    for fold, part in enumerate(parts):
        values[fold_of_row == fold] = part.scores.values
    return OutOfFold(Scores(values, parts[0].scores.kind), all(part.converged for part in parts))


def select(
    out_of_fold: Mapping[str, OutOfFold],
    target: Labels,
    outcome: Outcome,
    train_rows: Rows,
    fold_of_row: Rows,
    selection: Selection,
) -> tuple[dict[str, FoldScores], str]:
    """Choose the candidate with the best mean over folds; the first one wins a tie.

    Raises
    ------
    DataError
        If a candidate does not have the metric of selection, or it is no finite number.
    """
    target = target[train_rows]
    scored = {
        family: _fold_scores(family, part.scores, target, outcome, fold_of_row, selection.metric)
        for family, part in out_of_fold.items()
    }
    sign = -1 if selection.metric in LOWER_IS_BETTER else 1
    return scored, max(scored, key=lambda family: sign * scored[family].mean)


def _fold_scores(
    family: str, scores: Scores, target: Labels, outcome: Outcome, fold_of_row: Rows, metric: str
) -> FoldScores:
    try:
        folds = [
            metric_of(metric, target[rows], scores.take(rows), outcome)
            for rows in (np.flatnonzero(fold_of_row == k) for k in range(fold_of_row.max() + 1))
        ]
    except KeyError as error:
        raise DataError(
            f"selection.metric: {metric} needs probabilities, and {family} gives decision scores",
            advice="select by roc_auc, or take the family out of 'families'",
        ) from error
    mean, std = float(np.mean(folds)), float(np.std(folds))
    if not np.isfinite([mean, std]).all():
        raise DataError(
            f"selection.metric: {metric} of {family} is {mean:.3g} ± {std:.3g} over the folds,"
            " expected finite numbers",
            advice=f"scale the target, or take {family} out of 'families'",
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
