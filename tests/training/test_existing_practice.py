"""With the settings for it, a training is the plain scikit-learn code that people have."""

import json

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler
from tests.training import in_process

from repro.config.data import Task
from repro.config.keys import identity_parts, replicate_key

TREES = 12
FOREST = in_process.family("sklearn.ensemble:RandomForestClassifier", n_estimators=TREES)
AS_IT_IS = {"numeric": {"impute": "median", "fill": None, "clip_iqr": None, "scale": "none"}}
CANCER = load_breast_cancer(as_frame=True)
X = CANCER.data.astype(float)
Y = np.where(CANCER.target.to_numpy() == 1, "yes", "no")


def settings(task=Task.BINARY, models=None, **sections):
    """Every setting with which a training is the plain code: constant seeds, drawn order."""
    positive = "yes" if task is Task.BINARY else None
    metric = "rmse" if task is Task.REGRESSION else "accuracy"
    preprocessing = in_process.base().preprocessing.model_dump(mode="json")
    given = {
        "seeding": {"scheme": "constant"},
        "split": {"test_size": 0.25, "stratify": False, "order": "drawn"},
        "selection": {"metric": metric, "folds": None},
        "evaluation": {"bootstrap": None},
        "preprocessing": preprocessing | AS_IT_IS,
        "decision": {"rule": "argmax"},
    }
    return in_process.config(task, positive, models or {"forest": FOREST}, **(given | sections))


def test_a_forest_is_that_of_plain_code():
    """The rows, their order, every probability, and the metrics."""
    train_x, test_x, train_y, test_y = train_test_split(X, Y, random_state=42)
    plain = RandomForestClassifier(n_estimators=TREES, random_state=42).fit(train_x, train_y)
    guess, scores = plain.predict(test_x), plain.predict_proba(test_x)[:, 1]

    found = in_process.run(settings(), X, Y)
    measured = {name: estimate.value for name, estimate in found.metrics.test.items()}

    assert found.test_rows.tolist() == test_x.index.tolist()
    assert found.labels.tolist() == guess.tolist()
    assert found.scores.values[:, 0].tolist() == scores.tolist()
    assert 0 < measured["accuracy"] < 1
    assert measured["accuracy"] == accuracy_score(test_y, guess)
    assert measured["balanced_accuracy"] == balanced_accuracy_score(test_y, guess)
    assert measured["f1_macro"] == f1_score(test_y, guess, average="macro")
    assert measured["roc_auc"] == roc_auc_score(test_y == "yes", scores)


def test_sorted_rows_give_a_different_forest():
    """Or else the order would not have to be a setting."""
    drawn = in_process.run(settings(), X, Y)
    ascending = in_process.run(
        settings(split={"test_size": 0.25, "stratify": False, "order": "sorted"}), X, Y
    )

    assert ascending.test_rows.tolist() == sorted(drawn.test_rows.tolist())
    order = np.argsort(drawn.test_rows)
    assert (ascending.scores.values != drawn.scores.values[order]).any()


def test_a_stratified_forest_of_numbers_is_that_of_plain_code():
    """A regression has no classes to keep in proportion."""
    data = load_diabetes(as_frame=True)
    features, target = data.data.astype(float), data.target.to_numpy(float)
    train_x, test_x, train_y, test_y = train_test_split(features, target, random_state=42)
    plain = RandomForestRegressor(n_estimators=TREES, random_state=42).fit(train_x, train_y)
    forest = in_process.family("sklearn.ensemble:RandomForestRegressor", n_estimators=TREES)

    found = in_process.run(settings(Task.REGRESSION, {"forest": forest}), features, target)

    guess = plain.predict(test_x)
    assert found.scores.values[:, 0].tolist() == guess.tolist()
    assert found.metrics.test["rmse"].value == root_mean_squared_error(test_y, guess)
    assert found.metrics.test["r2"].value == r2_score(test_y, guess)


