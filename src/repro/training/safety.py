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
from repro.training.guessing import gains, luck
from repro.training.scoring import labels as decide_labels
from repro.training.scoring import score

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from repro.config.training import Evaluation, Safety
    from repro.core.records import Estimate
    from repro.training.fitting import OutOfFold
    from repro.training.scoring import Labels, Outcome, Scores

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
    target: Labels,
    test_rows: Rows,
    labels: Labels,
    scores: Scores,
    evaluation: Evaluation,
    safety: Safety,
    check_seeds: Mapping[str, int],
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
    truth = target[test_rows]
    found += _no_better(
        truth,
        labels,
        scores,
        outcome,
        measured=(test_metrics, constant),
        evaluation=evaluation,
        least=safety.minimum_gain,
        seed=check_seeds["check/shuffles"],
    )
    found += _never_positive(truth, labels, outcome)
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
    truth: Labels,
    labels: Labels,
    scores: Scores,
    outcome: Outcome,
    *,
    measured: tuple[Mapping[str, Estimate], Mapping[str, float]],
    evaluation: Evaluation,
    least: float,
    seed: int,
) -> list[Finding]:
    """Doubt a model that gains too little over a constant guess, or no more than luck would."""
    test_metrics, constant = measured
    gained = gains(test_metrics, constant, outcome.task)
    reason = ""
    if max(gained.values()) < least:
        reason = f"the greatest gain is {max(gained.values()):.4f} of what a guess leaves"
    else:
        lucky = luck(
            truth,
            labels,
            scores,
            outcome,
            allowed=(1 - evaluation.bootstrap.confidence) / 2,
            resamples=evaluation.bootstrap.resamples,
            seed=seed,
        )
        if lucky is not None and lucky.explains:
            reason = (
                f"of {lucky.shuffles} shuffles of the true values {lucky.share:.1%} do as well,"
                f" and {lucky.allowed:.1%} may"
            )
    if not reason:
        return []
    figures = ", ".join(
        f"{name} is {test_metrics[name].value:.4g} and a constant guess has {constant[name]:.4g}"
        for name in gained
    )
    message = (
        f"no better than guessing on the {len(truth)} held-out rows: {figures}; {reason}; so"
        " reproducing it proves nothing: use more rows or other features, or check the target"
    )
    return [Finding(kind="no_better_than_constant", message=message)]


def _never_positive(truth: Labels, labels: Labels, outcome: Outcome) -> list[Finding]:
    """Doubt a binary model that finds no row of the positive label."""
    positive = truth == outcome.positive
    if outcome.task is not Task.BINARY or (labels[positive] == outcome.positive).any():
        return []
    message = (
        f"precision and recall of '{outcome.positive}' are 0: none of the {positive.sum()} held-out"
        f" rows with that label gets it, and {(labels == outcome.positive).sum()} others do; use"
        " more rows of it, class weights, or another decision.rule"
    )
    return [Finding(kind="never_positive", message=message)]
