"""Plain values among the inputs of a call, by dotted name."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold
from sklearn.pipeline import Pipeline

from repro.tracing.parameters import parameters_of


def found(**named):
    return parameters_of(named, lambda text: f"digest of {len(text)}")


def test_values_are_as_they_are_written_and_texts_are_digests():
    assert found(a=1, b=0.1, c=True, d="secret", e=None, f=np.float64(0.5), g=np.int64(3)) == {
        "a": "1", "b": "0.1", "c": "True", "d": "digest of 6", "f": "0.5", "g": "3",
    }  # fmt: skip


def test_settings_inside_estimators_splitters_and_mappings_have_names():
    model = Pipeline([("scale", "passthrough"), ("model", LogisticRegression(C=0.5))])
    search = GridSearchCV(model, {"model__C": [1.0, 2.0]}, cv=RepeatedStratifiedKFold(n_splits=3))

    parameters = found(self=search, params={"seed": 5, "inner": {"deep": 2.5}})

    assert parameters["self.estimator.steps.model.C"] == "0.5"
    assert parameters["self.cv.cvargs.n_splits"] == "3"
    assert parameters["self.param_grid.model__C.1"] == "2.0"
    assert parameters["params.seed"] == "5"
    assert parameters["params.inner.deep"] == "2.5"


def test_data_and_fitted_attributes_are_no_parameters():
    rows = np.arange(8.0).reshape(-1, 1)
    model = LogisticRegression().fit(rows, rows[:, 0] > 3)

    assert not any(name.endswith("_") for name in found(self=model))
    assert found(X=rows, rows=list(range(100)), f=len) == {}


def test_no_property_of_the_program_runs_and_cycles_and_large_mappings_end():
    class Trap:
        def fit(self):
            raise AssertionError

        @property
        def broken(self):
            raise AssertionError

    trap = Trap()
    trap.own, trap.level = trap, 3

    parameters = found(self=trap)

    assert parameters["self.level"] == "3"
    assert len(parameters) < 10
    assert len(found(many={str(n): n for n in range(10**6)})) <= 128
    assert found(many={str(n): {str(n): [None]} for n in range(10**5)}) == {}
