"""A project whose rows are of patients, from the finding to a split that keeps them together.

Each command goes on working with a split by a column: train, verify, compare, explain, report,
reference, predict and drift.
"""

import csv
import hashlib
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupShuffleSplit
from tests.conftest import command, make_project

from repro.seeding import derive

EXPERIMENT = """schema: repro.experiment/v1
description: Labels of patients that a coin decided.
task: binary
dataset: visits
families: [random_forest]
models: {random_forest: {params: {n_estimators: 30}}}
selection: {metric: roc_auc}
"""
GROUPED = """schema: repro.overlay/v1
split: {kind: group, by: patient}
"""
ENTRY = """  visits:
    description: visits
    source: {{kind: file, path: data/visits.csv, format: csv}}
    sha256: "{sha256}"
    target: y
    positive: "yes"
    columns: {{numeric: [a, b, c, age], categorical: [], ignored: [patient, visited]}}
    missing: []
    licence: MIT
    origin: made up
"""


def visits():
    """Eight visits of each of 100 patients; nothing but the patient knows the label."""
    draw = np.random.default_rng(1)
    who = draw.permutation(np.repeat(np.arange(100), 8))
    values = draw.normal(size=(100, 3))[who] + 0.05 * draw.normal(size=(800, 3))
    frame = pd.DataFrame(values.round(6), columns=list("abc"))
    frame["age"] = draw.integers(20, 90, 100)[who] + draw.integers(0, 3, 800)
    frame["patient"] = [f"p{number:03}" for number in who]
    days = pd.to_datetime(draw.integers(0, 10**8, 800) + 1_600_000_000, unit="s")
    frame["visited"] = days.strftime("%Y-%m-%dT%H:%M:%S")
    frame["y"] = draw.choice(["no", "yes"], 100)[who]
    return frame


def prepared(folder):
    made = make_project(folder / "project")
    content = visits().to_csv(index=False).encode()
    (made.path / "data" / "visits.csv").write_bytes(content)
    made.write("configs/experiments/visits.yaml", EXPERIMENT)
    made.write("grouped.yaml", GROUPED)
    registry = made.path / "configs" / "datasets.yaml"
    entry = ENTRY.format(sha256=hashlib.sha256(content).hexdigest())
    registry.write_text(registry.read_text() + entry)
    return made


@pytest.fixture(scope="module")
def patients(tmp_path_factory):
    """A project with a random split and a split by patient; only to be read."""
    made = prepared(tmp_path_factory.mktemp("patients"))
    return made, made.train("visits"), made.train("visits", "-f", "grouped.yaml")


def metrics(run):
    return json.loads((run / "metrics.json").read_text())


def held_out(run):
    with (run / "predictions.csv").open(newline="") as file:
        return [int(row["row"]) for row in csv.DictReader(file)]


def column(run, name):
    with (run / "predictions.csv").open(newline="") as file:
        return np.array([row[name] for row in csv.DictReader(file)])


def test_random_labels_of_patients_are_learned_unless_each_is_on_one_side(patients):
    """The finding of the first run names the column and the split of the second one."""
    _, drawn, grouped = patients
    found = {each["kind"]: each["message"] for each in metrics(drawn)["findings"]}
    honest = metrics(grouped)["test"]["roc_auc"]

    assert metrics(drawn)["test"]["roc_auc"]["value"] > 0.98
    assert "the column 'patient', which is no feature" in found["group"]
    assert "--set split.kind=group --set split.by=patient" in found["group"]
    assert honest["low"] < 0.5 < honest["high"]
    assert "group" not in {each["kind"] for each in metrics(grouped)["findings"]}


def test_the_held_out_rows_are_those_of_scikit_learn_with_the_named_seed(patients):
    """``split/rows`` of the experiment's seed."""
    groups = visits()["patient"].to_numpy(dtype=str)
    splitter = GroupShuffleSplit(test_size=0.25, random_state=derive(42, "split", "rows"))

    assert held_out(patients[2]) == next(splitter.split(groups, groups=groups))[1].tolist()


def test_a_run_is_verified_and_compared_with_its_split(patients):
    """A run agrees with itself, and differs in its split from one that draws rows."""
    made, drawn, grouped = patients
    verified = made.repro("verify", grouped, "--json")
    explained = made.repro("explain", grouped)
    compared = made.repro("compare", drawn, grouped)

    assert (verified.status, verified.json["sentence"].split(":")[0]) == (0, "identical")
    assert compared.status == 1
    assert "split differs" in compared.out
    assert explained.status == 0, explained.err


def test_a_reference_of_a_split_by_a_column_is_verified(patients):
    """From its own configuration alone."""
    made, _, grouped = patients
    exported = made.repro("reference", grouped, "-o", "grouped.json")
    verified = made.repro("verify", "grouped.json", "--json")

    assert exported.status == 0, exported.err
    assert (verified.status, verified.json["sentence"].split(":")[0]) == (0, "identical")


