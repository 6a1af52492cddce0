"""Work that a record asks for has a limit; a training of one's own has none."""

import pytest
from tests.conftest import make_project

from repro.app.configuration import resolve_request
from repro.config.compose import Request
from repro.config.recorded import parse_config
from repro.core.errors import PreconditionError

PIPE = {
    "steps": [
        ["f", {"class": "sklearn.ensemble:RandomForestClassifier", "params": {"n_estimators": 10}}]
    ]
}
INNER = ("steps", 0, 1, "params", "n_estimators")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("bounds") / "p")
    config = resolve_request(project.path, Request(experiment="credit")).config
    return config.model_dump(mode="json", by_alias=True)


def changed(value, path, new):
    if not path:
        return new
    first, *rest = path
    if isinstance(value, list):
        return [changed(each, rest, new) if i == first else each for i, each in enumerate(value)]
    return {**value, first: changed(value.get(first, {}), rest, new)}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("selection", "folds"), 10**9),
        (("evaluation", "bootstrap", "resamples"), 10**9),
        (("drift", "bins"), 10**9),
        (
            ("preprocessing", "remove_rows"),
            {"method": "isolation_forest", "params": {"n_estimators": 10**9}},
        ),
        (("safety", "leakage_leaves"), 10**9),
        (("models", "random_forest", "params", "n_estimators"), 10**9),
        (("models", "random_forest", "params", "n_estimators"), 1e300),
        (("models", "hist_gradient_boosting", "params", "max_iter"), 10**12),
        (("models", "knn", "params", "leaf_size"), 2**40),
        (("models", "knn", "params", "hidden_layer_sizes"), [10, 10**9]),
        (("models", "knn", "params", "estimator"), {"class": "a:B", "params": {"n_init": 10**7}}),
        (("models", "knn", "params"), changed(PIPE, INNER, 10**7)),
    ],
)  # fmt: skip
def test_a_record_that_asks_for_too_much_is_refused(recorded, path, value):
    """With the key and the most, before anything is built."""
    with pytest.raises(PreconditionError, match="that a record may ask for") as caught:
        parse_config(changed(recorded, path, value), "config.json")

    assert caught.value.message.startswith("config.json: " + ".".join(map(str, path)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((), None),
        (("selection", "folds"), 100),
        (("evaluation", "bootstrap", "resamples"), 10_000),
        (("models", "random_forest", "params", "n_estimators"), 10_000),
        (("models", "hist_gradient_boosting", "params", "max_iter"), 1_000_000),
        (("models", "svm", "params", "C"), 1e12),
        (("models", "knn", "params", "max_iter"), -1),
    ],
)
def test_an_honest_record_is_read(recorded, path, value):
    """Many times what the shipped profiles ask for."""
    model = {"estimator": "sklearn.svm:SVC", "variant": None, "params": {}}
    base = changed(recorded, ("models", "svm"), model)

    assert parse_config(changed(base, path, value) if path else recorded, "config.json")
