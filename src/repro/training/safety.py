"""Reasons to doubt a result: too good to be true, or no better than a constant guess."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor

from repro.config.data import Task
from repro.core.records import Finding
from repro.training.guessing import gains, luck
from repro.training.metrics import evaluate
from repro.training.out_of_fold import drew_globally
from repro.training.recurrence import SplitLeakage
from repro.training.scoring import labels as decide_labels
from repro.training.scoring import score
from repro.training.weights import of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from repro.config.training import Evaluation, Safety
    from repro.core.records import Estimate
    from repro.training.measures import Measures
    from repro.training.out_of_fold import OutOfFold
    from repro.training.recurrence import Leakage, Recurrence
    from repro.training.scoring import Labels, Outcome, Scores
    from repro.training.weights import Weights

    Rows = npt.NDArray[np.int64]


def guess_constant(
    target: Labels,
    outcome: Outcome,
    train_rows: Rows,
    test_rows: Rows,
    metrics: Measures | None = None,
    metric_weights: Weights | None = None,
) -> dict[str, float]:
    """Judge the guess that ignores the features: class shares, or the mean, of training rows.

    Where metrics are weighted, it is the weighted mean, which is the best guess by them.
    """
    regression = outcome.task is Task.REGRESSION
    guess = DummyRegressor(strategy="mean") if regression else DummyClassifier(strategy="prior")
    learned = of_rows(metric_weights, train_rows)
    guess.fit(np.zeros((len(train_rows), 1)), target[train_rows], sample_weight=learned)
    scores = score(guess, np.zeros((len(test_rows), 1)), outcome)
    predicted = decide_labels(scores, outcome, None)
    weights = of_rows(metric_weights, test_rows)
    return evaluate(target[test_rows], predicted, scores, outcome, metrics, weights)[0]


def find(
    test_metrics: Mapping[str, Estimate],
    constant: Mapping[str, float],
    leaking: Leakage,
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
    found = _across_the_split(leaking)
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
    found += _unconverged(out_of_fold, () if converged else (selected,))
    found += _drawing(out_of_fold)
    return tuple(found)


def _unconverged(out_of_fold: Mapping[str, OutOfFold], selected: tuple[str, ...]) -> list[Finding]:
    stuck = [family for family, part in out_of_fold.items() if not part.converged]
    return [
        Finding(
            kind="unconverged",
            message=f"{family} did not converge: its numbers depend on where it stopped; raise"
            " max_iter",
        )
        for family in dict.fromkeys([*stuck, *selected])
    ]


def _across_the_split(leaking: Leakage) -> list[Finding]:
    found = [
        Finding(
            kind="leakage",
            message=f"the feature '{name}' alone scores {value:.4f} out of fold: does it know the"
            " target?",
        )
        for name, value in leaking.features.items()
    ]
    found += [
        Finding(
            kind="identifier",
            message=f"the feature '{name}' looks like an identifier: {_recurring(part)}; keep all"
            f" rows of one value on one side of the split, and the column out of the features:"
            f" {_command('group', name)}",
        )
        for name, part in leaking.identifiers.items()
    ]
    if isinstance(leaking, SplitLeakage):
        found += _beside_the_features(leaking)
    if leaking.identical is not None:
        part = leaking.identical
        found.append(
            Finding(
                kind="identical_rows",
                message=f"{part.held_out} of {part.total} held-out rows ({part.share:.1%}) have the"
                " same features as a training row: the model has seen them; remove repeated rows",
            )
        )
    return found


def _beside_the_features(leaking: SplitLeakage) -> list[Finding]:
    found = [
        Finding(
            kind="group",
            message=f"the column '{name}', which is no feature, groups rows: {_recurring(part)};"
            f" keep all rows of one value on one side of the split: {_command('group', name)}",
        )
        for name, part in leaking.groups.items()
    ]
    return found + [
        Finding(
            kind="time_column",
            message=f"the column '{name}' has dates, and the held-out rows were drawn at random:"
            " the model is judged on times among those it learned from; to judge it on later"
            f" rows: {_command('time', name)}",
        )
        for name in leaking.dates
    ]


def _recurring(part: Recurrence) -> str:
    return (
        f"{part.values} values in the training rows, of which {part.held_out} of {part.total}"
        f" held-out rows ({part.share:.1%}) have one, and rows of one value have the same target"
        f" (score {part.score:.2f} of 1): the model may have learned who, not why"
    )


def _command(kind: str, name: str) -> str:
    return f"--set split.kind={kind} --set {quote(f'split.by={name}')}"


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
    elif evaluation.bootstrap is not None:
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
    figures = [
        f"{name} is {test_metrics[name].value:.4g} and a constant guess has {constant[name]:.4g}"
        for name in gained
    ]
    return [_guessing(len(truth), figures, reason)]


def _guessing(rows: int, figures: Sequence[str], reason: str) -> Finding:
    message = (
        f"no better than guessing on the {rows} held-out rows: {', '.join(figures)}; {reason}; so"
        " reproducing it proves nothing: use more rows or other features, or check the target"
    )
    return Finding(kind="no_better_than_constant", message=message)


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
