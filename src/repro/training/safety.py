"""Reasons to doubt a result: too good to be true, or no better than a constant guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from repro.config.data import Task
from repro.core.records import Finding
from repro.training import metrics
from repro.training.fitting import drew_globally
from repro.training.scoring import labels as decide_labels
from repro.training.scoring import score

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from repro.config.training import Safety, Selection
    from repro.core.records import Estimate
    from repro.training.fitting import OutOfFold
    from repro.training.scoring import Labels, Outcome

    Rows = npt.NDArray[np.int64]


def guess_constant(
    target: Labels, outcome: Outcome, train_rows: Rows, test_rows: Rows
) -> dict[str, float]:
    """Judge the guess that ignores the features: class shares, or the mean, of training rows."""
    regression = outcome.task is Task.REGRESSION
    guess = DummyRegressor(strategy="mean") if regression else DummyClassifier(strategy="prior")
    guess.fit(np.zeros((len(train_rows), 1)), target[train_rows])
    scores = score(guess, np.zeros((len(test_rows), 1)), outcome)
    predicted = decide_labels(scores, outcome, None)
    return metrics.evaluate(target[test_rows], predicted, scores, outcome)[0]


def suspect_features(
    features: pd.DataFrame,
    target: Labels,
    outcome: Outcome,
    train_rows: Rows,
    fold_of_row: Rows,
    safety: Safety,
    leakage_seeds: Mapping[str, int],
) -> dict[str, float]:
    """Score each feature alone by a small tree, out of fold.

    Returns
    -------
    dict of str to float
        Balanced accuracy of a classification (R² of a regression), for features at or above
        ``safety.leakage_score``.
    """
    seed = leakage_seeds["leakage/tree"]
    truth = target[train_rows]
    scored = {}
    for name in features.columns:
        values = _as_numbers(features[name].iloc[train_rows])
        predicted = _alone(values, truth, outcome, fold_of_row, safety, seed)
        scored[str(name)] = _plain_score(truth, predicted, outcome)
    return {name: value for name, value in scored.items() if value >= safety.leakage_score}


def _alone(
    values: npt.NDArray[np.float64],
    truth: Labels,
    outcome: Outcome,
    fold_of_row: Rows,
    safety: Safety,
    seed: int,
) -> Labels:
    regression = outcome.task is Task.REGRESSION
    kind = DecisionTreeRegressor if regression else DecisionTreeClassifier
    predicted = np.empty_like(truth)
    for fold in range(int(fold_of_row.max()) + 1):
        outside = fold_of_row == fold
        tree = kind(max_leaf_nodes=safety.leakage_leaves, random_state=seed)
        tree.fit(values[~outside], truth[~outside])
        predicted[outside] = tree.predict(values[outside])
    return predicted


def _as_numbers(column: pd.Series) -> npt.NDArray[np.float64]:
    """Turn a column to numbers: categories by name, missing values below every value."""
    if column.dtype.kind == "f":
        values = column.to_numpy(dtype=np.float64)
    else:
        categories = np.unique(column.dropna().to_numpy(dtype=str))
        codes = np.searchsorted(categories, column.fillna("").to_numpy(dtype=str))
        values = np.where(column.isna(), np.nan, codes)
    lowest = np.nanmin(values, initial=0.0)
    return np.where(np.isnan(values), lowest - 1, values).reshape(-1, 1)


def _plain_score(truth: Labels, predicted: Labels, outcome: Outcome) -> float:
    if outcome.task is Task.REGRESSION:
        return float(r2_score(truth, predicted))
    return float(balanced_accuracy_score(truth, predicted))


def find(
    test_metrics: Mapping[str, Estimate],
    constant: Mapping[str, float],
    leaking: Mapping[str, float],
    out_of_fold: Mapping[str, OutOfFold],
    selected: str,
    converged: bool,  # noqa: FBT001 - stages are called by name
    outcome: Outcome,
    selection: Selection,
    safety: Safety,
) -> tuple[Finding, ...]:
    """Collect every reason to doubt the result."""
    found = [
        Finding(
            kind="leakage",
            message=f"the feature '{name}' alone scores {value:.4f} out of fold: does it know the"
            " target?",
        )
        for name, value in leaking.items()
    ]
    found += _too_good(test_metrics, outcome, safety)
    found += _no_better(test_metrics, constant, selection, safety)
    stuck = [family for family, part in out_of_fold.items() if not part.converged]
    if not converged and selected not in stuck:
        stuck.append(selected)
    found += [
        Finding(
            kind="unconverged",
            message=f"{family} did not converge: its numbers depend on where it stopped; raise"
            " max_iter",
        )
        for family in stuck
    ]
    found += _drawing(out_of_fold)
    return tuple(found)


def _drawing(out_of_fold: Mapping[str, OutOfFold]) -> list[Finding]:
    return [
        Finding(
            kind="global_generator",
            message=f"{family} drew from the global generators of random or numpy.random: repro"
            " seeded them before every fit, so that the result repeats here; trained elsewhere it"
            " does not unless they are seeded; a parameter random_state is safer",
        )
        for family, part in out_of_fold.items()
        if drew_globally(part)
    ]


def _too_good(
    test_metrics: Mapping[str, Estimate], outcome: Outcome, safety: Safety
) -> list[Finding]:
    name = "r2" if outcome.task is Task.REGRESSION else "balanced_accuracy"
    value = test_metrics[name].value
    if value <= safety.suspicious_score:
        return []
    message = f"{name} is {value:.4f} on the held-out rows: too good to be true?"
    return [Finding(kind="suspicious", message=message)]


def _no_better(
    test_metrics: Mapping[str, Estimate],
    constant: Mapping[str, float],
    selection: Selection,
    safety: Safety,
) -> list[Finding]:
    name = selection.metric
    estimate, guess = test_metrics[name], constant[name]
    lower = name in metrics.LOWER_IS_BETTER
    # The pessimistic end of the interval: a lucky draw of noise must not pass.
    gain = estimate.low - guess
    if lower:
        # Nothing is better than a guess without error, such as of targets too small to be squared.
        gain = 1 - estimate.high / guess if guess else 0.0
    if gain >= safety.minimum_gain:
        return []
    message = (
        f"{name} is {estimate.value:.4f} [{estimate.low:.4f}, {estimate.high:.4f}] and a constant"
        f" guess has {guess:.4f}: no better than guessing, so that reproducing it proves nothing"
    )
    return [Finding(kind="no_better_than_constant", message=message)]
