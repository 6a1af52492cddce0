"""The rule ``cost``: the threshold of the least cost, or the label of the least expected cost."""

import itertools
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from tests.training import in_process

from repro.config.data import Task
from repro.config.training import LeastCost
from repro.core.errors import ConfigError
from repro.core.evidence import evidence_of, metrics_of, threshold_of
from repro.divergence.consistency import Results, find_inconsistency
from repro.training.decision import decide, labels_of_least_cost
from repro.training.declarations import MEANING
from repro.training.out_of_fold import OutOfFold
from repro.training.scoring import Outcome, Scores

BINARY = Outcome(Task.BINARY, ("no", "yes"), "yes")
TWO = {"yes": {"no": 10, "yes": -1}, "no": {"yes": 2}}
THREE = {a: {b: abs(ord(a) - ord(b)) + (5 * (a == "a")) for b in "abc"} for a in "abc"}
TREES = {
    f"depth_{depth}": in_process.family("sklearn.tree:DecisionTreeClassifier", max_depth=depth)
    for depth in (2, 4)
}


def mean_cost(truth, guess, weights, matrix):
    each = [matrix[a].get(b, 0) for a, b in zip(truth, guess, strict=True)]
    return np.average(each, weights=weights)


def learned(truth, values, matrix, weights=None):
    part = {"it": OutOfFold(Scores(values.reshape(-1, 1), "probability"), converged=True)}
    rule = LeastCost(rule="cost", matrix=matrix)
    return decide(part, "it", truth, BINARY, np.arange(len(truth)), rule, weights)


@pytest.mark.parametrize("number", range(40))
def test_no_threshold_costs_less(number):
    """Every one is tried, with ties, weights of 0 and gains; of equal costs the lowest is taken."""
    draw = np.random.default_rng(number)
    truth = np.where(draw.random(30) < 0.4, "yes", "no")
    values = np.round(draw.random(30), 1 + number % 2)
    weights = draw.integers(0, 4, 30).astype(float) if number % 3 else None
    costs = draw.integers(-2, 12, 4).tolist()
    matrix = {"yes": {"no": costs[0], "yes": costs[1]}, "no": {"yes": costs[2], "no": costs[3]}}
    found = learned(truth, values, matrix, weights)

    limits = [*np.unique(values), np.nextafter(values.max(), np.inf)]
    tried = [
        mean_cost(truth, np.where(values >= limit, "yes", "no"), weights, matrix)
        for limit in limits
    ]
    best = min(tried)
    first = next(t for t, c in zip(limits, tried, strict=True) if c == pytest.approx(best))
    assert (found.threshold, found.cost) == (first, pytest.approx(best))
    assert (found.rule, found.matrix) == ("cost", matrix)


def test_a_row_is_never_positive_where_that_costs_least():
    """The threshold is above all scores."""
    found = learned(
        np.array(["no", "yes", "no"]),
        np.array([1.0, 0.5, 0.2]),
        {"yes": {"no": 0}, "no": {"yes": 1}},
    )

    assert found.threshold > 1.0
    assert (found.cost, found.recall) == (0.0, 0.0)


def test_of_several_classes_no_label_has_a_lesser_expected_cost():
    """Each is tried for each row; the first of equal ones is taken."""
    draw = np.random.default_rng(3)
    shares = draw.integers(1, 5, (200, 3)).astype(float)
    shares /= shares.sum(axis=1, keepdims=True)
    outcome = Outcome(Task.MULTICLASS, ("a", "b", "c"), None)
    found = labels_of_least_cost(Scores(shares, "probability"), outcome, THREE)

    for row, label in zip(shares, found, strict=True):
        tried = {b: sum(p * THREE[a][b] for p, a in zip(row, "abc", strict=True)) for b in "abc"}
        assert tried[label] <= min(tried.values()) + 1e-12
    assert set(found) != {"abc"[place] for place in shares.argmax(axis=1)} or len(set(found)) > 1
    assert (found != np.array(list("abc"))[shares.argmax(axis=1)]).any()


def table(task, size=240):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(size, 3)), columns=list("xyz"))
    level = frame["x"] + draw.normal(size=size)
    if task is Task.BINARY:
        return frame, np.where(level > 0.5, "yes", "no")
    return frame, np.where(level > 0.7, "c", np.where(level > -0.5, "b", "a"))


