"""Nested cross-validation: an estimate of the whole procedure, the choice of the model included.

The score by which a candidate was chosen is the best of several, and so too good (Cawley and
Talbot, JMLR 11, 2010). In each outer fold everything is therefore done once more by the rows
outside of it: inner folds, the choice, the decision rule, preprocessing and the fit. The outer fold
is then scored once. The held-out rows are in no outer fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from repro.core.errors import DataError
from repro.core.records import FoldScores, Nested
from repro.seeding import name
from repro.training.decision import decide
from repro.training.fitting import cross_validate, fit_selected
from repro.training.folds import masks
from repro.training.measures import load_measures
from repro.training.metrics import evaluate
from repro.training.preprocess import preprocessing_of
from repro.training.removal import remove_rows
from repro.training.searching.bench import Material
from repro.training.searching.stage import tuned
from repro.training.selecting import select
from repro.training.splitting import check_folds, fold_rows
from repro.training.stages import predict, transform
from repro.training.weights import check_counts, of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from repro.config.data import Task
    from repro.config.preprocessing import Preprocessing
    from repro.config.splits import AnySplit
    from repro.config.training import (
        AnyDecision,
        Evaluation,
        Model,
        Selection,
    )
    from repro.training.folds import Folds
    from repro.training.measures import Measures
    from repro.training.parallel import Workers
    from repro.training.removal import Removals
    from repro.training.scoring import Labels, Matrix, Outcome
    from repro.training.searching.finished import Finished
    from repro.training.splitters import SplitColumns
    from repro.training.weights import Weights

    Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Procedure:
    """Everything that leads from rows to a model, but for the rows and the seeds."""

    features: pd.DataFrame
    target: Labels
    task: Task
    outcome: Outcome
    split: AnySplit
    numeric: Sequence[str]
    categorical: Sequence[str]
    preprocessing: Preprocessing
    models: Mapping[str, Model]
    allowed_modules: Sequence[str]
    selection: Selection
    decision: AnyDecision
    workers: Workers
    finished: Finished
    metrics: Measures | None
    split_columns: SplitColumns | None
    fit_weights: Weights | None
    metric_weights: Weights | None
    preprocess_seeds: Mapping[str, int] | None
    stop_columns: SplitColumns | None

    def check(self, rows: Rows, selection: Selection) -> None:
        """Check that some rows are enough for folds, outer or inner ones."""
        try:
            check_folds(self.target[rows], self.task, self.split, selection)
        except DataError as error:
            raise DataError(
                f"evaluation.nested: {error.message}",
                advice="use fewer outer folds (--set evaluation.nested), fewer inner ones (--set"
                " selection.folds), or more rows of that class",
            ) from error

    def tuned(self, rows: Rows, seeds: Mapping[str, int], scope: str) -> Mapping[str, Model]:
        """Search the spaces of the candidates by some rows; each search sets all of its space."""
        if all(model.search is None for model in self.models.values()):
            return self.models
        measures = self.metrics or load_measures(self.task)
        material = Material(
            self.features,
            self.target,
            self.task,
            self.outcome,
            self.split,
            self.numeric,
            self.categorical,
            self.preprocessing,
            self.allowed_modules,
            self.selection,
            measures.named(self.selection.metric),
            self.workers,
            self.finished,
            self.split_columns,
            self.fit_weights,
            self.metric_weights,
            self.preprocess_seeds,
        )
        return tuned(material, self.models, rows, seeds, scope)[0]

    def removals(self, rows: Rows, folds: Folds, models: Mapping[str, Model]) -> Removals | None:
        """Find outliers among some rows; None if no candidate removes any."""
        used = (preprocessing_of(n, each, self.preprocessing)[0] for n, each in models.items())
        if all(each.remove_rows is None for each in used):
            return None
        table = (self.features, self.target, self.outcome, rows, folds, self.numeric)
        settings = (self.preprocessing, models, self.allowed_modules, self.preprocess_seeds)
        return remove_rows(*table, *settings, self.fit_weights)[0]

    def matrices(
        self, chosen: str, inside: Rows, outside: Rows, removals: Removals | None
    ) -> tuple[Matrix, Matrix]:
        """Learn the preprocessing of the chosen candidate by some rows; apply it to all."""
        _, _, matrix, outer = transform(
            self.features,
            self.target,
            inside,
            outside,
            self.numeric,
            self.categorical,
            self.preprocessing,
            self.models,
            chosen,
            self.allowed_modules,
            self.preprocess_seeds or {},
            removals,
        )
        return matrix, outer

    def scored(
        self, inside: Rows, outside: Rows, seeds: Mapping[str, int], scope: str
    ) -> tuple[str, dict[str, float]]:
        """Choose a model by some rows; return it, and its metrics on the other rows."""
        models = self.tuned(inside, seeds, scope)
        folds = fold_rows(self.target, self.task, inside, self.selection, seeds, self.split_columns)
        removals = self.removals(inside, folds, models)
        out_of_fold = cross_validate(
            self.features,
            self.target,
            self.outcome,
            inside,
            folds,
            self.numeric,
            self.categorical,
            self.preprocessing,
            models,
            self.allowed_modules,
            seeds,
            self.workers,
            self.fit_weights,
            self.preprocess_seeds,
            self.stop_columns,
            removals,
        )
        measured = (inside, folds, self.selection, self.metrics, self.metric_weights)
        _, chosen = select(out_of_fold, self.target, self.outcome, *measured)
        learned = (inside, self.decision, self.metric_weights)
        threshold = decide(out_of_fold, chosen, self.target, self.outcome, *learned)
        matrix, outer = self.matrices(chosen, inside, outside, removals)
        fitted = (
            matrix, self.target, inside, self.fit_weights, self.stop_columns, removals, self.workers
        )  # fmt: skip
        model, _ = fit_selected(chosen, models, self.allowed_modules, seeds, *fitted)
        scores, labels, _ = predict(model, outer, self.outcome, threshold)
        weights = of_rows(self.metric_weights, outside)
        truth = self.target[outside]
        return chosen, evaluate(truth, labels, scores, self.outcome, self.metrics, weights)[0]


def nested_scores(
    features: pd.DataFrame,
    target: Labels,
    task: Task,
    outcome: Outcome,
    train_rows: Rows,
    split: AnySplit,
    numeric: Sequence[str],
    categorical: Sequence[str],
    preprocessing: Preprocessing,
    models: Mapping[str, Model],
    allowed_modules: Sequence[str],
    selection: Selection,
    decision: AnyDecision,
    evaluation: Evaluation,
    nested_seeds: Mapping[str, int],
    workers: Workers,
    finished: Finished,
    metrics: Measures | None = None,
    split_columns: SplitColumns | None = None,
    fit_weights: Weights | None = None,
    metric_weights: Weights | None = None,
    preprocess_seeds: Mapping[str, int] | None = None,
    stop_columns: SplitColumns | None = None,
) -> Nested:
    """Score the whole procedure by outer folds of the training rows.

    Raises
    ------
    DataError
        If the rows outside of an outer fold are too few for the inner folds, or an estimator
        refuses them.
    """
    table = (features, target, task, outcome, split, numeric, categorical)
    settings = (preprocessing, models, allowed_modules, selection, decision, workers, finished)
    given = (
        metrics, split_columns, fit_weights, metric_weights, preprocess_seeds, stop_columns
    )  # fmt: skip
    procedure = _Procedure(*table, *settings, *given)
    parts = _outer(procedure, train_rows, evaluation, nested_seeds["nested/rows"])
    found = [
        procedure.scored(
            inside, outside, _inner_seeds(nested_seeds, number), name(("nested", number))
        )
        for number, (inside, outside) in enumerate(parts)
    ]
    return _together(found)


def _together(found: Sequence[tuple[str, dict[str, float]]]) -> Nested:
    """Return the mean and the spread of each metric that every outer fold has."""
    values = [scores for _, scores in found]
    names = [each for each in values[0] if all(each in scores for scores in values)]
    by_metric = {each: [scores[each] for scores in values] for each in names}
    return Nested(
        selected=tuple(chosen for chosen, _ in found),
        metrics={
            each: FoldScores(mean=float(np.mean(v)), std=float(np.std(v)), folds=tuple(v))
            for each, v in by_metric.items()
        },
    )


def _outer(
    procedure: _Procedure, train_rows: Rows, evaluation: Evaluation, seed: int
) -> list[tuple[Rows, Rows]]:
    """Return the rows outside and inside of each outer fold, after everything was checked."""
    selection, target = procedure.selection, procedure.target
    outer = selection.model_copy(update={"folds": evaluation.nested, "repeats": 1})
    procedure.check(train_rows, outer)
    drawn = fold_rows(
        target, procedure.task, train_rows, outer, {"fold/rows": seed}, procedure.split_columns
    )
    parts = [(train_rows[inside], train_rows[outside]) for inside, outside in masks(drawn)]
    for number, (inside, outside) in enumerate(parts, start=1):
        procedure.check(inside, selection)
        what = f"rows of the outer fold {number}"
        weights = of_rows(procedure.metric_weights, outside)
        check_counts(weights, target[outside], procedure.task, what)
    return parts


def _inner_seeds(seeds: Mapping[str, int], number: int) -> dict[str, int]:
    """Return the seeds of an outer fold, by the names that they have without it."""
    start = f"{name(('nested', number))}/"
    return {
        each.removeprefix(start): seed for each, seed in seeds.items() if each.startswith(start)
    }
