"""The rule argmax is what the estimator itself predicts."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, precision_score, recall_score
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.utils import all_estimators
from tests.training.in_process import config, family, run
from threadpoolctl import threadpool_limits

from repro.config.data import Task
from repro.config.training import Argmax
from repro.core.errors import ConfigError
from repro.training import fitting, scoring, selecting
from repro.training.decision import decide
from repro.training.out_of_fold import OwnOutOfFold, own_labels
from repro.training.scoring import Outcome, Scores
from repro.training.stages import predict

NESTED = {
    "ClassifierChain": None,
    "FixedThresholdClassifier": {"estimator": LogisticRegression(), "threshold": 0.2},
    "TunedThresholdClassifierCV": {"estimator": LogisticRegression(), "thresholds": 9, "cv": 2},
    "MultiOutputClassifier": None,
    "OneVsOneClassifier": {"estimator": LogisticRegression()},
    "OneVsRestClassifier": {"estimator": LogisticRegression()},
    "OutputCodeClassifier": None,
    "SelfTrainingClassifier": None,  # refuses classes of text
    "StackingClassifier": {"estimators": [("a", GaussianNB()), ("b", LogisticRegression())]},
    "VotingClassifier": {
        "estimators": [("a", GaussianNB()), ("b", LogisticRegression())],
        "voting": "soft",
    },
}
# Their predict is not the argmax of their scores, or has ties in plenty.
ODD = {
    "knn of 2": KNeighborsClassifier(2),
    "knn of 4": KNeighborsClassifier(4),
    "svm with probabilities": SVC(probability=True, C=100.0, random_state=0),
    "svm by votes": SVC(C=100.0),
    "threshold 0.9": FixedThresholdClassifier(LogisticRegression(), threshold=0.9),
    "threshold on decision scores": FixedThresholdClassifier(
        LogisticRegression(), threshold=-1.0, response_method="decision_function"
    ),
    "tuned": TunedThresholdClassifierCV(GaussianNB(), thresholds=9, cv=2),
}


def drawn(labels, seed=0):
    """Counts from 0 to 3, so that many rows are alike and neighbours tie."""
    random = np.random.RandomState(seed)
    matrix = random.randint(0, 4, (120, 3)).astype(np.float64)
    codes = (matrix.sum(axis=1) + random.randint(0, 4, 120)).astype(int) % len(labels)
    return matrix, np.array(labels)[codes]


def classifiers():
    for name, kind in all_estimators(type_filter="classifier"):
        params = NESTED.get(name, {})
        if params is not None:
            made = kind(**params)
            if hasattr(made, "predict_proba") or hasattr(made, "decision_function"):
                yield name, made


EVERY = dict(classifiers())
THRESHOLDED = FixedThresholdClassifier | TunedThresholdClassifierCV


@pytest.fixture(autouse=True)
def _one_thread():
    """Small fits wait for each other's threads on a busy machine."""
    with threadpool_limits(1):
        yield


def outcome_of(labels, positive):
    if len(labels) == 2:
        return Outcome(Task.BINARY, tuple(sorted(labels)), positive)
    return Outcome(Task.MULTICLASS, tuple(sorted(labels)), None)


def threshold_of(outcome):
    values = Scores(np.zeros((4, 1)), "probability")
    target = np.array(outcome.classes)[[0, 1, 0, 1]]
    return decide(
        {"m": fitting.OutOfFold(values, True)},
        "m",
        target,
        outcome,
        np.arange(4),
        Argmax(rule="argmax"),
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "positive"),
    [
        (name, positive)
        for name, made in (EVERY | ODD).items()
        for positive in ("bad", "good", None)
        if positive or not isinstance(made, THRESHOLDED)
    ],
)
def test_the_labels_are_those_of_the_estimator(name, positive):
    """For every classifier with scores, either positive label, and three classes."""
    labels = ["x", "yy", "zzz"] if positive is None else ["bad", "good"]
    matrix, target = drawn(labels)
    fitted = (EVERY | ODD)[name].fit(matrix[:80], target[:80])
    outcome = outcome_of(labels, positive)
    expected = fitted.predict(matrix[80:])

    scores, found, margins = predict(fitted, matrix[80:], outcome, threshold_of(outcome))

    assert found.tolist() == expected.tolist()
    assert found.dtype == np.asarray(outcome.classes).dtype
    assert (len(scores.values), len(margins)) == (40, 40)