def trained(task, matrix, models=TREES, **sections):
    positive = "yes" if task is Task.BINARY else None
    rule = {"rule": "cost", "matrix": matrix}
    settings = in_process.config(task, positive, models, decision=rule, **sections)
    return in_process.run(settings, *table(task))


@pytest.mark.parametrize(("task", "matrix"), [(Task.BINARY, TWO), (Task.MULTICLASS, THREE)])
def test_a_training_decides_by_it_and_so_does_its_model(task, matrix):
    """The saved pipeline predicts the labels of the run, which cost less than those of argmax."""
    made = trained(task, matrix)
    frame, target = table(task)
    again = pickle.loads(pickle.dumps(made.model))
    labels = again.predict(frame.iloc[made.test_rows])
    usual = in_process.config(
        task, "yes" if task is Task.BINARY else None, TREES, decision={"rule": "argmax"}
    )
    argmax = in_process.run(usual, frame, target)

    np.testing.assert_array_equal(labels, made.labels)
    assert list(again.classes_) == sorted(set(target))
    assert (made.labels != argmax.labels).any()
    costs = [mean_cost(made.truth, each, None, matrix) for each in (made.labels, argmax.labels)]
    assert costs[0] < costs[1]
    assert made.threshold.cost is not None
    assert (made.threshold.threshold is None) == (task is Task.MULTICLASS)


@pytest.mark.parametrize(("task", "matrix"), [(Task.BINARY, TWO), (Task.MULTICLASS, THREE)])
def test_a_record_holds_it_and_an_edit_is_found(task, matrix):
    """The costs and what they came to are in the evidence."""
    made = trained(task, matrix)
    kept = threshold_of(evidence_of(made.metrics, made.threshold))

    def flaw(threshold):
        return find_inconsistency(Results(made.stages, made.metrics, threshold), MEANING)

    assert kept == made.threshold
    assert metrics_of(evidence_of(made.metrics, made.threshold)) == made.metrics
    assert flaw(kept) is None
    assert flaw(kept.model_copy(update={"cost": kept.cost - 1})).name == "threshold"
    assert flaw(kept.model_copy(update={"matrix": None})).name == "threshold"


def test_other_rules_record_neither_costs_nor_a_matrix():
    """Their files keep their bytes."""
    settings = in_process.config(Task.BINARY, "yes", TREES, decision={"rule": "argmax"})
    made = in_process.run(settings, *table(Task.BINARY))
    written = made.threshold.model_dump(mode="json", by_alias=True)

    assert list(written) == [
        "schema", "rule", "threshold", "target", "reached", "precision", "recall"
    ]  # fmt: skip
    assert "threshold.matrix" not in evidence_of(made.metrics, made.threshold).facts


def test_nested_folds_decide_by_it_too():
    """In each outer fold."""
    made = trained(Task.MULTICLASS, THREE, evaluation={"nested": 2})

    assert made.metrics.nested.metrics.keys() == made.metrics.test.keys()


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        ({"yes": {"no": 1}, "nein": {"yes": 1}}, "decision.matrix: 'nein' is not a label"),
        ({"yes": {"no": 1}, "no": {"no": 1}}, "cost of predicting 'yes' for the true label 'no'"),
    ],
)
def test_a_matrix_that_does_not_fit_the_labels_is_refused(matrix, words):
    """By its key."""
    with pytest.raises(ConfigError, match=re.escape(words)):
        trained(Task.BINARY, matrix)


def test_decision_scores_of_several_classes_are_refused():
    """An expected cost needs probabilities; a threshold of two classes does not."""
    svm = {"svm": in_process.family("sklearn.svm:LinearSVC")}
    with pytest.raises(ConfigError, match="needs probabilities, but svm gives decision scores"):
        trained(Task.MULTICLASS, THREE, svm)

    assert trained(Task.BINARY, TWO, svm).threshold.threshold is not None


def test_a_regression_has_no_labels_to_decide_on():
    """Nor costs of them."""
    with pytest.raises(ValueError, match=r"decision.rule: cost is for tasks with classes"):
        in_process.config(Task.REGRESSION, decision={"rule": "cost", "matrix": TWO})


def test_all_orders_of_a_matrix_give_one_rule():
    """How a file sorts labels is no part of it."""
    draw = np.random.default_rng(1)
    truth, values = np.where(draw.random(50) < 0.4, "yes", "no"), draw.random(50)
    found = {
        learned(truth, values, dict(order)).threshold
        for order in itertools.permutations(TWO.items())
    }

    assert len(found) == 1
