"""Estimators that draw from the global generators repeat their results, and it is recorded."""

# ruff: noqa: NPY002

import random

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.naive_bayes import GaussianNB
from sklearn.utils import check_random_state
from tests.training.in_process import config, family, run

from repro.config.data import Task
from repro.training.generators import have_drawn, restored_global_generators, seed_global_generators


class _Drawing(ClassifierMixin, BaseEstimator):
    """Gaussian Bayes on noisy copies of the rows; each kind draws noise in its own way."""

    def fit(self, X, y):
        self.model_ = GaussianNB().fit(X + self.noise(X.shape), y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(X)

    def predict(self, X):
        return self.model_.predict(X)


class FromNumpy(_Drawing):
    def noise(self, shape):
        return np.random.normal(size=shape)


class FromRandom(_Drawing):
    def noise(self, shape):
        return np.reshape([random.gauss(0, 1) for _ in range(np.prod(shape))], shape)


class FromNone(_Drawing):
    def noise(self, shape):
        return check_random_state(None).uniform(-2, 2, size=shape)


class FromShuffle(_Drawing):
    def noise(self, shape):
        order = list(range(np.prod(shape)))
        random.shuffle(order)
        return np.reshape(order, shape) / shape[0]


class WhilePredicting(_Drawing):
    def noise(self, shape):
        return np.zeros(shape)

    def predict_proba(self, X):
        return self.model_.predict_proba(X + np.random.normal(size=X.shape))


KINDS = [FromNumpy, FromRandom, FromNone, FromShuffle, WhilePredicting]


def trained(*paths, seed=42, scheme="derived"):
    drawn = np.random.RandomState(0)
    table = pd.DataFrame(drawn.rand(120, 3), columns=["a", "b", "c"])
    target = np.where(table["a"] + 0.3 * drawn.rand(120) > 0.6, "y", "n")
    models = {path.rpartition(":")[2].lower(): family(path) for path in paths}
    settings = config(
        Task.BINARY,
        "y",
        models,
        decision={"rule": "argmax"},
        seeding={"scheme": scheme},
        security={"allowed_modules": ["sklearn", __name__.partition(".")[0]]},
    )
    return run(settings.model_copy(update={"seed": seed}), table, target)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", ["derived", "constant"])
def test_it_gives_the_same_result_twice_and_says_so(kind, scheme):
    """Wherever the generators stand before; a note, which casts no doubt."""
    path = f"{__name__}:{kind.__name__}"
    np.random.seed(1)
    random.seed(1)
    first = trained(path, scheme=scheme)
    np.random.seed(2)
    random.seed(2)
    again = trained(path, scheme=scheme)

    assert again.stages == first.stages
    assert again.metrics == first.metrics
    notes = [found for found in first.metrics.findings if found.kind == "global_generator"]
    assert [(note.is_note, kind.__name__.lower() in note.message) for note in notes] == [
        (True,) * 2
    ]


@pytest.mark.parametrize("kind", KINDS[:4])
def test_the_draws_follow_the_seed(kind):
    """Another seed draws other noise: the generators are not fixed once for all."""
    path = f"{__name__}:{kind.__name__}"

    outputs = [
        next(s for s in trained(path, seed=seed).stages.stages if s.name == "cross_validate")
        for seed in (1, 2)
    ]

    assert outputs[0].outputs != outputs[1].outputs


@pytest.mark.parametrize(
    "path",
    [
        "sklearn.naive_bayes:GaussianNB",
        "sklearn.ensemble:RandomForestClassifier",
        "sklearn.neighbors:KNeighborsClassifier",
        "sklearn.tree:DecisionTreeClassifier",
        "sklearn.linear_model:LogisticRegression",
    ],
)
def test_an_estimator_with_a_seed_of_its_own_draws_from_neither(path):
    """No note, and its digest is that of a plain candidate."""
    assert [f.kind for f in trained(path).metrics.findings if f.is_note] == []


def test_the_callers_generators_come_back():
    """Training leaves no trace in the process."""
    np.random.seed(7)
    random.seed(7)
    expected = (np.random.RandomState(7).rand(), random.Random(7).random())

    trained(f"{__name__}:FromNumpy")

    assert (np.random.rand(), random.random()) == expected


@pytest.mark.parametrize(
    "draw",
    [
        np.random.rand,
        random.random,
        lambda: np.random.randint(3),
        lambda: random.choice("ab"),
        np.random.normal,
        lambda: np.random.seed(9),
    ],
)
def test_one_draw_is_seen(draw):
    """And none is seen where there was none."""
    with restored_global_generators():
        seed_global_generators(5)
        before = have_drawn(5)
        draw()
        after = have_drawn(5)

    assert (before, after) == (False, True)
