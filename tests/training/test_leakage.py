"""What stands on both sides of the split is found; ordinary columns are not accused."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from tests.training.in_process import base, config, family, run, text

from repro.config.data import Task
from repro.config.splits import GroupSplit
from repro.training.alike import Alike, Sides, ordered_codes
from repro.training.leakage import suspect_features
from repro.training.scoring import Outcome

SAFETY = base().safety


def find(table, target, seed=0):
    """Split at random and look."""
    random = np.random.RandomState(seed)
    regression = target.dtype == np.float64
    classes = () if regression else tuple(np.unique(target))
    task = Task.REGRESSION if regression else Task.MULTICLASS
    rows = random.permutation(len(target))
    held = len(target) // 4
    train, test = np.sort(rows[held:]), np.sort(rows[:held])
    folds = random.permutation(np.arange(len(train)) % 3)
    outcome, seeds = Outcome(task, classes, None), {"leakage/tree": 1}
    return suspect_features(table, target, outcome, train, test, folds, SAFETY, seeds), train, test


def noise(rows, columns=3, seed=9):
    values = np.random.RandomState(seed).randn(rows, columns)
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(columns)])


def flipped(rows=1200, wrong=8):
    """A target of two classes, and one that differs from it in a few rows."""
    random = np.random.RandomState(5)
    target = random.randint(0, 2, rows)
    other = target.copy()
    other[random.permutation(rows)[:wrong]] ^= 1
    return target, other


@pytest.mark.parametrize(
    "shape",
    [
        lambda y: 1700000000 + y,
        lambda y: 1e15 + y,
        lambda y: y * 1e-300,
        lambda y: y * 1e300 - 5e299,
        lambda y: np.where(y, 3.5e38, 1.7e308),
        lambda y: -y + 2.0**52,
        lambda y: np.where(y, np.nan, 7.0),
    ],
)
def test_a_feature_that_knows_the_target_is_seen_at_any_magnitude(shape):
    """Also beyond seven digits, and beyond what a float of 32 bits holds."""
    target, other = flipped()
    table = noise(1200).assign(leak=shape(other.astype(np.float64)))

    found = find(table, target.astype(str))[0]

    assert list(found.features) == ["leak"]
    assert found.features["leak"] == pytest.approx(1192 / 1200, abs=0.004)


@pytest.mark.parametrize("levels", [2, 50, 200])
def test_a_category_that_knows_the_target_is_seen_whatever_its_names(levels):
    """Names whose order says nothing, more of them than a small tree has leaves."""
    random = np.random.RandomState(levels)
    place = random.randint(0, levels, 2400)
    of_level = random.permutation(np.arange(levels) % 2)
    table = noise(2400).assign(leak=text([f"level {i * 7919 % levels}" for i in place]))

    assert "leak" in find(table, of_level[place].astype(str))[0].features


@pytest.mark.parametrize("length", [10_000, 100_000])
def test_one_long_cell_costs_its_own_size(length):
    """No array has the width of its longest text: 1,200 such cells would be half a gigabyte."""
    random = np.random.RandomState(0)
    words = [*random.choice(["a", "b", "c"], 1199), "z" * length]
    table, target = noise(1200).assign(words=text(words)), random.choice(["n", "y"], 1200)
    find(table.head(300), target[:300])

    tracemalloc.start()
    found = find(table, target)[0]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found.features == {}
    assert peak < 10 * 2**20


def patients(values, constant=1.0, rows_each=5, seed=2):
    """Some rows of each patient, whose label is the patient's own, as a rule."""
    random = np.random.RandomState(seed)
    place = np.repeat(np.arange(len(values)), rows_each)
    label = random.randint(0, 2, len(values))[place]
    label = np.where(random.rand(len(place)) < constant, label, random.randint(0, 2, len(place)))
    return noise(len(place)).assign(who=np.asarray(values)[place]), label, place


NUMBERS = np.random.RandomState(1).permutation(300)


@pytest.mark.parametrize(
    "values",
    [
        text([f"P{i:04d}" for i in NUMBERS]),
        text([f"{i * 2654435761 % 2**32:08x}" for i in NUMBERS]),
        NUMBERS.astype(np.float64),
        NUMBERS * 7919.0 + 10**9,
        np.random.RandomState(3).randint(10**9, 10**15, 300).astype(np.float64),
        -1.0 - NUMBERS,
    ],
    ids=["text", "hash", "from zero", "long", "longer", "negative"],
)
@pytest.mark.parametrize("constant", [1.0, 0.9])
@pytest.mark.parametrize("task", ["two classes", "three classes", "regression"])
def test_an_identifier_on_both_sides_is_found(values, constant, task):
    """Numbers and text, labels that are always or mostly the patient's own."""
    table, label, place = patients(values, constant)
    target = label.astype(str)
    if task == "three classes":
        target = np.where(label == 1, (place % 2 + 1).astype(str), "0")
    if task == "regression":
        own = np.random.RandomState(8).randn(300)[place]
        target = own + (1 - constant) * np.random.RandomState(7).randn(len(own))

    found, train, test = find(table, target)

    who = table["who"].to_numpy(dtype=object)
    both = sum(value in set(who[train]) for value in who[test])
    assert list(found.identifiers) == ["who"]
    assert (found.identifiers["who"].held_out, found.identifiers["who"].total) == (both, len(test))
    assert found.identifiers["who"].values == len(set(who[train]))


