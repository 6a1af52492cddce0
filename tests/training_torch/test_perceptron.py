"""The perceptron alone: an estimator like others, whose bits follow from its seed and its data."""

import io
import pickle
import pickletools
import random

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import scale

from repro.digest.estimators import digest_estimator
from repro.training.checkpoints import checkpointing
from tests.training_torch.memory import Memory

pytestmark = pytest.mark.scripts
X, Y = load_iris(return_X_y=True)
X = scale(X)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
SETTINGS = {
    "hidden_layer_sizes": [8, 5],
    "activation": "tanh",
    "dropout": 0.2,
    "learning_rate": 0.02,
    "weight_decay": 0.01,
    "batch_size": 32,
    "epochs": 4,
    "random_state": 7,
}


def classifier(**changes):
    from repro.families.torch_mlp import TorchMLPClassifier

    return TorchMLPClassifier(**(SETTINGS | changes))


def regressor(**changes):
    from repro.families.torch_mlp import TorchMLPRegressor

    return TorchMLPRegressor(**(SETTINGS | changes))


def fitted(**changes):
    return classifier(**changes).fit(X, NAMES)


def test_it_learns_classes_and_numbers():
    trained = fitted(epochs=60)
    features, target = load_diabetes(return_X_y=True)
    found = regressor(epochs=60).fit(scale(features), target)

    assert trained.score(X, NAMES) > 0.93
    assert found.score(scale(features), target) > 0.4
    assert set(trained.predict(X)) == set(NAMES)
    assert np.allclose(trained.predict_proba(X).sum(axis=1), 1, atol=1e-12)
    assert trained.loss_curve_[-1] < trained.loss_curve_[0] / 2


def test_bits_follow_from_seed_and_data_alone():
    """And not from what the program has set in PyTorch before."""
    import torch

    plain = digest_estimator(fitted())
    before = torch.get_default_dtype(), torch.get_num_threads(), torch.get_rng_state()
    try:
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(2)
        torch.manual_seed(random.randrange(1000))
        set_by_program = torch.get_rng_state().clone()
        assert digest_estimator(fitted()) == plain
        assert torch.equal(torch.get_rng_state(), set_by_program)
        assert torch.get_num_threads() == 2
        assert not torch.are_deterministic_algorithms_enabled()
    finally:
        torch.set_default_dtype(before[0])
        torch.set_num_threads(before[1])
        torch.set_rng_state(before[2])
    assert digest_estimator(fitted(random_state=8)) != plain
    assert digest_estimator(clone(fitted()).fit(X, NAMES)) == plain


def test_a_digest_follows_every_weight():
    import torch

    trained = fitted()
    plain = digest_estimator(trained)
    for name, tensor in trained.weights_.items():
        kept = tensor.clone()
        tensor.view(-1)[-1] = torch.nextafter(tensor.view(-1)[-1], torch.tensor(9.0))
        assert digest_estimator(trained) != plain, name
        tensor.copy_(kept)
    assert digest_estimator(trained) == plain


def test_a_saved_model_has_arrays_and_no_pickle_of_pytorch():
    """So that loading one runs no code of PyTorch's own way to unpickle."""
    trained = fitted()
    file = io.BytesIO()
    joblib.dump(trained, file)
    whole = file.getvalue()
    named = {str(value) for _, value, _ in pickletools.genops(pickle.dumps(trained)) if value}

    assert "repro.families.torch_mlp" in named
    assert not {each for each in named if each.startswith("torch")}
    back = joblib.load(io.BytesIO(whole))
    assert digest_estimator(back) == digest_estimator(trained)
    assert back.predict_proba(X).tobytes() == trained.predict_proba(X).tobytes()


def test_weights_of_rows_count():
    """Their unit does not, and a row of the weight 0 has no part."""
    plain = fitted()
    ones = classifier().fit(X, NAMES, sample_weight=np.full(len(X), 3.0))
    weights = np.where(np.arange(len(X)) % 5 == 0, 0.0, 1.0)
    moved = X + 9 * (weights == 0)[:, None]
    one, other = (classifier().fit(rows, NAMES, sample_weight=weights) for rows in (X, moved))

    assert digest_estimator(ones) == digest_estimator(plain)
    assert digest_estimator(one) != digest_estimator(plain)
    assert digest_estimator(one) == digest_estimator(other)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"learning_rate": 0}, "learning_rate"),
        ({"activation": "step"}, "activation"),
        ({"hidden_layer_sizes": [8, 0]}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": [8, True]}, "hidden_layer_sizes"),
        ({"random_state": None}, "random_state"),
        ({"learning_rate": 1e30}, "the loss is nan after"),
    ],
)
def test_what_cannot_be_fitted_is_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        fitted(**changes)


@pytest.mark.parametrize("weights", [[1.0], [-1.0] * 150, [0.0] * 150, [np.nan] * 150])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(ValueError, match="sample_weight: expected 150 numbers from 0"):
        classifier().fit(X, NAMES, sample_weight=weights)


@pytest.mark.parametrize("made", [classifier, regressor])
def test_a_fit_continues_from_every_step_to_the_same_bits(made):
    """With dropout, moments of the optimizer, an order that is drawn, and a sum of losses."""
    target = Y.astype(float) if made is regressor else NAMES
    steps = Memory()
    with checkpointing(steps):
        whole = digest_estimator(made().fit(X, target))
    plain = digest_estimator(made().fit(X, target))

    assert [*steps.saved] == list(range(1, 21))
    assert plain == whole
    for step in steps.saved:
        rest = Memory(start=step, saved=dict(steps.saved))
        with checkpointing(rest):
            assert digest_estimator(made().fit(X, target)) == whole, step
        assert rest.identities == steps.identities


def test_a_fit_of_anything_else_has_a_different_identity():
    """Parameters, seed, rows, labels, weights and the kind of the estimator."""
    seen = Memory(every=10**6)
    with checkpointing(seen):
        fitted()
        fitted()
        assert len(seen.identities) == 1
        for changes in ({"epochs": 5}, {"dropout": 0.3}, {"random_state": 8}, {"batch_size": 31}):
            fitted(**changes)
        classifier().fit(X + 1e-16 * (np.abs(X) < 1e-3) + 1e-9, NAMES)
        classifier().fit(X, np.roll(NAMES, 1))
        classifier().fit(X, NAMES, sample_weight=np.arange(150.0))
        regressor().fit(X, Y.astype(float))

    assert len(seen.identities) == 9
