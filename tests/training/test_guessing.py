"""Noise is found to be no better than guessing whatever the metric; a signal is not accused."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, roc_auc_score
from tests.training.in_process import config, family, run

from repro.config.data import Task
from repro.training import guessing
from repro.training.guessing import luck
from repro.training.scoring import Outcome, Scores

BAYES = {"bayes": family("sklearn.naive_bayes:GaussianNB")}
RIDGE = {"ridge": family("sklearn.linear_model:Ridge")}
TREE = {"tree": family("sklearn.tree:DecisionTreeRegressor", max_depth=5)}
ARGMAX = {"rule": "argmax"}


def kinds(task, features, target, models, positive=None, **sections):
    table = pd.DataFrame(features, columns=[f"x{i}" for i in range(features.shape[1])])
    if task is Task.BINARY:
        sections = {"decision": ARGMAX} | sections
    made = run(config(task, positive, models, **sections), table, target)
    return {found.kind: found.message for found in made.metrics.findings}


def binary(random, rows, share, strength):
    features = random.randn(rows, 4)
    score = strength * features[:, 0] + random.randn(rows)
    return features, np.where(score > np.quantile(score, 1 - share), "yes", "no")


@pytest.mark.parametrize(
    "metric", ["f1_macro", "accuracy", "roc_auc", "log_loss", "precision_macro"]
)
@pytest.mark.parametrize("classes", [2, 4])
def test_noise_is_found_whatever_the_metric(metric, classes):
    """A metric that a skewed guess can win, and one that it cannot."""
    random = np.random.RandomState(classes)
    target = np.array(list("abcd"))[random.randint(0, classes, 240)]
    task = Task.BINARY if classes == 2 else Task.MULTICLASS

    found = kinds(
        task,
        random.randn(240, 4),
        target,
        BAYES,
        "a" if classes == 2 else None,
        selection={"metric": metric},
    )

    assert "no_better_than_constant" in found
    assert "no better than guessing on the 60 held-out rows" in found["no_better_than_constant"]


@pytest.mark.parametrize("unit", [1.0, 1e-310, 1e140])
@pytest.mark.parametrize("tail", [0.0, 2.5])
def test_a_regression_of_noise_is_found_with_and_without_outliers(tail, unit):
    """Guessing below the mean of a skewed target gains in absolute error for nothing."""
    random = np.random.RandomState(3)
    target = unit * (np.exp(tail * random.randn(300)) if tail else 3 + random.randn(300))

    assert "no_better_than_constant" in kinds(Task.REGRESSION, random.randn(300, 4), target, TREE)


@pytest.mark.parametrize("seed", range(5))
def test_a_regression_with_outliers_is_not_accused(seed):
    """The squared error is lost to some rows of a million; the absolute one is far better."""
    random = np.random.RandomState(seed)
    features = random.randn(600, 4)
    target = 1e5 * (features[:, 0] + 0.3 * random.randn(600))
    target[random.permutation(600)[:12]] *= 30

    found = kinds(Task.REGRESSION, features, target, RIDGE, selection={"metric": "rmse"})

    assert "no_better_than_constant" not in found


@pytest.mark.parametrize(
    ("rows", "share", "strength"),
    [(400, 0.5, 1.5), (400, 0.1, 3.0), (1200, 0.02, 4.0), (2000, 0.5, 0.6), (60, 0.5, 8.0)],
)
def test_a_signal_is_not_accused(rows, share, strength):
    """Balanced and rare labels, strong signals in few rows and weak ones in many."""
    features, target = binary(np.random.RandomState(rows), rows, share, strength)

    found = kinds(Task.BINARY, features, target, BAYES, "yes", selection={"metric": "f1_macro"})

    assert "no_better_than_constant" not in found


def test_a_model_without_probabilities_is_judged_by_its_ranking():
    """Decision scores have neither log loss nor Brier score."""
    model = {"svm": family("sklearn.svm:LinearSVC")}
    random = np.random.RandomState(1)
    features, target = binary(random, 400, 0.3, 1.5)

    signal = kinds(Task.BINARY, features, target, model, "yes")
    noise = kinds(Task.BINARY, features, random.permutation(target), model, "yes")

    assert "no_better_than_constant" not in signal
    assert "no_better_than_constant" in noise
    assert "log_loss" not in noise["no_better_than_constant"]


def test_a_model_that_never_finds_the_positive_label_is_a_finding_of_its_own():
    """Its ranking may be good: then it is not called a guess."""
    features, target = binary(np.random.RandomState(4), 800, 0.05, 1.5)
    model = {"linear": family("sklearn.linear_model:LogisticRegression", C=0.001)}

    found = kinds(Task.BINARY, features, target, model, "yes")

    assert sorted(found) == ["never_positive"]
    assert "none of the 8 held-out rows with that label gets it" in found["never_positive"]


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_luck_finds_the_allowed_share_of_signals_in_noise(confidence):
    """Over many draws of noise as many are called more than luck as are allowed, and no more."""
    allowed, outcome = (1 - confidence) / 2, Outcome(Task.BINARY, ("n", "y"), "y")
    taken = []
    for seed in range(150):
        random = np.random.RandomState(seed)
        truth = np.array(["n", "y"])[random.permutation(np.arange(40) % 4 == 0).astype(int)]
        scores = Scores(random.rand(40, 1), "probability")
        labels = np.where(scores.values[:, 0] > 0.6, "y", "n")
        found = luck(truth, labels, scores, outcome, allowed=allowed, resamples=50, seed=seed)
        taken.append(found.explains)

    assert np.mean(taken) >= 1 - allowed - 3 * np.sqrt(allowed / 150)
    assert not all(taken)


def statistics(truth, labels, scores, outcome):
    made, codes = guessing._hits(truth, labels, scores, outcome)
    orders = [np.random.RandomState(s).permutation(len(truth)) for s in range(8)]
    return orders, np.array([made(codes[order]) for order in orders])


@pytest.mark.parametrize("classes", [2, 3])
def test_the_statistics_move_as_those_of_scikit_learn(classes):
    """Equal up to a constant and a factor, in every order of the true values."""
    random = np.random.RandomState(classes)
    names = np.array(["a", "b", "c"])[:classes]
    truth = names[np.r_[np.arange(classes), random.randint(0, classes, 40)]]
    shares = random.dirichlet(np.ones(classes), len(truth))
    labels = names[random.randint(0, classes, len(truth))]
    outcome = Outcome(Task.MULTICLASS, tuple(names), None)
    scores = Scores(shares, "probability")
    if classes == 2:
        outcome, scores = (
            Outcome(Task.BINARY, tuple(names), "b"),
            Scores(shares[:, 1:], "probability"),
        )

    orders, found = statistics(truth, labels, scores, outcome)

    expected = []
    for order in orders:
        moved = truth[order]
        auc = np.mean([roc_auc_score(moved == n, shares[:, k]) for k, n in enumerate(names)])
        brier = brier_score_loss(moved, shares, labels=list(names), scale_by_half=False)
        expected.append([auc, balanced_accuracy_score(moved, labels), -brier])
    for mine, theirs in zip(found.T, np.transpose(expected), strict=True):
        assert np.corrcoef(mine, theirs)[0, 1] == pytest.approx(1.0)


def test_the_errors_move_as_they_should():
    """Rank correlation, squared and absolute error, in every order of the true values."""
    random = np.random.RandomState(0)
    truth, guess = random.randn(30), random.randn(30)
    made, rows = guessing._errors(truth, Scores(guess.reshape(-1, 1), "value"))
    orders = [random.permutation(30) for _ in range(8)]

    found = np.array([made(rows[order]) for order in orders])

    expected = [
        [
            spearmanr(truth[o], guess).statistic,
            -np.mean((truth[o] - guess) ** 2),
            -np.mean(np.abs(truth[o] - guess)),
        ]
        for o in orders
    ]
    for mine, theirs in zip(found.T, np.transpose(expected), strict=True):
        assert np.corrcoef(mine, theirs)[0, 1] == pytest.approx(1.0)


def test_few_rows_are_judged_by_their_gain_alone():
    """Of four rows no model can beat enough shuffles; the share of orders is counted by hand."""
    truth = np.array(["a", "a", "b", "b"])
    orders = len(set(itertools.permutations(truth)))
    outcome, scores = Outcome(Task.BINARY, ("a", "b"), "a"), Scores(np.eye(4)[:, :1], "probability")

    assert guessing._fewest_share(truth) == pytest.approx(1 / orders)
    assert luck(truth, truth, scores, outcome, allowed=0.025, resamples=50, seed=0) is None


@pytest.mark.parametrize("value", [0.0, 1.0, 1e300])
def test_a_constant_model_is_luck(value):
    """It knows nothing, however many decimals it has."""
    truth = np.random.RandomState(0).randn(50)
    scores = Scores(np.full((50, 1), value), "value")
    outcome = Outcome(Task.REGRESSION, (), None)

    found = luck(truth, scores.values[:, 0], scores, outcome, allowed=0.025, resamples=50, seed=0)

    assert found.explains