def ordinary():
    """Columns with many values that are no identifiers, and a target that depends on them."""
    random = np.random.RandomState(4)
    rows = 2000
    effect = random.randn(300)
    region = random.randint(0, 300, rows)
    age, income = random.randint(18, 80, rows), np.round(np.exp(random.randn(rows) + 5))
    table = pd.DataFrame(
        {
            "age": age.astype(float),
            "income": income,
            "region": text([f"region {i}" for i in region]),
            "code": region.astype(float),
            "state": text([f"S{i}" for i in random.randint(0, 50, rows)]),
            "row": np.arange(rows, dtype=float),
            "serial": text([f"{i:06d}" for i in random.permutation(rows)]),
            "price": np.round(random.rand(rows) * 40, 1),
        }
    )
    return table, age / 20 + np.log(income) + effect[region] + random.randn(rows)


@pytest.mark.parametrize("task", ["two classes", "four classes", "regression"])
def test_ordinary_columns_are_not_accused(task):
    """Ages, incomes, regions with an effect of their own, row numbers, rounded prices."""
    table, score = ordinary()
    target = score if task == "regression" else np.where(score > np.median(score), "y", "n")
    if task == "four classes":
        target = np.digitize(score, np.quantile(score, [0.25, 0.5, 0.75])).astype(str)

    found = find(table, target)[0]

    assert (found.features, found.identifiers, found.identical) == ({}, {}, None)


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine, load_diabetes, load_iris])
def test_the_shipped_data_sets_are_not_accused(load):
    """Nothing is found in what everybody trains on."""
    data = load(as_frame=True)
    regression = load is load_diabetes
    target = data.target.to_numpy(dtype=float) if regression else data.target.to_numpy().astype(str)

    found = find(data.data.astype(float), target)[0]

    assert (found.features, found.identifiers) == ({}, {})
    if load is not load_iris:  # which has a flower twice
        assert found.identical is None


@pytest.mark.parametrize("copies", [20, 100, 400])
@pytest.mark.parametrize("kind", ["numbers", "text", "missing"])
def test_identical_rows_on_both_sides_are_counted(copies, kind):
    """By every feature, missing values among them; as pandas counts them."""
    table = noise(600)
    if kind == "text":
        table["word"] = text([f"w{i % 7}" for i in range(600)])
    if kind == "missing":
        table.loc[table.index % 3 == 0, "x1"] = np.nan
    table = pd.concat([table, table.iloc[:copies]], ignore_index=True)
    target = np.random.RandomState(0).choice(["n", "y"], len(table))

    found, train, test = find(table, target)

    known = set(map(tuple, table.iloc[train].astype(str).to_numpy()))
    expected = sum(tuple(row) in known for row in table.iloc[test].astype(str).to_numpy())
    assert (found.identical.held_out, found.identical.total) == (expected, len(test))
    assert (found.features, found.identifiers) == ({}, {})


CELLS = st.one_of(st.none(), st.sampled_from([0.0, 1.5, -2.0, 7.0]))


@settings(deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=4, max_size=40), st.randoms())
def test_values_and_rows_on_both_sides_are_those_of_sets(rows, random):
    """Missing values stand on both sides only as a part of whole rows."""
    table = pd.DataFrame(rows, columns=["a", "b"], dtype=np.float64)
    order = random.sample(range(len(rows)), len(rows))
    train, test, left_out = order[2 : len(rows) - 1], order[:2], order[-1]
    sides = Sides(np.array(train), np.array(test))

    alike = Alike(len(rows), sides)
    for place, name in enumerate(table):
        codes = ordered_codes(table[name])
        alike.add(codes)
        known = [rows[row][place] for row in train]
        found = sides.recurrence(codes)
        held_out = [row for row in test if rows[row][place] is not None]
        assert found.held_out == sum(rows[row][place] in known for row in held_out)
        assert (found.total, found.values) == (2, len(set(known)))

    used = [rows[row] for row in (*train, *test)]
    twice = alike.found()[1]
    assert [bool(twice[row]) for row in (*train, *test)] == [used.count(row) > 1 for row in used]
    assert bool(twice[left_out]) == (used.count(rows[left_out]) > 1)


def test_rows_that_chance_makes_alike_are_no_finding():
    """Four columns of three values each have 81 combinations: rows repeat without being copies."""
    random = np.random.RandomState(0)
    table = pd.DataFrame(random.randint(0, 3, (500, 4)).astype(float), columns=list("abcd"))

    assert find(table, random.choice(["n", "y"], 500))[0].identical is None


