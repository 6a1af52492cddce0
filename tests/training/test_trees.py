"""A forest that is fitted in threads is the forest of one thread, parameters included."""

import pickle

import numpy as np
import pytest
from sklearn import ensemble

from repro.digest.artefact import digest_artefact
from repro.training.trees import trees_in_threads

FORESTS = (
    (ensemble.RandomForestClassifier, {"oob_score": True, "class_weight": "balanced_subsample"}),
    (ensemble.ExtraTreesClassifier, {}),
    (ensemble.RandomForestRegressor, {}),
    (ensemble.ExtraTreesRegressor, {"bootstrap": True}),
)


def table():
    draw = np.random.default_rng(5)
    matrix = draw.normal(size=(150, 6))
    return matrix, (matrix[:, 0] + draw.normal(size=150) > 0).astype(float)


def fitted(kind, params, threads, seen):
    model = kind(n_estimators=60, n_jobs=1, random_state=3, **params)
    with trees_in_threads(model, threads):
        seen.append(model.n_jobs)
        return model.fit(*table())


@pytest.mark.parametrize(("kind", "params"), FORESTS)
def test_threads_change_no_byte(kind, params):
    seen = []
    one, three = (fitted(kind, params, threads, seen) for threads in (1, 3))

    assert seen == [1, 3]
    assert three.n_jobs == 1
    assert pickle.dumps(three) == pickle.dumps(one)
    assert digest_artefact(three) == digest_artefact(one)
    assert three.predict(table()[0]).tobytes() == one.predict(table()[0]).tobytes()


def test_the_number_is_given_back_where_a_fit_fails():
    model = ensemble.RandomForestClassifier(n_jobs=1)
    with pytest.raises(ValueError, match="NaN"), trees_in_threads(model, 2):
        model.fit([[0.0], [1.0]], [np.nan, 1.0])

    assert model.n_jobs == 1


class Own(ensemble.RandomForestClassifier):
    """May fit in a way of its own."""


@pytest.mark.parametrize(
    "model",
    [
        Own(n_jobs=1),
        ensemble.BaggingClassifier(n_jobs=1),
        ensemble.StackingClassifier([("forest", ensemble.RandomForestClassifier())], n_jobs=1),
    ],
)
def test_others_are_left_alone(model):
    with trees_in_threads(model, 2):
        assert model.n_jobs == 1
