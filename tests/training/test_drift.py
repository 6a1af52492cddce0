"""Drift: sampling alone is no alarm, a real shift is one, and no identifier is written down."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from tests.training.in_process import config, family, run, text

from repro.app.drift import _required
from repro.config.data import Columns, Task
from repro.config.training import Drift, Features
from repro.core.baseline import DriftBaseline
from repro.core.errors import DataError
from repro.core.jsonfile import dump_record, load_record
from repro.training.drift import drift_baseline, measure
from repro.training.recurrence import Leakage, Recurrence

SETTINGS = Drift(bins=10, epsilon=1e-4, warning=0.1, alarm=0.25)


def describe(frame, drop=(), identifiers=()):
    """Describe all rows, as a run writes and reads it."""
    numeric = [name for name in frame.columns if frame[name].dtype == np.float64]
    leaking = Leakage({}, {name: Recurrence(1, 1, 1, 1.0) for name in identifiers}, None)
    features = Features(derived=(), drop=tuple(drop))
    made = drift_baseline(frame, numeric, np.arange(len(frame)), SETTINGS, features, leaking)
    return load_record(dump_record(made), "drift_baseline.json", DriftBaseline)


def levels(random, rows, count, skew=0.0):
    """Draw categories; their shares are even, or fall off."""
    weights = np.exp(-skew * np.arange(count) / count)
    drawn = random.choice(count, rows, p=weights / weights.sum())
    return pd.DataFrame({"c": text([f"level {i}" for i in drawn])})


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("count", "rows", "new"), [(300, 1000, 1000), (300, 1000, 100), (50, 200, 60), (3, 60, 15)]
)
def test_sampling_alone_is_no_alarm(seed, count, rows, new):
    """Many categories or few rows have a large index though nothing moved."""
    random = np.random.RandomState(seed)
    baseline = describe(levels(random, rows, count, skew=2.0))

    found = measure(baseline, levels(random, new, count, skew=2.0))[0]

    assert found.level == "stable"
    assert (found.psi > SETTINGS.alarm) == (count >= 50)


@pytest.mark.parametrize("new", [12, 40, 400])
@pytest.mark.parametrize("features", [1, 30])
def test_few_new_rows_of_numbers_are_no_alarm(new, features):
    """However many features: all of them together rarely exceed what chance gives."""
    random = np.random.RandomState(new)
    before, after = random.randn(500, features), random.randn(new, features)
    names = [f"x{i}" for i in range(features)]
    baseline = describe(pd.DataFrame(before, columns=names))

    found = measure(baseline, pd.DataFrame(after, columns=names))

    assert {drift.level for drift in found} == {"stable"}


def test_what_chance_gives_is_what_repeated_sampling_gives():
    """Between the mean of the index over many draws of both samples and its greatest value."""
    random = np.random.RandomState(0)
    drawn = [
        measure(describe(levels(random, 300, 60)), levels(random, 200, 60))[0] for _ in range(40)
    ]

    indices, chances = [d.psi for d in drawn], [d.chance for d in drawn]
    assert np.mean(indices) < min(chances)
    # One false alarm in a thousand files is far out, and still of the order of the index.
    assert max(indices) < max(chances) < 3 * np.mean(indices)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (lambda r: levels(r, 1000, 300, 3.0), lambda r: levels(r, 1000, 300, -3.0)),
        (lambda r: levels(r, 1000, 300), lambda r: levels(r, 1000, 40)),
        (lambda r: levels(r, 1000, 300), lambda r: levels(r, 60, 5)),
        (lambda r: levels(r, 500, 4), lambda r: levels(r, 500, 4, 6.0)),
        (lambda r: levels(r, 500, 4), lambda r: pd.DataFrame({"c": text(["new"] * 20)})),
        (lambda r: levels(r, 500, 4), lambda r: pd.DataFrame({"c": text([None] * 20)})),
        (
            lambda r: pd.DataFrame({"c": r.randn(500)}),
            lambda r: pd.DataFrame({"c": r.randn(30) + 3}),
        ),
        (
            lambda r: pd.DataFrame({"c": r.randn(500)}),
            lambda r: pd.DataFrame({"c": [np.nan] * 15}),
        ),
    ],
)
def test_a_real_shift_is_an_alarm(before, after):
    """Also of many categories, and in few rows."""
    random = np.random.RandomState(1)
    baseline = describe(before(random))

    assert measure(baseline, after(random))[0].level == "alarm"


@pytest.mark.parametrize(
    "values",
    [
        [1e300, -1e300],
        [1.7976931348623157e308, -1.7976931348623157e308],
        [-1.7976931348623157e308],
        [5e-324, 0.0, -5e-324],
        [0.0, -0.0],
        [np.nan, 1.0],
        [1e300, 1.0, 2.0],
        [np.inf, 1.0, -np.inf],
    ],
)
def test_extreme_values_have_a_baseline(values):
    """Which is written and read; the same rows do not move, and others do."""
    frame = pd.DataFrame({"a": np.resize(values, 60)})
    baseline = describe(frame)

    same, moved = measure(baseline, frame)[0], measure(baseline, pd.DataFrame({"a": [3.0] * 60}))[0]

    assert (same.psi, same.level) == (0.0, "stable")
    assert moved.level == "alarm"


def test_ordinary_bins_are_quantiles():
    """As NumPy has them."""
    values = np.random.RandomState(0).randn(200)

    edges = describe(pd.DataFrame({"a": values})).features["a"].edges

    inner = np.quantile(values, np.linspace(0, 1, 11)[1:-1])
    assert edges == (np.nextafter(values.min(), -np.inf), *inner, values.max())


def test_many_categories_are_written_as_digests():
    """SHA-256 of each, which anybody can make; few categories keep their names."""
    many = text([f"person {i}" for i in range(40)] * 5)
    frame = pd.DataFrame({"many": many, "few": text(["red", "green"] * 100)})

    baseline = describe(frame)

    written = dump_record(baseline).decode()
    assert "person" not in written
    assert hashlib.sha256(b"person 7").hexdigest() in baseline.features["many"].shares
    assert set(baseline.features["few"].shares) == {"red", "green"}
    assert [d.psi for d in measure(baseline, frame)] == [0.0, 0.0]


IDS = np.random.RandomState(5).permutation(400)
SECRET = {
    "text ids": text([f"customer-{i}" for i in IDS]),
    "notes": text([f"called on day {i}, was angry" for i in IDS]),
    "counter": IDS + 1.0,
    "long ids": IDS * 7919.0 + 10**9,
    "six digits": IDS * 1999.0 + 10**5,
    "repeated long ids": np.repeat(IDS[:80], 5) * 7919.0 + 10**9,
    "moments": np.repeat(IDS[:80], 5) * 86400.0 + 1.7e9,
}
ORDINARY = {
    "heights": np.random.RandomState(1).randn(400),
    "ages": np.random.RandomState(1).randint(18, 90, 400).astype(float),
    "incomes": np.round(np.exp(np.random.RandomState(1).randn(400) * 2 + 9)),
    "whole beyond 2**53": np.random.RandomState(1).randn(400) * 1e30,
    "towns": text([f"town {i % 60}" for i in range(400)]),
    "constant": np.full(400, 3.0),
    "empty but one": np.r_[1.0, np.full(399, np.nan)],
}


@pytest.mark.parametrize("kind", [*SECRET, *ORDINARY])
def test_identifiers_are_not_described_and_ordinary_columns_are(kind):
    """By what the values look like."""
    frame = pd.DataFrame({"column": (SECRET | ORDINARY)[kind], "other": np.arange(400) / 7})

    assert ("column" in describe(frame).features) == (kind in ORDINARY)


def test_dropped_columns_and_found_identifiers_are_not_described():
    """Neither judged nor required."""
    random = np.random.RandomState(0)
    frame = pd.DataFrame(random.randn(100, 4), columns=list("abcd"))

    baseline = describe(frame, drop=["a"], identifiers=["b"])

    assert list(baseline.features) == ["c", "d"]
    assert [d.feature for d in measure(baseline, frame[["c", "d"]])] == ["c", "d"]


@pytest.mark.parametrize(("rows", "drop"), [(0, ()), (5, ("a", "b"))])
def test_nothing_to_measure_is_refused(rows, drop):
    """A check that compares nothing passes nothing."""
    frame = pd.DataFrame({"a": np.arange(50.0) / 3, "b": np.arange(50.0) / 7})

    with pytest.raises(DataError, match="there is no"):
        measure(describe(frame, drop=drop), frame.head(rows))


@pytest.mark.parametrize(
    ("numeric", "categorical", "ignored", "expected"),
    [
        (["a", "b"], ["c"], [], (["a"], ["c"], ["b"])),
        (["*"], [], [], (["*"], [], ["b"])),
        (["a", "b*"], ["c"], ["z"], (["a"], ["c"], ["z", "b", "b*"])),
        (["[ab]"], ["c", "who"], [], (["[ab]"], ["c"], ["b", "who"])),
        (["a", "x[1]"], ["c"], [], (["a", "x[1]"], ["c"], ["b"])),
    ],
)
def test_only_what_is_measured_is_required(numeric, categorical, ignored, expected):
    """Names and patterns of columns that were dropped or are identifiers become ignored ones."""
    dataset = config(Task.REGRESSION).dataset.model_copy(
        update={
            "columns": Columns(
                numeric=tuple(numeric), categorical=tuple(categorical), ignored=tuple(ignored)
            )
        }
    )

    found = _required(dataset, ["a", "c", "x[1]"], ["b"]).columns

    assert tuple(map(list, (found.numeric, found.categorical, found.ignored))) == expected


def test_a_run_writes_no_value_of_what_it_dropped():
    """Nor of the identifiers among what it trained on."""
    random = np.random.RandomState(0)
    table = pd.DataFrame(
        {
            "x": random.randn(200),
            "note": text([f"secret {i}" for i in range(200)]),
            "who": text([f"patient {i // 4}" for i in range(200)]),
        }
    )
    target = random.randint(0, 2, 50)[np.arange(200) // 4].astype(str)
    settings = config(
        Task.BINARY,
        "1",
        {"bayes": family("sklearn.naive_bayes:GaussianNB")},
        decision={"rule": "argmax"},
        features={"drop": ["note"]},
    )

    made = run(settings, table, target)

    written = json.dumps(made.baseline.model_dump(mode="json"))
    assert list(made.baseline.features) == ["x"]
    assert "secret" not in written
    assert "patient" not in written
