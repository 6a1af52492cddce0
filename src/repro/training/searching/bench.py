"""The folds of a search, in which trials are fitted and scored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_random_state

from repro.config.data import Task
from repro.config.search import ROWS, HalvingSearch, with_point
from repro.core.errors import DataError, ReproError
from repro.seeding import name
from repro.training.fitting import fit_and_score
from repro.training.folds import masks
from repro.training.measures import Evaluated
from repro.training.preprocess import Supervised, learn, preprocessing_of, to_matrix
from repro.training.removal import Remover
from repro.training.scoring import labels as decide_labels
from repro.training.splitting import check_folds, fold_rows
from repro.training.weights import check_counts, of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd
    from pydantic import JsonValue

    from repro.config.preprocessing import Preprocessing
    from repro.config.search import Search
    from repro.config.splits import AnySplit
    from repro.config.training import Model, Selection
    from repro.seeding import SeedPath
    from repro.training.fitting import FoldResult
    from repro.training.measures import Measure
    from repro.training.parallel import Workers
    from repro.training.scoring import Labels, Matrix, Outcome
    from repro.training.searching.finished import Finished
    from repro.training.searching.points import Point
    from repro.training.splitters import SplitColumns
    from repro.training.weights import Weights

    Rows = npt.NDArray[np.int64]

# More of a trial's parameters than people read.
_SHOWN = 300


@dataclass(frozen=True)
class Material:
    """Everything that the searches of all candidates have in common.

    Attributes
    ----------
    metric_weights : ndarray of shape (n_samples,), or None
        The weights of all rows, if metrics are weighted; ``fit_weights`` are those of fits.
    """

    features: pd.DataFrame
    target: Labels
    task: Task
    outcome: Outcome
    split: AnySplit
    numeric: Sequence[str]
    categorical: Sequence[str]
    preprocessing: Preprocessing
    allowed_modules: Sequence[str]
    selection: Selection
    measure: Measure
    workers: Workers
    finished: Finished
    split_columns: SplitColumns | None
    fit_weights: Weights | None
    metric_weights: Weights | None
    preprocess_seeds: Mapping[str, int] | None


@dataclass(frozen=True)
class Attempt:
    """A trial in one round.

    Attributes
    ----------
    resource : int or None
        In a successive halving: how many rows are learned from at most, or the value of a
        parameter.
    """

    number: int
    point: Point
    resource: int | None = None


@dataclass(frozen=True)
class Bench:
    """The folds of one candidate's search.

    Attributes
    ----------
    rows : ndarray of int64
        The rows that may be learned from or scored, and no others.
    seeds : mapping of str to int
        By the names of ``paths``.
    scope : str
        Where these rows come from, in names of finished work; empty for all training rows.
    """

    material: Material
    family: str
    model: Model
    search: Search
    rows: Rows
    seeds: Mapping[str, int]
    scope: str

    @cached_property
    def parts(self) -> tuple[tuple[Rows, Rows], ...]:
        """The rows that each fold learns from, and those that it scores.

        Raises
        ------
        DataError
            If there are too few rows for the folds.
        """
        material, key = self.material, f"models.{self.family}.search.folds"
        update = {"folds": self.search.folds, "repeats": 1}
        selection = material.selection.model_copy(update=update)
        target, task = material.target, material.task
        seeds = {"fold/rows": self.seed("rows")}
        try:
            check_folds(target[self.rows], task, material.split, selection)
            drawn = fold_rows(target, task, self.rows, selection, seeds, material.split_columns)
            found = tuple(
                (self.rows[inside], self.rows[outside]) for inside, outside in masks(drawn)
            )
            for number, (inside, outside) in enumerate(found, start=1):
                what = f"rows that fold {number} learns from"
                check_counts(of_rows(material.fit_weights, inside), target[inside], task, what)
                what = f"rows that fold {number} is scored on"
                check_counts(of_rows(material.metric_weights, outside), target[outside], task, what)
        except DataError as error:
            raise DataError(
                f"{key}: {error.message}",
                advice=f"use fewer folds (--set {key}), or more rows",
            ) from error
        return found

    @property
    def by_rows(self) -> bool:
        """True if the resource of a round is its rows."""
        return isinstance(self.search, HalvingSearch) and self.search.resource == ROWS

    @property
    def most_rows(self) -> int:
        """The most rows that a fold learns from."""
        return max(len(inside) for inside, _ in self.parts)

    def seed(self, *path: str | int) -> int:
        """Return the seed of a part of this search."""
        return self.seeds[name(("search", self.family, *path))]

    def scored(self, attempts: Sequence[Attempt]) -> list[tuple[float, ...]]:
        """Score trials in every fold; in their order, for any number of workers.

        Raises
        ------
        DataError, ConfigError
            If an estimator refuses the parameters of a trial, or has not the metric.
        """
        material = self.material
        places = [(a, fold) for a in range(len(attempts)) for fold in range(len(self.parts))]
        tasks = {(a, fold): self._name(attempts[a], fold) for a, fold in places}
        known = {place: material.finished.get(task) for place, task in tasks.items()}
        missing = [place for place, score in known.items() if score is None]
        matrices: dict[tuple[int, int | None], tuple[Any, ...]] = {}
        arguments = [self._task(attempts[a], fold, matrices) for a, fold in missing]
        labels = [
            f"{self.family}, trial {attempts[a].number}, fold {fold + 1} of {len(self.parts)}"
            for a, fold in missing
        ]
        results = material.workers.stream(fit_trial, arguments, labels)
        for (a, fold), result in zip(missing, results, strict=True):
            score = self._score(attempts[a], fold, result)
            material.finished.put(tasks[a, fold], score)
            known[a, fold] = score
        scores = [score for score in known.values() if score is not None]
        size = len(self.parts)
        return [tuple(scores[start : start + size]) for start in range(0, len(scores), size)]

    def _name(self, attempt: Attempt, fold: int) -> dict[str, JsonValue]:
        return {
            "scope": self.scope,
            "family": self.family,
            "trial": attempt.number,
            "params": attempt.point,
            "resource": attempt.resource,
            "fold": fold,
        }

    def _task(
        self,
        attempt: Attempt,
        fold: int,
        matrices: dict[tuple[int, int | None], tuple[Any, ...]],
    ) -> tuple[Any, ...]:
        """Return the arguments of a fit; trials with the same rows share their matrices."""
        limit = attempt.resource if self.by_rows else None
        if (fold, limit) not in matrices:
            matrices[fold, limit] = self._prepared(fold, limit)
        matrix, target, held_out, weights = matrices[fold, limit]
        point = dict(attempt.point)
        if isinstance(self.search, HalvingSearch) and not self.by_rows:
            point[self.search.resource] = attempt.resource
        params = with_point(self.model.params, point)
        model = self.model.model_copy(update={"params": params, "search": None})
        where = f"trial {attempt.number} ({shown(point)})"
        given = (self.family, model, self.seed("fit", fold), self.material.allowed_modules)
        return (where, *given, matrix, target, held_out, self.material.outcome, weights)

    def _prepared(
        self, fold: int, limit: int | None
    ) -> tuple[Matrix, Labels, Matrix, Weights | None]:
        """Learn preprocessing from the rows that a fold learns from, and from no others."""
        material = self.material
        inside, outside = self.parts[fold]
        if limit is not None and limit < len(inside):
            order = order_of(material.target[inside], material.task, self.seed("subset", fold))
            inside = inside[np.sort(order[:limit])]
        inside = self._kept(inside)
        target, weights = material.target[inside], of_rows(material.fit_weights, inside)
        check_counts(weights, target, material.task, f"{len(inside)} rows of a trial")
        settings, where = preprocessing_of(self.family, self.model, material.preprocessing)
        seeds = material.preprocess_seeds or {}
        supervised = Supervised(target, seeds, material.allowed_modules, where)
        columns = (material.numeric, material.categorical, settings)
        learned, matrix = learn(material.features.iloc[inside], *columns, supervised)
        return matrix, target, to_matrix(learned, material.features.iloc[outside]), weights

    def _kept(self, rows: Rows) -> Rows:
        """Return the rows that a trial learns from: without outliers, if they are removed."""
        material = self.material
        remover = Remover(
            material.features,
            material.target,
            material.outcome,
            material.numeric,
            material.preprocessing,
            material.allowed_modules,
            material.preprocess_seeds or {},
            material.fit_weights,
        )
        return remover.kept(self.family, self.model, rows, "of a trial")

    def _score(self, attempt: Attempt, fold: int, result: FoldResult) -> float:
        material, (_, outside) = self.material, self.parts[fold]
        metric = material.measure.metric.name
        if material.measure.undefined(result.scores):
            raise DataError(
                f"selection.metric: {metric} needs probabilities, but trial {attempt.number} of"
                f" {self.family} ({shown(attempt.point)}) gives decision scores",
                advice="select by roc_auc, or change the parameters by which it has none",
            )
        labels = result.labels
        if labels is None:
            labels = decide_labels(result.scores, material.outcome, None)
        weights = of_rows(material.metric_weights, outside)
        truth = material.target[outside]
        score = material.measure.value(
            Evaluated(truth, labels, result.scores, material.outcome, weights)
        )
        if not np.isfinite(score):
            raise DataError(
                f"selection.metric: {metric} of trial {attempt.number} of {self.family}"
                f" ({shown(attempt.point)}) is {score:.3g}, expected a finite number",
                advice="scale the target, or narrow the space",
            )
        return score


def paths(family: str, search: Search) -> list[SeedPath]:
    """Name the seeds of one candidate's search.

    Each fold has one seed for the fits of all trials, so that trials differ by their parameters
    alone.
    """
    folds = range(search.folds)
    subsets = isinstance(search, HalvingSearch) and search.resource == ROWS
    return [
        ("search", family, "rows"),
        ("search", family, "trials"),
        *(("search", family, "fit", fold) for fold in folds),
        *(("search", family, "subset", fold) for fold in folds if subsets),
    ]


def order_of(target: Labels, task: Task, seed: int) -> Rows:
    """Put rows into an order of which every beginning has the classes in proportion.

    It begins with a row of each class.
    """
    drawn: Rows = check_random_state(seed).permutation(len(target))
    if task is Task.REGRESSION:
        return drawn
    labels = target[drawn]
    share = np.empty(len(drawn))
    for label in np.unique(labels):
        among = np.flatnonzero(labels == label)
        share[among] = np.arange(len(among)) / len(among)
    ordered: Rows = drawn[np.argsort(share, kind="stable")]
    return ordered


def shown(point: Mapping[str, JsonValue]) -> str:
    """Spell the parameters of a trial for people."""
    text = ", ".join(f"{each}={json.dumps(value)}" for each, value in point.items())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def fit_trial(where: str, family: str, *arguments: Any) -> FoldResult:
    """Fit and score a trial in a fold; an error names the trial and its parameters.

    Raises
    ------
    DataError, ConfigError
        If the estimator refuses the parameters or the data.
    """
    try:
        return fit_and_score(family, *arguments)
    except ReproError as error:
        reason = error.message.removeprefix(f"models.{family}: ")
        raise type(error)(
            f"models.{family}.search: {where}: {reason}",
            advice="take such values out of the space, or give other parameters values that go"
            " with them",
        ) from error