@pytest.mark.parametrize(
    ("name", "model", "own"),
    [
        (
            "knn",
            family("sklearn.neighbors:KNeighborsClassifier", n_neighbors=2),
            KNeighborsClassifier(2),
        ),
        ("bayes", family("sklearn.naive_bayes:GaussianNB"), GaussianNB()),
        (
            "fixed",
            family(
                "sklearn.model_selection:FixedThresholdClassifier",
                estimator={"class": "sklearn.naive_bayes:GaussianNB", "params": {}},
                threshold=0.2,
            ),
            FixedThresholdClassifier(GaussianNB(), threshold=0.2),
        ),
        (
            "tuned",
            family(
                "sklearn.model_selection:TunedThresholdClassifierCV",
                estimator={"class": "sklearn.naive_bayes:GaussianNB", "params": {}},
                scoring="f1_macro",
                thresholds=9,
                cv=2,
            ),
            None,
        ),
        ("svm", family("sklearn.svm:LinearSVC"), None),
    ],
)
@pytest.mark.parametrize("positive", ["bad", "good"])
def test_a_whole_training_agrees_with_scikit_learn(name, model, own, positive):
    """Metrics, folds, the recorded rule and the saved pipeline, on unscaled numbers."""
    matrix, target = drawn(["bad", "good"])
    table = pd.DataFrame(matrix, columns=["a", "b", "c"])
    plain = {"impute": "median", "fill": None, "clip_iqr": None, "scale": "none"}
    settings = config(
        Task.BINARY,
        positive,
        {name: model},
        decision={"rule": "argmax"},
        preprocessing={"numeric": plain},
    )

    made = run(settings, table, target)

    fitted = made.model.steps[-1][1]
    own_predictions = fitted.predict(matrix[made.test_rows])
    assert made.labels.tolist() == own_predictions.tolist()
    assert made.model.predict(table.iloc[made.test_rows]).tolist() == made.labels.tolist()
    accuracy = accuracy_score(target[made.test_rows], own_predictions)
    assert made.metrics.test["accuracy"].value == accuracy
    if own is not None:
        train = np.setdiff1d(np.arange(120), made.test_rows)
        again = own.fit(matrix[train], target[train]).predict(matrix[made.test_rows])
        assert again.tolist() == made.labels.tolist()


def out_of_fold(estimator, matrix, target, outcome):
    """Fit on either half and score the other."""
    folds = np.arange(len(target)) % 2
    parts = []
    for k in range(2):
        fitted = estimator.fit(matrix[folds != k], target[folds != k])
        scores = scoring.score(fitted, matrix[folds == k], outcome)
        labels = scoring.predict_labels(fitted, matrix[folds == k], outcome, scores)
        parts.append(fitting.FoldResult(scores, True, labels, drew=False))
    return folds, fitting._gathered(parts, folds, outcome)


@pytest.mark.parametrize("name", ODD)
def test_candidates_are_chosen_by_what_they_predict(name):
    """Accuracy over folds, and the rule's precision and recall, are those of scikit-learn."""
    matrix, target = drawn(["bad", "good"])
    outcome = outcome_of(["bad", "good"], "good")
    folds, part = out_of_fold(ODD[name], matrix, target, outcome)
    rows = np.arange(len(target))
    expected = np.empty_like(target)
    for k in range(2):
        fitted = ODD[name].fit(matrix[folds != k], target[folds != k])
        expected[folds == k] = fitted.predict(matrix[folds == k])

    selection = config(Task.BINARY, "good", decision={"rule": "argmax"}).selection
    chosen, _ = selecting.select({"m": part}, target, outcome, rows, folds, selection)
    rule = decide({"m": part}, "m", target, outcome, rows, Argmax(rule="argmax"))

    assert chosen["m"].folds == tuple(
        accuracy_score(target[folds == k], expected[folds == k]) for k in range(2)
    )
    precision = precision_score(target, expected, pos_label="good", zero_division=0.0)
    recall = recall_score(target, expected, pos_label="good", zero_division=0.0)
    assert (rule.precision, rule.recall) == (precision, recall)


