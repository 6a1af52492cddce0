import copy
import functools
import importlib
import json
import os
import pickle
import subprocess
import sys
from enum import Enum
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tests.digest.estimator_zoo import RANDOM, ROWS, digests, fit, table, unfitted
from tests.needs import require

from repro.digest.estimators import digest_estimator

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=3)
    | st.binary(max_size=3)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)
ZOO = tuple(unfitted())


class Colour(Enum):
    RED = 1
    BLUE = 2


class Ring:
    """An object that may hold itself."""

    def __init__(self, value):
        self.value = value
        self.next = self


# The digest that is pinned below has it; where this file lies does not count.
Ring.__module__ = "test_digest_estimators"


def ring_of_two():
    ring = Ring("a")
    ring.next = Ring("b")
    ring.next.next = ring
    return ring


@functools.cache
def fitted(name):
    return fit(unfitted()[name])


@functools.cache
def digest(name):
    return digest_estimator(fitted(name))


def in_process(hash_seed):
    script = Path(__file__).with_name("estimator_zoo.py")
    return subprocess.Popen(
        [sys.executable, str(script)],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_equal_training_in_other_processes_gives_equal_digests():
    """Neither the hash seed nor the addresses of a process count."""
    processes = [in_process(seed) for seed in ("1", "2")]
    found = [json.loads(process.communicate()[0]) for process in processes]

    assert [digests()] * 2 == found


@pytest.mark.parametrize("name", ZOO)
def test_digest_unchanged_by_use(name):
    """Predicting may count queries and fill caches; the model is the same."""
    before = digest(name)
    frame, _ = table()
    getattr(fitted(name), "predict" if hasattr(fitted(name), "predict") else "transform")(frame)

    assert before == digest_estimator(fitted(name))


@pytest.mark.parametrize("name", ZOO)
def test_digest_unchanged_by_copies(name):
    """A model that was stored and loaded, or copied, is the same model."""
    loaded = pickle.loads(pickle.dumps(fitted(name)))
    copied = copy.deepcopy(fitted(name))

    assert [digest(name)] * 2 == [digest_estimator(loaded), digest_estimator(copied)]


@pytest.mark.parametrize("name", sorted(set(ZOO) - {"function"}))
def test_digest_changes_with_a_training_row(name):
    """One more row of training data is noticed."""
    assert digest(name) != digest_estimator(fit(unfitted()[name], rows=ROWS + 1))


@pytest.mark.parametrize("name", [name for name in RANDOM if name in ZOO])
def test_fitted_state_changes_with_the_random_state(name):
    """Another seed is noticed in what was learned, not only in the parameter."""
    fits = [fit(unfitted()[name].set_params(random_state=seed))[-1] for seed in (0, 1)]
    for estimator in fits:
        estimator.set_params(random_state=0)

    assert digest_estimator(fits[0]) != digest_estimator(fits[1])


@pytest.mark.parametrize("name", ZOO)
def test_digest_changes_with_any_parameter(name):
    """Every parameter counts, before fitting too, except those that no result depends on."""
    estimator = unfitted()[name]
    before = digest_estimator(estimator)
    ignored = {"n_jobs", "verbose", "pre_dispatch"}
    counted = set(estimator.get_params(deep=False)) - ignored
    changed = {
        key
        for key in counted
        if before != digest_estimator(unfitted()[name].set_params(**{key: "?"}))
    }

    assert counted == changed


def test_workers_and_verbosity_never_count():
    """How many threads computed a forest, and what they printed, is not the forest."""
    one = fit(RandomForestClassifier(4, random_state=0))
    other = fit(RandomForestClassifier(4, random_state=0, n_jobs=2, verbose=0))
    other.set_params(memory="cache", verbose=True, randomforestclassifier__verbose=1)

    assert digest_estimator(one) == digest_estimator(other)


def test_threads_of_lightgbm_never_count():
    """Neither its keyword arguments nor its model's text bring them back in."""
    require("lightgbm")
    lightgbm = importlib.import_module("lightgbm")
    models = [
        fit(lightgbm.LGBMClassifier(n_estimators=3, **{"verbose": -1} | threads))
        for threads in ({"num_threads": 1}, {"n_jobs": 2}, {"nthread": 2, "verbosity": -2})
    ]

    assert len({digest_estimator(model) for model in models}) == 1


def test_addresses_never_count():
    """A text vectorizer stores the address of its stop words when it is used."""
    vectorizer = HashingVectorizer()
    before = digest_estimator(vectorizer)
    vectorizer.transform(["some text"])

    assert before == digest_estimator(vectorizer)


@given(one=VALUES, other=VALUES)
def test_values_agree_only_if_equal(one, other):
    """Plain values share a digest exactly when they are written alike, up to the order of keys."""
    written = [json.dumps(tagged(value), sort_keys=True) for value in (one, other)]

    assert (written[0] == written[1]) == (digest_estimator(one) == digest_estimator(other))


def tagged(value):
    if isinstance(value, dict):
        return {key: tagged(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(tagged, value)]
    return [type(value).__name__, repr(value)]


@given(value=VALUES)
def test_sharing_never_counts(value):
    """One object in two places and two equal objects are the same content."""
    assert digest_estimator([value, value]) == digest_estimator([value, copy.deepcopy(value)])


@given(keys=st.permutations(["a", "b", 1, None, ("c",)]))
def test_order_of_dictionaries_and_sets_never_counts(keys):
    """They are equal in any order; lists are not."""
    held = [dict.fromkeys(keys), set(keys), frozenset(keys)]
    backward = keys[::-1]
    reverse = [dict.fromkeys(backward), set(backward), frozenset(backward)]

    assert digest_estimator(held) == digest_estimator(reverse)


DIFFERENT = (
    *(slice(1), slice(1, 2), Colour.RED, Colour.BLUE, int, float, np.log, np.exp, len, [].append),
    *(np.float32, np.dtype("f4"), np.dtype("f8"), np.datetime64(1, "s"), np.datetime64(1, "ms")),
    *(functools.partial(max, 1), functools.partial(max, 2), functools.partial(min, 1)),
    *(np.random.RandomState(0), np.random.RandomState(1), np.random.mtrand._rand),
    *(np.random.default_rng(0), np.random.default_rng(1), np.random.MT19937(0)),
    *(
        np.array([1, None]),
        np.array([[1, None]]),
        np.array([1, 2]),
        np.array([1, [2]], dtype=object),
    ),
    *(np.ma.masked_array([1, 2], [0, 1]), np.ma.masked_array([1, 2]), bytearray(b"a"), b"a"),
    *(pd.Series([1]), pd.Index([1]), pd.DataFrame([1]), pd.array([1]), pd.NA, pd.NaT, np.nan),
    *(pd.CategoricalDtype(["a"]), pd.CategoricalDtype(["b"]), pd.Int64Dtype(), pd.Timestamp(0)),
    *(sparse.csr_array([[0, 1]]), sparse.csr_array([[0, 2]]), sparse.csr_array([[0], [1]])),
    *(sparse.csc_array([[0, 1]]), sparse.csr_matrix([[0, 1]]), Ring(1), Ring(2)),
)


def test_no_two_kinds_agree():
    """Values of every kind that estimators hold are told apart."""
    assert len(DIFFERENT) == len({digest_estimator(value) for value in DIFFERENT})


def test_values_under_a_mask_never_count():
    """The results of a search are masked arrays."""
    one, other = (np.ma.masked_array([1, under], [False, True]) for under in (2, 3))

    assert digest_estimator(one) == digest_estimator(other)


def test_sparse_matrices_count_by_their_entries():
    """In which order entries were added, and in how many parts, is not content."""
    one = sparse.csr_array(([1, 2], [0, 1], [0, 2]))
    parts = sparse.csr_array(([2, 3, -2], [1, 0, 0], [0, 3]))

    assert digest_estimator(one) == digest_estimator(parts)


def test_sparse_matrices_are_left_alone():
    """Entries are sorted in a copy."""
    matrix = sparse.csr_array(([2, 3, -2], [1, 0, 0], [0, 3]))
    digest_estimator(matrix)

    assert matrix.indices.tolist() == [1, 0, 0]


def test_the_global_generator_counts_as_itself():
    """Whoever draws next must not change a model that was fitted before."""
    before = digest_estimator(np.random.mtrand._rand)
    np.random.random()  # noqa: NPY002 - the point of the test

    assert before == digest_estimator(np.random.mtrand._rand)


def test_cycles_end():
    """A ring counts by its length and its values, from where it is entered."""
    assert digest_estimator(Ring(1)) == digest_estimator(Ring(1))
    assert digest_estimator(Ring(1)) != digest_estimator(ring_of_two())
    assert digest_estimator(ring_of_two()) != digest_estimator(ring_of_two().next)


def test_sharing_within_cycles_never_counts():
    """Where a cycle was entered before does not change what it looks like from elsewhere."""
    shared = ring_of_two()
    copies = [ring_of_two(), ring_of_two().next]

    assert digest_estimator(copies) == digest_estimator([shared, shared.next])


@pytest.mark.parametrize("unknown", [lambda x: x, (i for i in ()), sys, sys.stdout.buffer])
def test_unknown_parts_are_named_with_their_path(unknown):
    """What has no canonical form is refused, and the message says where it is."""
    pipeline = make_pipeline(FunctionTransformer(unknown), LogisticRegression())

    with pytest.raises(TypeError, match=r"^steps\[0\]\[1\]\.func, of type \w+, has no digest: "):
        digest_estimator(pipeline)


def test_too_deep_nesting_is_refused():
    """A chain of objects without end is an error with a name."""
    chain = None
    for _ in range(5000):
        chain = [chain]

    with pytest.raises(TypeError, match="nested too deeply"):
        digest_estimator(chain)


def test_estimator_digests_are_pinned():
    """A change of the encoding is noticed."""
    held = {"a": [1, 2.5, "x", None, True], 3: (np.arange(3), {"s"}), "f": np.log1p, "d": Ring(0)}
    expected = "estimator/v1:7be9093a430fde7e6a6257240bc9977c484cbcd18350ea93c20332d91bcacbcf"

    assert expected == digest_estimator(held)
