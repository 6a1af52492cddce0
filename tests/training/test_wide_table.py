"""Sixty columns of every kind: encoded as configured, sparse, and in little memory."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from tests.conftest import ROOT
from tests.training import in_process, wide_table

from repro.core.encoded import Encoded
from repro.core.evidence import evidence_of, metrics_of
from repro.training.wide import side_by_side

ROWS = 8000
PARTS = ("month", "day_of_week", "days")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory differently")
def test_training_takes_less_than_three_times_the_memory_of_the_table(tmp_path):
    """Beyond the imports, and the table itself included; measured in a process of its own."""
    path = tmp_path / "table.pkl"
    pd.to_pickle(wide_table.table(ROWS), path)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.training.wide_table", path],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)

    assert found["data"] > 10e6
    assert found["width"] > 5 * wide_table.LEVELS // 3
    assert found["more"] < 3 * found["data"], found
    # One row of the dense matrix is a number for each column.
    assert found["more"] < ROWS * found["width"] * 8 / 5


def test_thousands_of_one_hot_columns_stay_sparse_and_all_columns_have_names():
    """By group, column and value; and the model takes the matrix as it is."""
    frame, target = wide_table.table(900)
    training = in_process.run(wide_table.config(), frame, target, numeric=wide_table.NUMBERS)
    steps = training.model["preprocess"]

    matrix = steps.transform(training.model["derive"].transform(frame))
    assert sparse.issparse(matrix)
    assert matrix.shape == (900, len(steps.names_))
    assert len({*steps.names_}) == len(steps.names_)
    assert steps.names_[0] == "number00"
    wanted = ["dates/date00_days", "target/city00", "hashed/hash_255", "codes/kind03"]
    assert {*wanted, "words/note01_word7"} <= {*steps.names_}


def test_the_record_names_the_features_and_keeps_back_values_of_many():
    """By group; what many categories and words are called is in no record."""
    frame, target = wide_table.table(600)
    training = in_process.run(wide_table.config(), frame, target, numeric=wide_table.NUMBERS)
    found = training.metrics.features
    steps = training.model["preprocess"]

    assert sum(each.made for each in found.values()) == len(steps.names_)
    assert found["numeric"].names == tuple(wide_table.NUMBERS)
    parts = [f"dates/{name}_{part}" for name in wide_table.DATES for part in PARTS]
    assert found["dates"] == Encoded(columns=tuple(wide_table.DATES), made=18, names=tuple(parts))
    assert found["codes"].names == tuple(f"codes/{name}" for name in wide_table.KINDS[:4])
    for name in ("categorical", "hashed", "words"):
        assert (found[name].names, found[name].made > 100) == ((), True)
    evidence = evidence_of(training.metrics)
    assert metrics_of(evidence) == training.metrics
    text = evidence.model_dump_json()
    assert not re.search(r"city\d\d_\d|word\d", text)


def test_common_steps_name_what_they_hand_on_and_no_value():
    """A selected word or city is a value, and stays unnamed."""
    frame, target = wide_table.table(300)
    best = wide_table.step("best", "sklearn.feature_selection:SelectKBest", k=60)
    settings = wide_table.config()
    steps = settings.preprocessing.model_dump(mode="json") | {"then": [best]}
    config = type(settings).model_validate_json(
        json.dumps(settings.model_dump(mode="json", by_alias=True) | {"preprocessing": steps})
    )
    found = in_process.run(config, frame, target, numeric=wide_table.NUMBERS).metrics.features

    assert found["then"].made == 60
    assert 0 < len(found["then"].names) < 60
    assert "number00" in found["then"].names
    assert not re.search(r"city\d\d_\d|word\d", " ".join(found["then"].names))


@pytest.mark.parametrize("seed", range(5))
def test_side_by_side_is_what_scipy_gives(seed):
    """Values, positions and types, with rows and blocks without an entry."""
    draw = np.random.default_rng(seed)
    blocks = [
        sparse.csr_matrix(draw.integers(0, 3, (7, width)) * (draw.random((7, width)) < share))
        for width, share in ((3, 0.5), (1, 0.0), (5, 0.9), (4, 0.2))
    ]
    blocks[0] = blocks[0].astype(float if seed % 2 else int)

    made, expected = side_by_side(blocks), sparse.hstack(blocks, format="csr")

    assert (made.dtype, made.shape) == (expected.dtype, expected.shape)
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(made, part), getattr(expected, part))
        assert getattr(made, part).dtype == getattr(expected, part).dtype