def test_reports_say_how_rows_were_held_out(patients):
    """Of a group, as of a draw by class."""
    _, drawn, grouped = patients

    assert "| held out | 0.25, stratified by class |" in (drawn / "report.md").read_text()
    assert "| held out | 0.25, group by patient |" in (grouped / "report.md").read_text()


def test_later_rows_need_no_column_that_rows_were_split_by(patients, tmp_path):
    """For a group that is ignored, and for one that is declared a feature."""
    made, _, grouped = patients
    by_age = made.train("visits", "--set", "split.kind=group", "--set", "split.by=age")
    visits()[["a", "b", "c", "age"]].to_csv(tmp_path / "later.csv", index=False)
    visits()[["a", "b", "c"]].to_csv(tmp_path / "ageless.csv", index=False)
    results = [
        made.repro(verb, run.name, tmp_path / file, *more)
        for run, file in ((grouped, "later.csv"), (by_age, "ageless.csv"))
        for verb, more in (("predict", ("-o", tmp_path / f"{run.name}.csv")), ("drift", ()))
    ]

    assert [result.status for result in results] == [0, 0, 0, 0], [each.err for each in results]
    assert metrics(by_age)["test"].keys() == metrics(grouped)["test"].keys()


@pytest.mark.parametrize(
    "split",
    [
        "{kind: stratified_group, by: patient}",
        "{kind: time, by: visited, gap: 10}",
        "{kind: group, by: patient, limit: 400}",
        "{kind: time, by: age, as_feature: true}",
    ],
)
def test_every_kind_is_verified(patients, split):
    """By a second training."""
    made, _, _ = patients
    made.write("other.yaml", f"schema: repro.overlay/v1\nsplit: {split}\n")
    run = made.train("visits", "-f", "other.yaml")
    verified = made.repro("verify", run, "--json")

    assert (verified.status, verified.json["sentence"].split(":")[0]) == (0, "identical")


def test_an_ignored_column_is_no_feature(patients):
    """Until the data set gives it a role."""
    settings = ("split.kind=group", "split.by=patient", "split.as_feature=true")
    flags = [word for setting in settings for word in ("--set", setting)]
    result = patients[0].repro("train", "visits", *flags)

    assert result.status == 2
    assert "split.as_feature: the data set ignores the column 'patient'" in result.err


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("split.by=patiant", "has no column 'patiant'"),
        ("split.by=y", "split.by: 'y' is the target"),
    ],
)
def test_an_unknown_column_is_refused_with_a_suggestion(patients, settings, sentence):
    """Among the features and the ignored columns."""
    result = patients[0].repro("train", "visits", "--set", "split.kind=group", "--set", settings)

    assert result.status == 2
    assert sentence in result.err
    assert "patiant" not in settings or "did you mean 'patient'?" in result.err


def test_a_gate_resamples_the_patients_and_not_their_rows(patients, tmp_path):
    """By the column in the data, which has to be what the runs were trained on."""
    made = type(patients[0])(tmp_path / "project")
    shutil.copytree(patients[0].path, made.path)
    base = made.path / "runs" / patients[2].name
    few = made.train(
        "visits", "-f", "grouped.yaml", "-s", "models.random_forest.params.n_estimators=2"
    )
    words = ("compare", base, few, "--gate", "accuracy no-worse 1", "--level", "0.9", "--json")
    found = made.repro(*words)
    outside = command("-m", "repro", *words, cwd=tmp_path)
    made.replace("data/visits.csv", ",yes\n", ",no\n")
    changed = made.repro(*words)

    truth, labels = (column(run, name) for run, name in ((base, "truth"), (base, "label")))
    other = column(few, "label")
    who = visits()["patient"].to_numpy(dtype=str)[held_out(base)]
    draw, effects = np.random.default_rng(0), []
    gain = (other == truth).astype(float) - (labels == truth)
    # A patient has one label, so that classes of patients are strata.
    sums = pd.DataFrame({"who": who, "truth": truth, "gain": gain, "rows": 1.0})
    each = sums.groupby(["who", "truth"], as_index=False).sum()
    for _ in range(4000):
        drawn = pd.concat(
            part.iloc[draw.integers(0, len(part), len(part))] for _, part in each.groupby("truth")
        )
        effects.append(drawn["gain"].sum() / drawn["rows"].sum())
    low, high = np.quantile(effects, [0.05, 0.95])
    (result,) = found.json["results"]
    assert (found.status, found.json["groups"]) == (0, "patient"), found.err
    assert result["effect"] == pytest.approx(gain.mean(), abs=1e-12)
    assert (result["low"], result["high"]) == pytest.approx((low, high), abs=0.1 * (high - low))
    assert (outside.status, changed.status) == (3, 3)
    assert "resampled together; the data is needed" in outside.err
