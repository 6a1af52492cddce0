"""Reasons to doubt a split: features that know the target, rows and identifiers on both sides.

Columns are compared by ranks and codes, never by values: no magnitude is too large, no difference
too small, and no text too long. At most ``_ROWS`` training rows, drawn by seed, are scored, so that
the time is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from repro.config.data import Task
from repro.training.alike import Alike, Sides, ordered_codes
from repro.training.folds import count_folds, numbered
from repro.training.recurrence import Leakage, Recurrence, SplitLeakage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt
    import pandas as pd

    from repro.config.training import Safety
    from repro.training.aside import Aside
    from repro.training.folds import Folds
    from repro.training.scoring import Labels, Outcome

    Rows = npt.NDArray[np.int64]
    Codes = npt.NDArray[np.int64]
    Truth = npt.NDArray[np.float64] | npt.NDArray[np.intp]

_ROWS = 5_000
# An identifier: values at least; the share of rows whose value other rows have too; how far knowing
# them goes from a guess (0) to the target itself (1); and how much further than their order does.
_VALUES, _RECURRING, _KNOWS, _BEYOND_ORDER = 30, 0.5, 0.7, 0.2
# The order is judged by what this many neighbouring values have in common.
_NEIGHBOURS = 5
# What a score may differ by from a bound of it that is summed in a different order.
_ROUNDING = 1e-9


def suspect_features(
    features: pd.DataFrame,
    target: Labels,
    outcome: Outcome,
    train_rows: Rows,
    test_rows: Rows,
    fold_of_row: Folds,
    safety: Safety,
    leakage_seeds: Mapping[str, int],
    aside: Aside | None = None,
) -> Leakage:
    """Score each feature alone, out of fold, and look for what stands on both sides of the split.

    A feature is scored by a small tree over its order, and by what other rows of the same value
    have; the better one counts. Columns beside the features are looked at for groups of rows.
    Without folds no feature is scored.
    """
    seed = leakage_seeds["leakage/tree"]
    chosen = _sample(len(train_rows), seed)
    rows, sides = train_rows[chosen], Sides(train_rows, test_rows)
    alike, columns = Alike(len(target), sides), {}
    # One after the other, so that memory does not grow with their number.
    for name in features.columns:
        codes = ordered_codes(features[name])
        alike.add(codes)
        columns[str(name)] = _Column(codes[rows], sides.recurrence(codes))
    identical, twice = alike.found()
    if not count_folds(fold_of_row):
        return Leakage({}, {}, identical)
    truth, folds = _numbers(target[rows], outcome), numbered(fold_of_row)[chosen]
    every = _Rows(truth, folds, outcome, seed)
    # Repeated rows would make every column predict the target.
    single = ~twice[rows]
    once = _Rows(truth[single], folds[single], outcome, seed)
    can_be_grouped = _can_be_grouped(once, every)
    leaking, identifiers = dict[str, float](), dict[str, Recurrence]()
    for name, column in columns.items():
        best = _order_score(column.values, every, safety.leakage_leaves, safety.leakage_score)
        if can_be_grouped:
            score, found = column.judge(single, once, safety.leakage_score)
            best = max(best, score)
            identifiers |= {} if found is None else {name: found}
        if best >= safety.leakage_score:
            leaking[name] = best
    groups = _groups(aside, sides, rows[single], once) if can_be_grouped else {}
    dates = () if aside is None else aside.dates
    if groups or dates:
        return SplitLeakage(leaking, identifiers, identical, groups, dates)
    return Leakage(leaking, identifiers, identical)


@dataclass(frozen=True)
class _Column:
    """A column by its codes in the scored training rows, and how its values recur.

    Attributes
    ----------
    recurrence : Recurrence
        Without its score.
    """

    values: Codes
    recurrence: Recurrence

    def judge(
        self, single: npt.NDArray[np.bool_], once: _Rows, enough: float
    ) -> tuple[float, Recurrence | None]:
        """Return the score of a column by its values, and how they recur if they group rows.

        Below ``enough`` the score is what it could be at most.

        Parameters
        ----------
        single : ndarray of bool
            Which of the scored rows are not repeated.
        once : _Rows
            Those rows.
        """
        values = self.values[single]
        grouped = _by_value(values, once)
        found = replace(self.recurrence, score=_identifies(values, grouped, once))
        recurs = found.score >= _KNOWS and found.share >= _RECURRING
        return _score(grouped, once, enough), found if recurs else None


def _groups(aside: Aside | None, sides: Sides, rows: Rows, once: _Rows) -> dict[str, Recurrence]:
    columns = {} if aside is None else {str(n): aside.columns[n] for n in aside.columns}
    judged = {n: _judged(ordered_codes(each), sides, rows, once) for n, each in columns.items()}
    return {name: found for name, found in judged.items() if found is not None}


def _judged(codes: Codes, sides: Sides, rows: Rows, once: _Rows) -> Recurrence | None:
    every = np.ones(len(rows), dtype=np.bool_)
    return _Column(codes[rows], sides.recurrence(codes)).judge(every, once, np.inf)[1]


def _numbers(target: Labels, outcome: Outcome) -> Truth:
    """Return the positions of the classes, which are quicker than their names, or the values."""
    if outcome.task is Task.REGRESSION:
        return np.asarray(target, dtype=np.float64)
    return np.searchsorted(np.asarray(outcome.classes), target)


@dataclass(frozen=True)
class _Rows:
    """Training rows to score columns on."""

    truth: Truth
    folds: Rows
    outcome: Outcome
    seed: int


def _can_be_grouped(once: _Rows, every: _Rows) -> bool:
    return (
        len(once.truth) >= _VALUES
        and len(np.unique(once.folds)) > 1
        and (
            once.outcome.task is Task.REGRESSION
            or len(np.unique(once.truth)) == len(np.unique(every.truth))
        )
    )


def _sample(rows: int, seed: int) -> npt.NDArray[np.intp]:
    if rows <= _ROWS:
        return np.arange(rows)
    return np.sort(np.random.RandomState(seed).choice(rows, _ROWS, replace=False))


def _order_score(values: Codes, rows: _Rows, leaves: int, enough: float) -> float:
    """Score a small tree over the ranks, out of fold; stop when the score cannot be enough.

    Returns
    -------
    float
        The score; or, below ``enough``, what it could be at most.
    """
    at_most = _at_most_in_pieces(values, rows, leaves)
    if at_most < enough - _ROUNDING:
        return at_most
    predicted, known = np.empty_like(rows.truth), np.zeros(len(rows.truth), dtype=bool)
    for outside, found in _by_order(values, rows, leaves):
        predicted[outside] = found
        known |= outside
        at_most = _at_most(predicted, known, rows)
        if at_most < enough - _ROUNDING:
            return at_most
    return _plain_score(rows.truth, predicted, rows.outcome)


def _score(predicted: Truth, rows: _Rows, enough: float) -> float:
    """Score predictions; below ``enough``, return what the score could be at most."""
    at_most = _at_most(predicted, np.ones(len(predicted), dtype=np.bool_), rows)
    if at_most < enough - _ROUNDING:
        return at_most
    return _plain_score(rows.truth, predicted, rows.outcome)


def _at_most_in_pieces(values: Codes, rows: _Rows, pieces: int) -> float:
    """Return what no tree can exceed that predicts one class for each of some pieces of the order.

    In the order of the values, the rows of a fold fall into runs of one class. In a piece of n runs
    at most every other run is of the class that is predicted, so that floor(n / 2) rows are wrong
    at least: (runs - pieces) / 2 in a fold. Nothing is known of a regression: 1 is returned.
    """
    if rows.outcome.task is Task.REGRESSION:
        return 1.0
    order = np.lexsort((rows.truth, values, rows.folds))
    folds, truth = rows.folds[order], rows.truth[order]
    begins = (np.diff(truth) != 0) | (np.diff(folds) != 0)
    runs = np.unique(folds[np.concatenate(([True], begins))], return_counts=True)[1]
    wrong = np.ceil(np.maximum(runs - pieces, 0) / 2).sum()
    # The mean recall falls least where all of them are of the largest class.
    sizes = np.bincount(rows.truth)
    return float(1.0 - wrong / sizes.max() / np.count_nonzero(sizes))


def _at_most(predicted: Truth, known: npt.NDArray[np.bool_], rows: _Rows) -> float:
    """Return the score if every row that has no prediction yet gets the true value."""
    truth = rows.truth
    if rows.outcome.task is Task.REGRESSION:
        unit = np.abs(truth).max() or 1.0
        total = np.square(truth / unit - (truth / unit).mean()).sum()
        left = np.square((truth[known] - predicted[known]) / unit).sum()
        return float(1.0 - left / total) if np.isfinite(left) and total > 0 else 1.0
    sizes = np.bincount(truth)
    wrong = np.bincount(truth[known & (predicted != truth)], minlength=len(sizes))
    return float(1.0 - (wrong[sizes > 0] / sizes[sizes > 0]).mean())


def _by_order(
    values: Codes, rows: _Rows, leaves: int
) -> Iterator[tuple[npt.NDArray[np.bool_], Truth]]:
    """Predict by a small tree over the ranks, fold by fold; yield the rows and predictions."""
    regression = rows.outcome.task is Task.REGRESSION
    kind = DecisionTreeRegressor if regression else DecisionTreeClassifier
    ranks = np.unique(values, return_inverse=True)[1].reshape(-1, 1)
    for outside in _outside(rows):
        tree = kind(max_leaf_nodes=leaves, random_state=rows.seed)
        tree.fit(ranks[~outside], rows.truth[~outside])
        yield outside, tree.predict(ranks[outside])


def _by_value(values: Codes, rows: _Rows) -> Truth:
    """Predict what most rows of the same value have (the mean in a regression), out of fold.

    A value that no other fold has gets what most rows have.
    """
    regression = rows.outcome.task is Task.REGRESSION
    group = _means if regression else _most_frequent
    places = np.unique(values, return_inverse=True)[1]
    predicted = np.empty_like(rows.truth)
    for outside in _outside(rows):
        known = group(places[~outside], rows.truth[~outside], places.max() + 1)
        predicted[outside] = known[places[outside]]
    return predicted


def _outside(rows: _Rows) -> Iterator[npt.NDArray[np.bool_]]:
    for fold in np.unique(rows.folds):
        yield rows.folds == fold


def _means(places: npt.NDArray[np.intp], truth: Truth, size: int) -> Truth:
    # In relation to the greatest, since sums may leave what a float holds.
    numbers = np.asarray(truth, dtype=np.float64)
    unit = np.abs(numbers).max() or 1.0
    sums = np.bincount(places, numbers / unit, minlength=size)
    counts = np.bincount(places, minlength=size)
    overall = np.full(size, (numbers / unit).mean())
    means: Truth = np.divide(sums, counts, out=overall, where=counts > 0) * unit
    return means


def _most_frequent(places: npt.NDArray[np.intp], truth: Truth, size: int) -> Truth:
    """Return the class that most rows of each value have; the first one wins a tie."""
    classes, of_class = np.unique(truth, return_inverse=True)
    pairs, counts = np.unique(places * len(classes) + of_class, return_counts=True)
    most = np.full(size, int(np.bincount(of_class).argmax()))
    # Ascending counts, and descending classes among equal ones: the last one written stays.
    order = np.lexsort((-(pairs % len(classes)), counts))
    most[pairs[order] // len(classes)] = pairs[order] % len(classes)
    found: Truth = classes[most]
    return found


def _identifies(values: Codes, grouped: Truth, rows: _Rows) -> float:
    """Return how much the values predict of the target, from 0 to 1; 0 without an identifier.

    An identifier has many values for its rows, most rows share their value with others, and those
    predict the target much better than neighbouring values do.
    """
    places = np.unique(values, return_inverse=True)[1]
    different, known = int(places.max()) + 1, _recurs(places, rows.folds)
    if different < max(_VALUES, np.sqrt(len(values))) or known.mean() < _RECURRING:
        return 0.0
    skill = _skill(rows.truth[known], grouped[known], rows.outcome)
    if skill < _KNOWS:
        return 0.0
    by_order = np.empty_like(rows.truth)
    for outside, found in _by_order(values, rows, max(2, different // _NEIGHBOURS)):
        by_order[outside] = found
    beyond = skill - _skill(rows.truth[known], by_order[known], rows.outcome)
    return skill if beyond >= _BEYOND_ORDER else 0.0


def _recurs(places: npt.NDArray[np.intp], folds: Rows) -> npt.NDArray[np.bool_]:
    """Check for each row whether a row of a different fold has its value."""
    here = places * (folds.max() + 1) + folds
    alike = np.bincount(places)[places]
    inside = np.unique(here, return_inverse=True, return_counts=True)
    recurs: npt.NDArray[np.bool_] = alike > inside[2][inside[1]]
    return recurs


def _skill(truth: Truth, predicted: Truth, outcome: Outcome) -> float:
    """Return how far a prediction goes from a guess, 0, to the truth, 1."""
    if len(np.unique(truth)) < len(("one", "other")):
        return 0.0
    score = _plain_score(truth, predicted, outcome)
    if outcome.task is Task.REGRESSION:
        return score
    guess = 1 / len(np.unique(truth))
    return (score - guess) / (1 - guess)


def _plain_score(truth: Truth, predicted: Truth, outcome: Outcome) -> float:
    if outcome.task is Task.REGRESSION:
        return float(r2_score(truth, predicted))
    return float(balanced_accuracy_score(truth, predicted))
