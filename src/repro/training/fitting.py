"""Fitting candidates: in folds for selection, and the chosen one on all training rows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from repro.config.data import Task
from repro.core.errors import DataError
from repro.training.estimators import build, refusal
from repro.training.fold_tasks import Candidates, rows_of_fit
from repro.training.folds import count_folds, draws, masks, scored_in
from repro.training.generators import have_drawn, seed_global_generators
from repro.training.learned import Learned
from repro.training.out_of_fold import OutOfFold, OwnOutOfFold, joined, with_iterations
from repro.training.removal import learned_rows
from repro.training.scoring import Scores, predict_labels, score
from repro.training.scoring import labels as decide_labels
from repro.training.stopping import StoppedEarly, stopped
from repro.training.trees import trees_in_threads
from repro.training.weights import check_counts, of_rows
from repro.training.wide import fitted_for
from repro.training.wrapping import LabelCodes, Tagged, tags_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd
    from sklearn.base import BaseEstimator

    from repro.config.preprocessing import Preprocessing
    from repro.config.training import Model
    from repro.training.folds import Folds
    from repro.training.parallel import Workers
    from repro.training.removal import Removals
    from repro.training.scoring import Labels, Matrix, Outcome
    from repro.training.splitters import SplitColumns
    from repro.training.validation import Parts
    from repro.training.weights import Weights

    Mask = npt.NDArray[np.bool_]
    Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FoldResult:
    """The fit of a candidate in a fold, by the rows that the fold scores.

    Attributes
    ----------
    converged : bool
    labels : ndarray of shape (n_scored,), or None
        What the estimator predicts; None for a regression.
    drew : bool
        Whether it drew from a global random generator.
    """

    scores: Scores
    converged: bool
    labels: Labels | None
    drew: bool
    iterations: int | None = None


def fit(
    family: str,
    model: Model,
    seed: int,
    allowed_modules: Sequence[str],
    matrix: Matrix,
    target: Labels,
    weights: Weights | None = None,
    parts: Parts | None = None,
    threads: int = 1,
) -> tuple[BaseEstimator, bool]:
    """Fit one candidate; return also whether its solver converged.

    With ``parts`` it learns from some of the rows, and stops early by the other ones. With
    ``threads`` a forest fits as many trees at a time, which changes no bit.

    The global random generators are seeded by the candidate's seed before the fit, and stay as the
    fit leaves them: an estimator may go on drawing where it predicts.

    Raises
    ------
    ConfigError
        If there are weights, and the estimator takes none.
    DataError
        If the estimator refuses the data or a parameter's value.
    """
    estimator = build(family, model, seed, allowed_modules)
    arguments = _arguments(family, estimator, weights)
    if parts is not None:
        arguments["parts"] = parts
    seed_global_generators(seed)
    with warnings.catch_warnings(record=True) as caught, refusal(family, estimator, "fit"):
        warnings.simplefilter("always")
        estimator = _wrapped(estimator, model, matrix)
        with trees_in_threads(estimator, threads):
            estimator.fit(matrix, target, **arguments)
    return estimator, not any(issubclass(w.category, ConvergenceWarning) for w in caught)


def _wrapped(estimator: BaseEstimator, model: Model, matrix: Matrix) -> BaseEstimator:
    """Return what is fitted: the estimator, in what it needs around it."""
    plain = estimator
    if model.early_stopping is not None:
        estimator = StoppedEarly(estimator, model.early_stopping.rounds)
    estimator = fitted_for(estimator, matrix)
    if model.labels is not None:
        return LabelCodes(estimator)
    return Tagged(estimator) if tags_of(plain) is None else estimator


def _arguments(family: str, estimator: BaseEstimator, weights: Weights | None) -> dict[str, Any]:
    if weights is None:
        return {}
    from repro.training.weighted_fits import fit_arguments  # noqa: PLC0415

    return fit_arguments(family, estimator, weights)


def cross_validate(
    features: pd.DataFrame,
    target: Labels,
    outcome: Outcome,
    train_rows: Rows,
    fold_of_row: Folds,
    numeric: Sequence[str],
    categorical: Sequence[str],
    preprocessing: Preprocessing,
    models: Mapping[str, Model],
    allowed_modules: Sequence[str],
    cross_validate_seeds: Mapping[str, int],
    workers: Workers,
    fit_weights: Weights | None = None,
    preprocess_seeds: Mapping[str, int] | None = None,
    stop_columns: SplitColumns | None = None,
    removals: Removals | None = None,
) -> dict[str, OutOfFold]:
    """Score every training row by every candidate, out of fold.

    Preprocessing is learned separately in each fold, once for all candidates that share it, and
    without weights.

    Parameters
    ----------
    fit_weights : ndarray of shape (n_samples,), optional
        The weights of all rows.
    stop_columns : SplitColumns, optional
        What all rows are split by, if a column decides; families that stop early need it.
    removals : Removals, optional
        The outlier rows that candidates do not learn from.

    Returns
    -------
    dict of str to OutOfFold
        By family, in the order of the configuration.

    Raises
    ------
    DataError
        If an estimator refuses the data, the target is too large to be measured, or a fold has
        nothing of weight to learn from.
    """
    if outcome.task is Task.REGRESSION:
        check_size(target)
    target = target[train_rows]
    weights = of_rows(fit_weights, train_rows)
    columns = None if stop_columns is None else stop_columns.take(train_rows)
    _check_weights(weights, target, outcome, fold_of_row)
    count = count_folds(fold_of_row)
    if not count:
        nothing = OutOfFold(Scores(np.empty((0, 0)), "none"), converged=True)
        return dict.fromkeys(models, nothing)
    given = (numeric, categorical, preprocess_seeds or {}, allowed_modules)
    shared = (preprocessing, cross_validate_seeds, outcome, weights, columns, removals, train_rows)
    folds = (
        (inside, Learned(features, train_rows, target, outside, *given))
        for inside, outside in masks(fold_of_row)
    )
    tasks = Candidates(models, *shared).of_folds(folds)
    labels = [f"{family}, fold {n + 1} of {count}" for n in range(count) for family in models]
    results = workers.map(fit_and_score, tasks, labels, [*models] * count)
    return {
        family: _of_family(results[position :: len(models)], fold_of_row, outcome)
        for position, family in enumerate(models)
    }


def _check_weights(weights: Weights | None, target: Labels, outcome: Outcome, folds: Folds) -> None:
    for fold, (inside, _) in enumerate(masks(folds), start=1):
        what = f"rows that fold {fold} learns from"
        check_counts(of_rows(weights, inside), target[inside], outcome.task, what)


def _of_family(parts: Sequence[FoldResult], folds: Folds, outcome: Outcome) -> OutOfFold:
    whole = joined(_by_draw(parts, folds, outcome))
    return with_iterations(whole, [part.iterations for part in parts])


def _by_draw(parts: Sequence[FoldResult], folds: Folds, outcome: Outcome) -> list[OutOfFold]:
    every = iter(parts)
    return [
        _gathered(list(islice(every, count_folds(draw))), scored_in(draw), outcome)
        for draw in draws(folds)
    ]


def check_size(target: Labels) -> None:
    """Check that the squares of a regression's target can be summed.

    Raises
    ------
    DataError
        If they exceed the range of a float.
    """
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


def fit_and_score(
    family: str,
    model: Model,
    seed: int,
    allowed: Sequence[str],
    matrix: Matrix,
    target: Labels,
    held_out: Matrix,
    outcome: Outcome,
    weights: Weights | None = None,
    parts: Parts | None = None,
) -> FoldResult:
    """Fit a candidate, and score rows that it has not seen.

    Raises
    ------
    ConfigError, DataError
        As ``fit``, or if its scores are not one for each class and row, and finite.
    """
    estimator, converged = fit(family, model, seed, allowed, matrix, target, weights, parts)
    with refusal(family, estimator, "predict"):
        scores = score(estimator, held_out, outcome)
        _check_scores(scores, held_out.shape[0])
        regression = outcome.task is Task.REGRESSION
        labels = None if regression else predict_labels(estimator, held_out, outcome, scores)
    early = stopped(estimator)
    kept = None if early is None else early.iterations_
    return FoldResult(scores, converged, labels, drew=have_drawn(seed), iterations=kept)


def _check_scores(scores: Scores, rows: int) -> None:
    if len(scores.values) != rows:
        raise ValueError(f"it gave {len(scores.values)} predictions for {rows} rows")
    if not np.isfinite(scores.values).all():
        raise ValueError("a prediction is not a finite number")


def _gathered(parts: Sequence[FoldResult], fold_of_row: Rows, outcome: Outcome) -> OutOfFold:
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
    parts: Sequence[FoldResult], fold_of_row: Rows, scores: Scores, outcome: Outcome
) -> Labels | None:
    if outcome.task is Task.REGRESSION:
        return None
    following = decide_labels(scores, outcome, None)
    labels = following.copy()
    for fold, part in enumerate(parts):
        labels[fold_of_row == fold] = part.labels
    return None if np.array_equal(labels, following) else labels


def fit_selected(
    selected: str,
    models: Mapping[str, Model],
    allowed_modules: Sequence[str],
    fit_seeds: Mapping[str, int],
    train_matrix: Matrix,
    target: Labels,
    train_rows: Rows,
    fit_weights: Weights | None = None,
    stop_columns: SplitColumns | None = None,
    removals: Removals | None = None,
    workers: Workers | None = None,
) -> tuple[BaseEstimator, bool]:
    """Fit the chosen candidate on all training rows, or on those that are not removed."""
    learned = learned_rows(removals, selected, train_rows)
    path, model, known = f"fit/{selected}", models[selected], target[learned]
    columns = None if stop_columns is None else stop_columns.take(learned)
    rows = (train_matrix, known, of_rows(fit_weights, learned))
    parts = rows_of_fit(selected, model, known, columns, fit_seeds, path)
    threads = 1 if workers is None else workers.count
    return fit(selected, model, fit_seeds[path], allowed_modules, *rows, parts, threads)