def test_a_tie_keeps_the_boundary_and_a_threshold_of_ones_own_has_none():
    """The recorded threshold never says what the labels contradict."""
    matrix, target = drawn(["bad", "good"])
    outcome, rows = outcome_of(["bad", "good"], "good"), np.arange(120)
    found = {}
    for name in ("knn of 2", "threshold 0.9"):
        part = out_of_fold(ODD[name], matrix, target, outcome)[1]
        assert isinstance(part, OwnOutOfFold)
        found[name] = decide({"m": part}, "m", target, outcome, rows, Argmax(rule="argmax"))

    assert found["knn of 2"].threshold == 0.5
    assert found["threshold 0.9"].threshold is None


def test_labels_that_follow_from_scores_leave_the_digest_alone():
    """No candidate that argmax describes carries labels of its own."""
    matrix, target = drawn(["bad", "good"])
    part = out_of_fold(LogisticRegression(), matrix, target, outcome_of(["bad", "good"], "good"))[1]

    assert (type(part), own_labels(part)) == (fitting.OutOfFold, None)


class Backwards(ClassifierMixin, BaseEstimator):
    """Has its classes in descending order."""

    def fit(self, X, y):
        self.model_ = GaussianNB().fit(X, y)
        self.classes_ = self.model_.classes_[::-1]
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(X)[:, ::-1]

    def predict(self, X):
        return self.model_.predict(X)


@pytest.mark.parametrize("labels", [["a", "b"], ["a", "b", "c"]])
def test_scores_are_taken_by_the_name_of_the_class(labels):
    """The order of an estimator's classes is its own affair."""
    matrix, target = drawn(labels)
    outcome = outcome_of(labels, "a" if len(labels) == 2 else None)
    expected = GaussianNB().fit(matrix, target).predict_proba(matrix)

    scores = scoring.score(Backwards().fit(matrix, target), matrix, outcome)

    np.testing.assert_array_equal(scores.values, expected[:, : len(outcome.columns)])


@pytest.mark.parametrize("labels", [["a", "b"], ["a", "b", "c"]])
@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(2, random_state=0),
        RandomForestClassifier(301, random_state=0),
        ExtraTreesClassifier(4, random_state=0),
        HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=2),
    ],
)
def test_a_second_prediction_is_spared_where_it_says_nothing_new(estimator, labels, monkeypatch):
    """With ties the estimator is asked; without them its labels are those of its scores."""
    matrix, target = drawn(labels)
    outcome = outcome_of(labels, "a" if len(labels) == 2 else None)
    fitted = estimator.fit(matrix, target)
    expected = fitted.predict(matrix)
    scores = scoring.score(fitted, matrix, outcome)
    clear = scoring.margins(scores, outcome, None) > 1e-9

    assert scoring.predict_labels(fitted, matrix, outcome, scores).tolist() == expected.tolist()
    monkeypatch.setattr(type(fitted), "predict", None)
    some = scoring.predict_labels(fitted, matrix[clear], outcome, scores.take(clear))
    assert some.tolist() == expected[clear].tolist()


class Stranger(GaussianNB):
    """Predicts what is no class."""

    def predict(self, X):
        return np.full(len(X), "elsewhere")


def test_a_predicted_label_that_is_no_class_is_refused():
    """By name, with what to do."""
    matrix, target = drawn(["a", "b"])
    outcome = outcome_of(["a", "b"], "a")

    fitted = Stranger().fit(matrix, target)
    scores = scoring.score(fitted, matrix, outcome)
    with pytest.raises(ConfigError, match="Stranger predicts 'elsewhere'") as error:
        scoring.predict_labels(fitted, matrix, outcome, scores)
    assert "labels passed to fit" in error.value.advice
