"""Thousands of categories: kept sparse, with the models that dense matrices give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix, issparse
from sklearn.base import is_classifier, is_regressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from repro.config.preprocessing import (
    SPARSE_ABOVE,
    CategoricalSteps,
    NumericSteps,
    Preprocessing,
)
from repro.digest.artefact import digest_artefact
from repro.training.preprocess import fit_preprocessor, to_matrix
from repro.training.wide import DenseInput, fitted_for, is_wide

ROWS, SHOPS = 600, 250


def steps(**changes: object) -> Preprocessing:
    numeric = NumericSteps(impute="median", fill=None, clip_iqr=3.0, scale="standard")
    values = {"impute": "constant", "fill": "missing", "min_frequency": None}
    return Preprocessing(numeric=numeric, categorical=CategoricalSteps(**(values | changes)))


@pytest.fixture(scope="module")
def shops():
    """Shops of which some are frequent and most are rare, and what depends on them."""
    rng = np.random.default_rng(7)
    shop = np.minimum(rng.geometric(0.02, ROWS), SHOPS)
    x = rng.normal(size=ROWS)
    frame = pd.DataFrame({"x": x, "shop": [f"s{s:03d}" for s in shop]})
    frame.loc[::50, "x"] = np.nan
    score = x + (shop % 7) / 2 + rng.normal(size=ROWS)
    return frame.astype({"shop": object}), score, np.where(score > 1.5, "yes", "no")


@pytest.fixture(scope="module")
def matrices(shops):
    """The same rows, dense and sparse."""
    frame = shops[0]
    made = []
    for above in (None, 20):
        learned = fit_preprocessor(frame, ["x"], ["shop"], steps(sparse_above=above))
        made.append(to_matrix(learned, frame))
    return made


def test_a_sparse_matrix_has_the_values_of_the_dense_one(matrices):
    """In one canonical form, which the digest sees."""
    dense, sparse = matrices

    assert not issparse(dense)
    assert issparse(sparse)
    np.testing.assert_array_equal(dense, sparse.toarray())
    assert sparse.has_canonical_format
    assert digest_artefact(sparse) == digest_artefact(csr_matrix(dense))
    changed = sparse.copy()
    changed.data[0] += 1
    assert digest_artefact(sparse) != digest_artefact(changed)


def test_the_width_alone_decides(shops):
    """Categories that share a column count as none, and null keeps every matrix dense."""
    frame = shops[0]
    levels = frame["shop"].value_counts()

    assert is_wide(frame, ["shop"], steps(sparse_above=len(levels) - 1).categorical)
    assert not is_wide(frame, ["shop"], steps(sparse_above=len(levels)).categorical)
    assert not is_wide(frame, ["shop"], steps(sparse_above=None).categorical)
    frequent = int((levels >= 5).sum())
    grouped = {"min_frequency": 5}
    assert is_wide(frame, ["shop"], steps(sparse_above=frequent - 1, **grouped).categorical)
    assert not is_wide(frame, ["shop"], steps(sparse_above=frequent, **grouped).categorical)


def test_the_standard_width_is_in_no_configuration():
    """So that the keys and digests of every experiment of before are what they were."""
    assert steps().categorical == steps(sparse_above=SPARSE_ABOVE).categorical
    assert "sparse_above" not in steps().categorical.model_dump()
    assert steps(sparse_above=5).categorical.model_dump()["sparse_above"] == 5


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(max_depth=6, min_samples_leaf=10, random_state=3),
        RandomForestClassifier(40, min_samples_leaf=3, random_state=3),
        HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=15, early_stopping=False),
        HistGradientBoostingClassifier(max_iter=10, min_samples_leaf=60),
    ],
    ids=["tree", "forest", "boosting", "large leaves"],
)
def test_trees_are_the_same_bits(shops, matrices, model):
    """As scikit-learn's own on the dense matrix."""
    dense, sparse = matrices
    target = shops[2]
    expected = model.fit(dense, target).predict_proba(dense)
    actual = fitted_for(model, sparse).fit(sparse, target).predict_proba(sparse)

    assert expected.tobytes() == actual.tobytes()


def test_boosting_of_numbers_is_the_same_bits(shops, matrices):
    """With half of the columns left out, since no split of them is allowed."""
    dense, sparse = matrices
    model = HistGradientBoostingRegressor(max_iter=30, max_leaf_nodes=15, early_stopping=False)
    expected = model.fit(dense, shops[1]).predict(dense)
    adapted = fitted_for(model, sparse).fit(sparse, shops[1])

    assert expected.tobytes() == adapted.predict(sparse).tobytes()
    assert len(adapted.columns_) < dense.shape[1] / 2


@pytest.mark.parametrize(
    "options",
    [{"max_features": 0.5}, {"monotonic_cst": {"x0": 1}}, {"categorical_features": [1]}],
)
def test_columns_that_are_counted_are_all_given(matrices, shops, options):
    """Where a parameter draws columns or names them by position."""
    sparse = matrices[1]
    model = HistGradientBoostingClassifier(max_iter=3, **options)
    if "monotonic_cst" in options:
        model.set_params(monotonic_cst=[1] + [0] * (sparse.shape[1] - 1))
    adapted = fitted_for(model, sparse).fit(sparse, shops[2])

    assert len(adapted.columns_) == sparse.shape[1]


def test_linear_models_agree_to_the_last_digits(shops, matrices):
    """Sums of products in a different order."""
    dense, sparse = matrices
    model = LogisticRegression(solver="newton-cholesky", tol=1e-10)
    expected = model.fit(dense, shops[2]).predict_proba(dense)
    actual = fitted_for(model, sparse).fit(sparse, shops[2]).predict_proba(sparse)

    np.testing.assert_allclose(expected, actual, rtol=0, atol=1e-12)
    assert fitted_for(model, sparse) is model


@pytest.mark.parametrize("model", [GaussianNB(), Ridge(solver="cholesky")])
def test_an_estimator_that_takes_no_sparse_matrix_is_given_a_dense_one(shops, matrices, model):
    """It keeps its kind, and only the methods that it has."""
    dense, sparse = matrices
    adapted = fitted_for(model, sparse)
    target = shops[2] if is_classifier(model) else shops[1]
    expected = model.fit(dense, target).predict(dense)
    actual = adapted.fit(sparse, target).predict(sparse)

    assert isinstance(adapted, DenseInput)
    assert (is_classifier(model), is_regressor(model)) == (
        is_classifier(adapted),
        is_regressor(adapted),
    )
    assert hasattr(model, "predict_proba") == hasattr(adapted, "predict_proba")
    assert expected.tolist() == actual.tolist()
    assert fitted_for(model, dense) is model
