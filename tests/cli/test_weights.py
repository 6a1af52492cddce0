"""A project whose rows have weights: trained, verified, compared, explained and reported.

Folds are drawn twice, and the column is ignored as a feature.
"""

import csv
import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score
from tests.conftest import make_project

from repro.core.jsonfile import load_record
from repro.core.record import RunRecord

EXPERIMENT = """schema: repro.experiment/v1
description: Answers of a survey that counts some people more than others.
task: binary
dataset: survey
families: [logistic_regression, decision_tree]
selection: {metric: roc_auc, folds: 3, repeats: 2}
weights: {by: count, metrics: true}
"""
ENTRY = """  {name}:
    description: survey
    source: {{kind: file, path: data/{name}.csv, format: csv}}
    sha256: "{sha256}"
    target: y
    positive: "yes"
    columns: {{numeric: [a, b, c], categorical: [], ignored: [count, note]}}
    missing: []
    licence: MIT
    origin: made up
"""


def survey():
    draw = np.random.default_rng(4)
    frame = pd.DataFrame(draw.normal(size=(240, 3)).round(6), columns=list("abc"))
    frame["count"] = draw.integers(1, 9, 240) / 2
    frame["note"] = [f"n{number}" for number in range(240)]
    frame["y"] = np.where(frame["a"] + draw.normal(size=240) > 0, "yes", "no")
    return frame


def declare(made, name, frame):
    content = frame.to_csv(index=False).encode()
    (made.path / "data" / f"{name}.csv").write_bytes(content)
    registry = made.path / "configs" / "datasets.yaml"
    entry = ENTRY.format(name=name, sha256=hashlib.sha256(content).hexdigest())
    registry.write_text(registry.read_text() + entry)
    made.write(f"configs/experiments/{name}.yaml", EXPERIMENT.replace("survey\n", f"{name}\n"))


@pytest.fixture(scope="module")
def weighted(tmp_path_factory):
    """A project and a run with weights; only to be read."""
    made = make_project(tmp_path_factory.mktemp("weighted") / "project")
    declare(made, "survey", survey())
    return made, made.train("survey")


def rows_of(run):
    with (run / "predictions.csv").open(newline="") as file:
        return pd.DataFrame(list(csv.DictReader(file)))


def test_the_metrics_of_a_run_are_weighted(weighted):
    """Those of scikit-learn on the predictions that the run keeps, with the survey's counts."""
    _, run = weighted
    found = json.loads((run / "metrics.json").read_text())
    kept, count = rows_of(run), survey()["count"].to_numpy()
    weights = count[kept["row"].astype(int)]
    hits = (kept["truth"] == "yes").to_numpy()
    scores = kept["score:yes"].astype(float).to_numpy()

    assert kept["weight"].astype(float).tolist() == weights.tolist()
    assert found["test"]["accuracy"]["value"] == pytest.approx(
        accuracy_score(kept["truth"], kept["label"], sample_weight=weights)
    )
    assert found["test"]["roc_auc"]["value"] == pytest.approx(
        roc_auc_score(hits, scores, sample_weight=weights)
    )
    assert len(found["cross_validation"]["decision_tree"]["folds"]) == 6


def test_a_weighted_run_is_verified(weighted):
    """By a second training, stage by stage, and as a reference."""
    made, run = weighted
    verified = made.repro("verify", run, "--json")
    made.repro("reference", run, "-o", made.path / "reference" / "survey.json")
    record = load_record((made.path / "reference" / "survey.json").read_bytes(), "", RunRecord)

    assert (verified.status, verified.json["sentence"].split(":")[0]) == (0, "identical")
    given = {step.name: step.inputs for step in record.steps}
    assert "fit_weights" in given["fit"]
    assert {n for n, inputs in given.items() if "metric_weights" in inputs} == {
        "select",
        "decide",
        "evaluate",
        "constant",
    }
    assert record.evidence.predictions.rows[0].weight is not None
    assert "weights" in record.identity.parts


def test_an_edited_weight_is_named(weighted):
    """In a second file that differs in one count of a training row."""
    made, run = weighted
    frame = survey()
    row = next(n for n in range(240) if str(n) not in set(rows_of(run)["row"]))
    frame.loc[row, "count"] += 1
    declare(made, "edited", frame)
    edited = made.train("edited")
    compared = made.repro("compare", run, edited)

    assert compared.status != 0
    assert "data set differs" in compared.out
    assert "at cross_validate (out_of_fold): its input fit_weights differs" in compared.out
    assert "suspected      data set" in compared.out


def test_runs_with_and_without_weights_are_not_the_same_experiment(weighted):
    """And the reason is named."""
    made, run = weighted
    plain = made.train("survey", "--set", "weights.metrics=false")
    compared = made.repro("compare", run, plain)

    assert compared.status != 0
    assert "weights of rows differ" in compared.out
    assert "weight" not in rows_of(plain).columns


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            ("-m", "knn"),
            "models.knn.estimator: KNeighborsClassifier takes no sample_weight where it is fitted",
        ),
        (("--set", "weights.by=cuont"), "weights.by: data/survey.csv has no column 'cuont'"),
        (("--set", "weights.by=y"), "weights.by: 'y' is the target"),
        (
            ("--set", "weights.by=note"),
            "weights.by: the column 'note' has 'n0', which is no finite",
        ),
        (("--set", "weights.metric=true"), "unknown key 'weights.metric'"),
        (("--set", "selection.repeats=0"), "selection.repeats: input should be greater than"),
        (
            ("--set", "split.kind=time", "--set", "split.by=a"),
            "selection.repeats: 2 repeats would have the same folds",
        ),
    ],
)
def test_bad_input_is_an_error_that_says_what_to_do(weighted, flags, sentence):
    """Before anything is trained."""
    result = weighted[0].repro("train", "survey", *flags)

    data = "no finite" in sentence
    assert (result.status, "Traceback" in result.err) == (3 if data else 2, False)
    assert sentence in result.err
    assert "cross_validate" not in result.err
    if "cuont" in sentence:
        assert "did you mean 'count'?" in result.err


def test_a_run_with_nested_folds_is_shown_and_verified(weighted):
    """Its stage is one more, and every page has its scores and the weights."""
    made, run = weighted
    shown = made.repro("train", "survey", "--set", "evaluation.nested=2", "-m", "decision_tree")
    nested = next(path for path in (made.path / "runs").iterdir() if path.name in shown.out)
    found = json.loads((nested / "metrics.json").read_text())["nested"]
    pages = [(nested / f"report.{end}").read_text() for end in ("md", "html")]
    verified = made.repro("verify", nested)
    lines = (run / "report.md").read_text()

    assert found["selected"] == ["decision_tree"] * 2
    assert "nested: 2 outer folds chose decision_tree, decision_tree" in shown.out
    assert f"{found['metrics']['accuracy']['mean']:.4f}" in shown.out
    for page in pages:
        assert f"{found['metrics']['accuracy']['mean']:.4f}" in page
        assert "count, in fits and metrics" in page
    assert "Nested" not in lines
    assert verified.status == 0, verified.err
    assert "stage outputs  26 of 26 the same bits" in verified.out


def test_new_rows_need_no_weights(weighted, tmp_path):
    """Where a model predicts, and where drift is measured."""
    made, run = weighted
    survey()[["a", "b", "c"]].to_csv(tmp_path / "later.csv", index=False)
    results = [
        made.repro("predict", run.name, tmp_path / "later.csv", "-o", tmp_path / "out.csv"),
        made.repro("drift", run.name, tmp_path / "later.csv"),
    ]

    assert [result.status for result in results] == [0, 0], [each.err for each in results]
