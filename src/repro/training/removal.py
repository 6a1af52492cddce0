"""The removal of outlier rows from what a fit learns from.

Rows are found among those that a fit is given, so a fold never looks at the rows that it scores,
and nothing looks at the held-out rows. Rows that are predicted are never removed.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.impute import SimpleImputer

from repro.config.data import Task
from repro.config.preprocessing import REMOVAL
from repro.config.removal import IqrRemoval, ZscoreRemoval
from repro.core.candidate import Removed
from repro.core.errors import ConfigError, DataError
from repro.core.suggest import did_you_mean
from repro.training.columns import refusal
from repro.training.estimators import build_detector
from repro.training.folds import masks
from repro.training.generators import seed_global_generators
from repro.training.preprocess import IQRClipper, preprocessing_of
from repro.training.weights import check_counts, of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from repro.config.preprocessing import Preprocessing
    from repro.config.removal import AnyRemoval
    from repro.config.training import Model
    from repro.training.folds import Folds
    from repro.training.scoring import Labels, Outcome
    from repro.training.weights import Weights

    Rows = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]
    Values = npt.NDArray[np.float64]

_FEWEST = 2
_SEED = f"preprocess/{REMOVAL}"


@dataclass(frozen=True)
class Removals:
    """The rows that candidates do not learn from, by position in the table, ascending.

    Attributes
    ----------
    folds : dict of str to tuple of ndarray of int64
        By family that removes rows: those that are removed in each fold.
    train : dict of str to ndarray of int64
        Those that are removed from all training rows.
    """

    folds: Mapping[str, tuple[Rows, ...]]
    train: Mapping[str, Rows]

    def inside(self, family: str, fold: int, train_rows: Rows, inside: Mask) -> Mask:
        """Return which training rows a candidate learns from in a fold."""
        if family not in self.folds:
            return inside
        return inside & ~np.isin(train_rows, self.folds[family][fold])


def learned_rows(removals: Removals | None, family: str, train_rows: Rows) -> Rows:
    """Return the training rows that a candidate learns from in the end, in their order."""
    if removals is None or family not in removals.train:
        return train_rows
    return train_rows[~np.isin(train_rows, removals.train[family])]


@dataclass(frozen=True)
class Remover:
    """Everything that decides which rows a candidate does not learn from, but for the rows.

    Attributes
    ----------
    features : DataFrame of shape (n_samples, n_features)
        Of all rows.
    seeds : mapping of str to int
        Those of preprocessing.
    """

    features: pd.DataFrame
    target: Labels
    outcome: Outcome
    numeric: Sequence[str]
    preprocessing: Preprocessing
    allowed: Sequence[str]
    seeds: Mapping[str, int]
    weights: Weights | None

    def removed(self, family: str, model: Model, rows: Rows, what: str) -> Rows | None:
        """Return the rows to remove among some; None if the candidate removes none at all.

        Parameters
        ----------
        what : str
            Who learns from these rows, for messages.

        Raises
        ------
        ConfigError
            If a column is no numeric feature, or the class finds no outliers.
        DataError
            If the class refuses the rows, or too few of them are left.
        """
        settings, start = preprocessing_of(family, model, self.preprocessing)
        if settings.remove_rows is None:
            return None
        where = f"{start}.{REMOVAL}"
        columns = self._columns(where, settings.remove_rows)
        values = self.features[columns].iloc[rows].to_numpy(dtype=np.float64)
        found = self._found(where, settings, values)
        left = rows[~found]
        self._check(where, rows, left, what)
        return np.sort(rows[found])

    def kept(self, family: str, model: Model, rows: Rows, what: str) -> Rows:
        """Return the rows that are left, in their order; as ``removed``."""
        removed = self.removed(family, model, rows, what)
        return rows if removed is None else rows[~np.isin(rows, removed)]

    def _columns(self, where: str, settings: AnyRemoval) -> list[str]:
        numeric = list(map(str, self.numeric))
        for name in settings.columns or ():
            if name not in numeric:
                raise ConfigError(
                    f"{where}.columns: '{name}' is no numeric feature",
                    advice=did_you_mean(name, numeric),
                )
        if not numeric:
            raise ConfigError(
                f"{where}: outliers are found by numeric features, of which it has none",
                advice="set it to null, or give a column the role numeric in configs/datasets.yaml",
            )
        return list(settings.columns or numeric)

    def _found(self, where: str, settings: Preprocessing, values: Values) -> Mask:
        removal = settings.remove_rows
        with np.errstate(all="ignore"), warnings.catch_warnings():
            # A column without any value has no outliers.
            warnings.simplefilter("ignore")
            if isinstance(removal, IqrRemoval):
                fences = IQRClipper(removal.factor).fit(values)
                outside = (values < fences.low_) | (values > fences.high_)
                return np.asarray(outside.any(axis=1))
            if isinstance(removal, ZscoreRemoval):
                distance = np.abs(values - np.nanmean(values, axis=0))
                far = distance > removal.limit * np.nanstd(values, axis=0)
                return np.asarray(far.any(axis=1))
            return self._detected(where, settings, values)

    def _detected(self, where: str, settings: Preprocessing, values: Values) -> Mask:
        step = dict(settings.transforms())[REMOVAL,]
        detector = build_detector(where, step, self.seeds[_SEED], self.allowed)
        seed_global_generators(self.seeds[_SEED])
        filled = SimpleImputer(strategy="median", keep_empty_features=True).fit_transform(values)
        with refusal(where, detector):
            marks = np.asarray(detector.fit_predict(filled)).reshape(-1)
            if len(marks) != len(values) or not np.isin(marks, (-1, 1)).all():
                raise ValueError("fit_predict should give -1 for an outlier and 1 for other rows")
        outliers: Mask = marks == -1
        return outliers

    def _check(self, where: str, rows: Rows, left: Rows, what: str) -> None:
        lost = f"{where}: {len(rows) - len(left)} of the {len(rows)} rows {what} are removed"
        advice = "remove fewer rows (a larger factor or limit, a smaller contamination), or none"
        if len(left) < _FEWEST:
            raise DataError(f"{lost}, and {len(left)} left", advice=advice)
        if self.outcome.task is not Task.REGRESSION:
            gone = sorted({*np.unique(self.target[rows])} - {*np.unique(self.target[left])})
            if gone:
                raise DataError(f"{lost}, and no row of class '{gone[0]}' is left", advice=advice)
        weights = of_rows(self.weights, left)
        check_counts(weights, self.target[left], self.outcome.task, f"rows {what} that are left")


def remove_rows(
    features: pd.DataFrame,
    target: Labels,
    outcome: Outcome,
    train_rows: Rows,
    fold_of_row: Folds,
    numeric: Sequence[str],
    preprocessing: Preprocessing,
    models: Mapping[str, Model],
    allowed_modules: Sequence[str],
    preprocess_seeds: Mapping[str, int] | None = None,
    fit_weights: Weights | None = None,
) -> tuple[Removals, dict[str, Removed]]:
    """Find the outlier rows in each fold, and in all training rows.

    Candidates with the same removal share it.

    Raises
    ------
    ConfigError, DataError
        As ``Remover.removed``.
    """
    seeds = preprocess_seeds or {}
    given = (outcome, numeric, preprocessing, allowed_modules, seeds, fit_weights)
    remover = Remover(features, target, *given)
    known: dict[str, tuple[tuple[Rows, ...], Rows]] = {}
    folds, train = {}, {}
    for family, model in models.items():
        settings = preprocessing_of(family, model, preprocessing)[0].remove_rows
        if settings is None:
            continue
        key = settings.model_dump_json()
        if key not in known:
            known[key] = _everywhere(remover, family, model, train_rows, fold_of_row)
        folds[family], train[family] = known[key]
    counts = {
        family: Removed(
            folds=tuple(len(rows) for rows in folds[family]),
            train=len(rows),
            rows=len(train_rows),
        )
        for family, rows in train.items()
    }
    return Removals(folds, train), counts


def _everywhere(
    remover: Remover, family: str, model: Model, train_rows: Rows, fold_of_row: Folds
) -> tuple[tuple[Rows, ...], Rows]:
    none = np.empty(0, dtype=np.int64)

    def found(rows: Rows, what: str) -> Rows:
        removed = remover.removed(family, model, rows, what)
        return none if removed is None else removed

    folds = tuple(
        found(train_rows[inside], f"that fold {fold} learns from")
        for fold, (inside, _) in enumerate(masks(fold_of_row), start=1)
    )
    return folds, found(train_rows, "to train on")
