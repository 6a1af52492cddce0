"""Stability of permutation importance: the same for the model of every fold.

Each model is scored on the rows that it did not learn from, as on held-out rows. How far the models
differ shows how much an importance depends on the rows that were learned from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.training.fitting import fit
from repro.training.fold_tasks import learned_from
from repro.training.folds import count_folds, masks
from repro.training.importance import losses, summary
from repro.training.measures import load_measures
from repro.training.preprocess import Supervised, learn, preprocessing_of
from repro.training.validation import VALIDATION, parts_of
from repro.training.weights import of_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from repro.config.preprocessing import Preprocessing
    from repro.config.training import Importance, Model, Selection
    from repro.core.records import FoldScores, Threshold
    from repro.training.folds import Folds
    from repro.training.measures import Measures
    from repro.training.parallel import Workers
    from repro.training.removal import Removals
    from repro.training.scoring import Labels, Outcome
    from repro.training.splitters import SplitColumns
    from repro.training.validation import Parts
    from repro.training.weights import Weights


def importance_by_fold(
    features: pd.DataFrame,
    target: Labels,
    outcome: Outcome,
    train_rows: npt.NDArray[Any],
    fold_of_row: Folds,
    numeric: Sequence[str],
    categorical: Sequence[str],
    preprocessing: Preprocessing,
    models: Mapping[str, Model],
    selected: str,
    allowed_modules: Sequence[str],
    cross_validate_seeds: Mapping[str, int],
    threshold: Threshold,
    selection: Selection,
    importance: Importance,
    importance_seeds: Mapping[str, int],
    workers: Workers,
    metrics: Measures | None = None,
    fit_weights: Weights | None = None,
    metric_weights: Weights | None = None,
    preprocess_seeds: Mapping[str, int] | None = None,
    stop_columns: SplitColumns | None = None,
    removals: Removals | None = None,
) -> dict[str, FoldScores]:
    """Return the mean importance of each feature for the chosen candidate's model of each fold.

    The models are those of cross-validation: of the same rows and seeds.

    Returns
    -------
    dict of str to FoldScores
        By feature, in the order of the columns. A fold is the mean over the shuffles for its model,
        and ``std`` is over the models.

    Raises
    ------
    ConfigError, DataError
        As ``fit``; or if the model does not have the metric.
    """
    measure = (metrics or load_measures(outcome.task)).named(selection.metric)
    model = models[selected]
    steps, where = preprocessing_of(selected, model, preprocessing)

    tasks = _tasks(
        fold_of_row,
        (features, target, train_rows, fit_weights, metric_weights, stop_columns),
        removals,
        (numeric, categorical, steps, preprocess_seeds or {}, where),
        (selected, model, cross_validate_seeds, allowed_modules),
        (importance_seeds["importance/shuffles"], importance.repeats),
        (threshold, outcome, measure),
    )
    labels = [f"importance, fold {fold + 1}" for fold in range(count_folds(fold_of_row))]
    found = workers.map(_of_fold, tasks, labels)
    return {str(name): summary([each[str(name)] for each in found]) for name in features.columns}


def _tasks(
    folds: Folds,
    table: tuple[Any, ...],
    removals: Removals | None,
    columns: tuple[Any, ...],
    candidate: tuple[Any, ...],
    shuffles: tuple[int, int],
    judged: tuple[Any, ...],
) -> Iterator[tuple[Any, ...]]:
    """Yield the arguments of ``_of_fold`` for each fold."""
    features, target, train_rows, fit_weights, metric_weights, stop_columns = table
    selected, model, seeds, allowed = candidate
    for fold, (inside, outside) in enumerate(masks(folds)):
        learned = learned_from(removals, fold, train_rows, inside, selected)
        path = f"cross_validate/{selected}/{fold}"
        rows, held = train_rows[learned], train_rows[outside]
        known = target[rows]
        by = None if stop_columns is None else stop_columns.take(rows)
        validation = seeds.get(f"{path}/{VALIDATION}")
        parts = parts_of(selected, model.early_stopping, known, validation, by)
        yield (
            (features.iloc[rows], *columns[:3], Supervised(known, columns[3], allowed, columns[4])),
            (selected, model, seeds[path], allowed),
            (known, of_rows(fit_weights, rows), parts),
            (features.iloc[held], *shuffles),
            (*judged, target[held], of_rows(metric_weights, held)),
        )


def _of_fold(
    columns: tuple[Any, ...],
    candidate: tuple[str, Model, int, Sequence[str]],
    known: tuple[Labels, Weights | None, Parts | None],
    shuffled: tuple[pd.DataFrame, int, int],
    judged: tuple[Any, ...],
) -> dict[str, float]:
    """Fit the model of a fold, and return the mean importance of each feature for it."""
    preprocessor, matrix = learn(*columns)
    estimator, _ = fit(*candidate, matrix, *known)
    rows, seed, repeats = shuffled
    found = losses(rows, list(rows.columns), seed, repeats, preprocessor, estimator, *judged)
    return {str(name): summary(values).mean for name, values in found.items()}
