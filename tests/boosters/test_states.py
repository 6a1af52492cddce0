"""Digests of boosters: all that decides a prediction, and nothing of the process."""

import json
import os
import pickle

import numpy as np
import pytest
from tests.boosters import fits
from tests.conftest import ROOT, command
from tests.needs import require

from repro.digest.artefact import digest_artefact
from repro.digest.boosters import xgboost_file
from repro.digest.estimators import digest_estimator

pytestmark = pytest.mark.scripts
NAMES = ("xgboost", "catboost", "lightgbm")


@pytest.fixture(autouse=True)
def libraries():
    for name in NAMES:
        require(name)


def test_equal_fits_in_different_processes_have_one_digest():
    """Whatever the number of threads, the random name of a model, and the time."""
    here = {name: digest_estimator(model) for name, model in fits.fitted().items()}
    paths = (str(ROOT / "src"), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")]))
    env = {"PYTHONPATH": os.pathsep.join(paths)}
    for threads in (1, 2):
        done = command(ROOT / "tests/boosters/fits.py", threads, cwd=ROOT, env=env)
        assert json.loads(done.out) == here, done.err


def test_a_model_that_was_stored_has_the_digest_of_before():
    for name, model in fits.fitted().items():
        assert digest_estimator(pickle.loads(pickle.dumps(model))) == digest_estimator(model), name


def _catboost(model):
    leaves = model.get_leaf_values()
    leaves[-1] = np.nextafter(leaves[-1], np.inf)
    model.set_leaf_values(leaves)


def _xgboost(model):
    booster = model.get_booster()
    whole = json.loads(xgboost_file(booster))
    tree = whole["learner"]["gradient_booster"]["model"]["trees"][-1]
    leaf = tree["left_children"].index(-1)
    value = np.nextafter(np.float32(tree["split_conditions"][leaf]), np.float32(np.inf))
    tree["split_conditions"][leaf] = float(value)
    booster.load_model(bytearray(json.dumps(whole).encode()))


def _lightgbm(model):
    booster = model.booster_
    booster.set_leaf_output(3, 0, np.nextafter(booster.get_leaf_output(3, 0), np.inf))


@pytest.mark.parametrize("name", NAMES)
def test_the_last_bit_of_a_leaf_counts(name):
    model = fits.fitted()[name]
    before = digest_artefact(model)

    {"xgboost": _xgboost, "catboost": _catboost, "lightgbm": _lightgbm}[name](model)

    assert digest_artefact(model) != before
    assert digest_artefact(fits.fitted()[name]) == before


def test_the_base_score_counts():
    model = fits.fitted()["xgboost"]
    before = digest_artefact(model)

    model.get_booster().set_param({"base_score": 0.75})
    whole = json.loads(xgboost_file(model.get_booster()))
    whole["learner"]["learner_model_param"]["base_score"] = "[7.5E-1]"
    model.get_booster().load_model(bytearray(json.dumps(whole).encode()))

    assert digest_artefact(model) != before


def test_categories_of_catboost_count():
    """Two fits with equal trees whose categories have other names."""
    from catboost import CatBoostClassifier

    def digest(names):
        rows = [[names[i % 3], i % 5] for i in range(60)]
        model = CatBoostClassifier(
            iterations=3, verbose=False, allow_writing_files=False, thread_count=1, random_seed=1
        )
        return digest_artefact(model.fit(rows, [i % 2 for i in range(60)], cat_features=[0]))

    assert digest("abc") == digest("abc")
    assert digest("abc") != digest("abd")