def test_a_scaled_linear_model_that_shuffles_is_that_of_plain_code():
    """Stratified, by an estimator that is as sensitive to the order of rows as they come."""
    train_x, test_x, train_y, test_y = train_test_split(
        X, Y, test_size=0.25, stratify=Y, random_state=42
    )
    scaler = StandardScaler().fit(train_x)
    plain = SGDClassifier(random_state=42).fit(scaler.transform(train_x), train_y)
    scaled = {"numeric": AS_IT_IS["numeric"] | {"scale": "standard"}}
    preprocessing = in_process.base().preprocessing.model_dump(mode="json") | scaled

    found = in_process.run(
        settings(
            models={"sgd": in_process.family("sklearn.linear_model:SGDClassifier")},
            split={"test_size": 0.25, "stratify": True, "order": "drawn"},
            preprocessing=preprocessing,
        ),
        X,
        Y,
    )

    guess = plain.predict(scaler.transform(test_x))
    assert found.labels.tolist() == guess.tolist()
    assert found.metrics.test["accuracy"].value == accuracy_score(test_y, guess)


def test_folds_of_drawn_rows_are_those_of_plain_cross_validation():
    """Candidates are scored as ``cross_val_score`` does with the same splitter."""
    train_x, _, train_y, _ = train_test_split(X, Y, random_state=42)
    folds = StratifiedKFold(4, shuffle=True, random_state=42)
    plain = RandomForestClassifier(n_estimators=TREES, random_state=42)
    scores = cross_val_score(plain, train_x, train_y, cv=folds)

    found = in_process.run(settings(selection={"metric": "accuracy", "folds": 4}), X, Y)

    assert found.metrics.cross_validation["forest"].folds == tuple(scores.tolist())


def test_what_the_original_lacks_is_left_out():
    """No intervals, no scores of folds, no threshold, and no seed of a fold."""
    found = in_process.run(settings(), X, Y)

    assert {estimate.interval for estimate in found.metrics.test.values()} == {None}
    assert json.loads(found.metrics.model_dump_json())["test"]["accuracy"].keys() == {"value"}
    assert (found.metrics.cross_validation, found.metrics.model) == ({}, "forest")
    assert found.threshold.threshold is None
    assert [name for name in found.seeds if name.startswith("cross_validate")] == []


def test_intervals_do_not_depend_on_folds():
    """One setting is off without the other."""
    drawn = {"bootstrap": {"resamples": 50, "confidence": 0.9}}
    found = in_process.run(settings(evaluation=drawn), X, Y)

    low, high = found.metrics.test["accuracy"].interval
    assert low < found.metrics.test["accuracy"].value < high


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ({"models": {"a": FOREST, "b": FOREST}}, "nothing to choose by among 2 candidates"),
        ({"decision": {"rule": "fixed", "threshold": 0.5}}, "no scores for decision.rule: fixed"),
        ({"decision": {"rule": "target_precision", "precision": 0.7}}, "target_precision"),
    ],
)
def test_what_needs_folds_is_refused_without_them(sections, sentence):
    with pytest.raises(ValidationError, match=sentence):
        settings(**sections)


def test_the_usual_order_is_in_no_key():
    """A configuration that says ``sorted`` is the one that says nothing; ``drawn`` is different."""
    usual = in_process.config(Task.BINARY, "yes")
    said = in_process.config(Task.BINARY, "yes", split={"order": "sorted"})
    drawn = in_process.config(Task.BINARY, "yes", split={"order": "drawn"})

    assert "order" not in usual.model_dump(mode="json")["split"]
    assert replicate_key(said, "content", 1) == replicate_key(usual, "content", 1)
    parts = [identity_parts(each, "content", 1) for each in (usual, drawn)]
    assert {name for name in parts[0] if parts[0][name] != parts[1][name]} == {"split"}


def test_a_frame_of_other_columns_is_left_as_it_is():
    """Text columns are encoded as before: only numbers are passed on unchanged."""
    frame = pd.DataFrame(
        {"n": X["mean radius"], "t": in_process.text(np.where(X.index % 2, "a", "b"))}
    )
    found = in_process.run(settings(), frame, Y)

    train_rows, test_rows = train_test_split(np.arange(len(Y)), random_state=42)
    matrix = np.column_stack([frame["n"], frame["t"] == "a", frame["t"] == "b"]).astype(float)
    plain = RandomForestClassifier(n_estimators=TREES, random_state=42)
    plain.fit(matrix[train_rows], Y[train_rows])
    assert found.labels.tolist() == plain.predict(matrix[test_rows]).tolist()