def test_a_large_table_is_sampled_by_seed():
    """The same rows for the same seed, and no more than are needed."""
    table = noise(40_000, 2)
    target = np.where(table["x0"] > 0, "y", "n")

    first, again = find(table, target)[0], find(table, target)[0]

    assert first == again
    assert list(first.features) == ["x0"]


def test_findings_say_what_was_found_and_what_to_do():
    """With the column, the counts and the share."""
    table, label, _ = patients(text([f"P{i}" for i in range(300)]))
    table = pd.concat([table, table.iloc[:100]], ignore_index=True)
    label = np.concatenate([label, label[:100]])
    settings = config(
        Task.BINARY,
        "1",
        {"bayes": family("sklearn.naive_bayes:GaussianNB")},
        decision={"rule": "argmax"},
        split={"limit": None},
    )

    made = run(settings, table, label.astype(str))

    said = {found.kind: found.message for found in made.metrics.findings}
    assert "'who' looks like an identifier: 300 values" in said["identifier"]
    assert "--set split.kind=group --set split.by=who" in said["identifier"]
    assert "held-out rows" in said["identical_rows"]


def visits(aside, drawn=True):
    """Ten rows of each of 60 patients, whose label is a coin's; the columns are no features."""
    random = np.random.RandomState(4)
    who = np.repeat(np.arange(60), 10)
    table = pd.DataFrame(
        random.randn(60, 3)[who] + 0.05 * random.randn(600, 3), columns=list("abc")
    )
    target = random.choice(["no", "yes"], 60)[who]
    split = {} if drawn else {"kind": "group", "by": "who", "test_size": 0.25, "limit": None}
    settings = config(
        Task.BINARY,
        "yes",
        {"forest": family("sklearn.ensemble:RandomForestClassifier", n_estimators=30)},
    )
    if split:
        settings = settings.model_copy(update={"split": GroupSplit(**split)})
    ignored = pd.DataFrame({name: make(who, random) for name, make in aside.items()})
    return run(settings, table, target.astype(str), ignored=ignored)


ASIDE = {
    "who": lambda who, _: text([f"p{number}" for number in who]),
    "weather": lambda who, random: random.randn(len(who)),
    "visited": lambda who, random: text(
        pd.to_datetime(random.randint(0, 10**9, len(who)), unit="s").strftime("%Y-%m-%d").tolist()
    ),
}


def test_a_group_of_rows_that_is_no_feature_is_named_with_its_split():
    """Random labels of patients are learned by heart, unless each is on one side."""
    drawn, grouped = visits(ASIDE), visits(ASIDE, drawn=False)
    said = {finding.kind: finding.message for finding in drawn.metrics.findings}
    honest = grouped.metrics.test["roc_auc"]

    assert drawn.metrics.test["roc_auc"].value > 0.98
    assert "the column 'who', which is no feature, groups rows: 60 values" in said["group"]
    assert said["group"].endswith(": --set split.kind=group --set split.by=who")
    assert "the column 'visited' has dates" in said["time_column"]
    assert honest.low < 0.5 < honest.high
    assert not {"group", "time_column", "identical_rows"} & {
        finding.kind for finding in grouped.metrics.findings
    }


@pytest.mark.parametrize("column", ["weather", "constant", "own"])
def test_an_ordinary_column_beside_the_features_is_not_accused(column):
    """Nor is one that is different in every row."""
    made = {
        **ASIDE,
        "constant": lambda who, _: np.zeros(len(who)),
        "own": lambda who, _: text([f"r{number}" for number in range(len(who))]),
    }
    found = visits({column: made[column]}).metrics.findings

    assert not {"group", "time_column"} & {finding.kind for finding in found}


@pytest.mark.parametrize(
    "values",
    [
        lambda n: f"2024-13-{1 + n % 31:02}",
        lambda n: f"{1 + n % 31:02}.01.20{n % 90:02}",
        lambda _: "2024-01-31",
    ],
)
def test_what_is_no_date_is_no_time_column(values):
    """A thirteenth month, a date whose year is last, and one date in every row."""
    made = {"when": lambda who, _: text([values(n) for n in range(len(who))])}

    assert "time_column" not in {f.kind for f in visits(made).metrics.findings}


def test_a_dropped_feature_that_groups_rows_is_still_named():
    """To drop the identifier does not separate the rows."""
    random = np.random.RandomState(4)
    who = np.repeat(np.arange(60), 10)
    table = pd.DataFrame(random.randn(60, 3)[who] + 0.05 * random.randn(600, 3))
    table.columns = list("abc")
    table["who"] = who.astype(float)
    target = random.choice(["no", "yes"], 60)[who].astype(str)
    tree = family("sklearn.tree:DecisionTreeClassifier", max_depth=9)
    settings = config(Task.BINARY, "yes", {"tree": tree}, features={"drop": ["who"]})
    found = run(settings, table, target).metrics.findings

    assert ["'who'" in each.message for each in found if each.kind == "group"] == [True]
