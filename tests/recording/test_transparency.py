"""Tracing changes nothing that the recorded program can notice."""

from __future__ import annotations

import pytest

from tests.conftest import command

PROGRAMS = {
    "a warning is reported for the line that called": """\
import warnings
from sklearn.base import BaseEstimator
class Old(BaseEstimator):
    def fit(self, X):
        warnings.warn("old", DeprecationWarning, stacklevel=2)
        return self
Old().fit([1])
""",
    "a class that is defined in a function finds its names": """\
from __future__ import annotations
from pydantic import BaseModel
class Outer(BaseModel):
    inner: Inner
class Inner(BaseModel):
    value: int
Outer.model_rebuild()
print(Outer(inner=Inner(value=1)))
""",
    "signatures and documentation are those of the library": """\
import inspect
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score
from sklearn.pipeline import Pipeline
for each in (Ridge.fit, accuracy_score, Pipeline.predict):
    print(each.__name__, each.__module__.split(".")[0], inspect.signature(each), each.__doc__[:40])
""",
    "functions and objects can be pickled and cloned": """\
import pickle
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, make_scorer
class Own(Ridge):
    def fit(self, X, y):
        return super().fit(X, y)
model = pickle.loads(pickle.dumps(Ridge().fit([[1.0], [2.0]], [1.0, 3.0])))
if __name__ == "__main__":
    # Of the main module: it is pickled by value.
    [own] = Parallel(n_jobs=2)(delayed(Own().fit)([[1.0], [2.0]], y) for y in [[1.0, 3.0]])
scorer = pickle.loads(pickle.dumps(make_scorer(accuracy_score)))
print(model.coef_, own.coef_, own.predict([[3.0]]), clone(model), scorer)
""",
    "an error of a library comes through": """\
from sklearn.linear_model import Ridge
try:
    Ridge().fit([[1.0]], [1.0, 2.0])
except ValueError as error:
    print(error, error.__cause__, error.__context__)
""",
    "the generators give the same numbers": """\
import random
import numpy as np
from sklearn.ensemble import RandomForestClassifier
random.seed(1); np.random.seed(1)
X = np.random.rand(30, 2)
print(RandomForestClassifier(5).fit(X, X[:, 0] > 0.5).predict_proba(X).sum())
print(np.random.rand(), random.random())
""",
    "modules and variables are as they were": """\
import os, sys
import json.decoder
print([p for p in sys.path if "tracing" in p], type(json.decoder.__loader__).__name__)
print(type(sys.modules["json"].__spec__.loader).__name__, sys.argv)
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_the_same_with_and_without(folder, name):
    program = folder.write("program.py", PROGRAMS[name])
    bare = command("-W", "default", program, cwd=folder.path, env=folder.environ)
    assert bare.status == 0, bare.err
    done = folder.repro("record", "--level", "seeded", "--", "python", "-W", "default", program)
    assert done.out == bare.out
    lines = [line for line in bare.err.splitlines() if line.strip()]
    assert [line for line in lines if line not in done.err.splitlines()] == []
