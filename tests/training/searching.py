"""Tables, settings and estimators of the tests of searches; the name makes them importable."""

import json

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier
from tests.training import in_process

from repro.config.data import Task

SVC = "sklearn.svm:SVC"
SPACE = {"C": {"low": 0.01, "high": 100.0, "log": True}, "kernel": ["linear", "rbf"]}
RANDOM = {"kind": "random", "trials": 12, "folds": 3, "space": SPACE}
SECTIONS = {
    "preprocessing": {
        "numeric": {"impute": "median", "fill": None, "clip_iqr": None, "scale": "standard"}
    },
    "selection": {"metric": "accuracy", "folds": 2},
}
# The rows of each fit and of each prediction, by the column that numbers them.
SEEN = []


class Recorder(DecisionTreeClassifier):
    """A tree that notes which rows it is given; they are numbered by the first column."""

    def fit(self, X, y, sample_weight=None):
        SEEN.append((frozenset(np.rint(X[:, 0]).astype(int)), set()))
        return super().fit(X, y, sample_weight)

    def predict_proba(self, X):
        SEEN[-1][1].update(np.rint(X[:, 0]).astype(int))
        return super().predict_proba(X)


def table(rows=120, seed=3):
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(draw.normal(size=(rows, 4)), columns=list("abcd"))
    noise = draw.normal(size=rows) * 0.5
    return frame, np.where(frame["a"] + 0.5 * frame["b"] ** 2 + noise > 0.4, "yes", "no")


def family(search, path=SVC, **params):
    return {**in_process.family(path, **params), "search": search}


def settings(search, path=SVC, params=None, **sections):
    models = {"svm": family(search, path, **(params or {}))}
    return in_process.config(Task.BINARY, "yes", models, **{**SECTIONS, **sections})


def trained(search, frame=None, target=None, **sections):
    if frame is None:
        frame, target = table()
    return in_process.run(settings(search, **sections), frame, target)


def found(training):
    """Return what a search gave, as plain values that every bit counts in."""
    return json.dumps(training.search.model_dump(mode="json"))
