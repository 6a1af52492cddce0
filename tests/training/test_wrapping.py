"""Estimators by their methods alone, and labels as codes: predictions are labels all the same."""

import json

import joblib
import numpy as np
import pandas as pd
import pytest
from tests.training.in_process import config, family, run

from repro.config.data import Task
from repro.config.training import Model
from repro.core.errors import ConfigError
from repro.training.estimators import build

ALLOWED = {"security": {"allowed_modules": ["sklearn", "tests"]}}
HERE = "tests.training.test_wrapping"
CLASSES = ["bad", "good", "odd"]


class Duck:
    """A classifier that is derived from nothing; of CatBoost's names, and forgetful as CatBoost."""

    def __init__(self, random_seed=None, random_state=None, thread_count=None, power=2.0,
                 allow_writing_files=True):  # fmt: skip
        given = {"random_seed": random_seed, "random_state": random_state, "power": power}
        given |= {"thread_count": thread_count, "allow_writing_files": allow_writing_files}
        self.given = {k: v for k, v in given.items() if v is not None and v is not True}

    def get_params(self, deep=True):
        return dict(self.given)

    def set_params(self, **params):
        if {"random_seed", "random_state"} <= {*self.given, *params}:
            raise ValueError("only one of random_seed and random_state")
        self.given |= params
        return self

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.centres_ = np.array([X[y == label].mean(axis=0) for label in self.classes_])
        return self

    def predict_proba(self, X):
        close = 1 / (1 + (np.abs(X[:, None] - self.centres_) ** self.given["power"]).sum(axis=2))
        return close / close.sum(axis=1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)][:, None]


class Numbers(Duck):
    """Takes no text labels, as XGBoost does not."""

    def fit(self, X, y):
        if y.dtype.kind != "i" or not np.array_equal(np.unique(y), np.arange(y.max() + 1)):
            raise ValueError(f"Invalid classes inferred from unique values of y: {np.unique(y)}")
        return super().fit(X, y)


class Renamed(Duck):
    """Says of its classes what is not so."""

    def fit(self, X, y):
        super().fit(X, y)
        self.classes_ = self.classes_ + 1
        return self


def table(classes):
    rng = np.random.default_rng(1)
    target = np.array(classes)[np.arange(150) % len(classes)]
    rows = rng.normal(size=(150, 3))
    rows[:, 0] += np.searchsorted(classes, target)
    return pd.DataFrame(rows, columns=list("abc")), target


def trained(name, classes=CLASSES, labels=None, **sections):
    frame, target = table(classes)
    task = Task.BINARY if len(classes) == 2 else Task.MULTICLASS
    model = family(f"{HERE}:{name}", power=2.0) | ({"labels": labels} if labels else {})
    positive = classes[0] if task is Task.BINARY else None
    settings = config(task, positive, {"own": model}, **ALLOWED, **sections)
    return frame, run(settings, frame, target)


@pytest.mark.parametrize("labels", [None, "codes"])
@pytest.mark.parametrize(
    ("classes", "decision"),
    [
        (CLASSES, {"rule": "argmax"}),
        (CLASSES[:2], {"rule": "fixed", "threshold": 0.4}),
        (CLASSES[:2], {"rule": "target_precision", "precision": 0.7}),
    ],
)
def test_a_class_by_its_methods_trains_and_the_saved_pipeline_predicts_labels(
    tmp_path, labels, classes, decision
):
    frame, training = trained("Duck", classes, labels, decision=decision)
    joblib.dump(training.model, tmp_path / "model.joblib")
    model = joblib.load(tmp_path / "model.joblib")

    predicted = np.asarray(model.predict(frame.iloc[training.test_rows])).reshape(-1)
    assert predicted.astype(str).tolist() == training.labels.tolist()
    assert {*training.labels} <= {*classes}
    assert (training.labels == training.truth).mean() > 0.5


def test_codes_change_no_score_of_one_that_takes_text():
    plain, coded = (trained("Duck", labels=labels)[1].scores.values for labels in (None, "codes"))

    assert np.array_equal(plain, coded)


def test_one_that_takes_no_text_is_given_codes():
    _, training = trained("Numbers", labels="codes")

    model = training.model[-1]
    assert model.classes_.tolist() == CLASSES
    assert model.estimator_.classes_.tolist() == [0, 1, 2]
    assert {*training.labels} <= {*CLASSES}


def test_other_classes_than_the_codes_are_an_error():
    with pytest.raises(ConfigError, match=r"own: Renamed was fitted on the codes 0 to 2, and has"):
        trained("Renamed", labels="codes")


def test_names_that_only_the_constructor_has_are_set():
    """One of the two names of the seed, one thread, and no files."""
    model = Model(estimator=f"{HERE}:Duck", variant=None, params={"power": 1.0})

    given = build("m", model, 7, ["tests"]).get_params()

    wanted = {"power": 1.0, "random_seed": 7, "thread_count": 1, "allow_writing_files": False}
    assert given == wanted


@pytest.mark.parametrize("name", ["random_seed", "thread_count"])
def test_what_the_level_decides_is_refused(name):
    model = Model(estimator=f"{HERE}:Duck", variant=None, params={name: 3})
    with pytest.raises(ConfigError, match=f"{name}' is not a hyper-parameter"):
        build("m", model, 7, ["tests"])


def test_labels_are_in_the_key_where_they_are_set_and_only_there():
    settings = config(Task.MULTICLASS, None, {"own": family(f"{HERE}:Duck") | {"labels": "codes"}})
    usual = config(Task.MULTICLASS, None, {"own": family(f"{HERE}:Duck")})

    assert json.loads(settings.models["own"].model_dump_json())["labels"] == "codes"
    assert "labels" not in usual.models["own"].model_dump(mode="json")
