"""A run that keeps the models of all candidates: predicted by, verified, exported and pruned."""

import csv
import json
import shutil

import joblib
import numpy as np
import pytest
from tests.conftest import make_project

from repro.app.configuration import resolve_request
from repro.config.compose import Request
from repro.datasets.loading import load

KEEP = ("-p", "debug", "-s", "selection.keep=all")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A project with a run of the credit data with all of its models; only to be read or copied."""
    made = make_project(tmp_path_factory.mktemp("kept") / "project")
    return made, made.train("credit", *KEEP)


def test_predict_uses_the_model_and_threshold_of_the_candidate(kept, tmp_path):
    """The labels that follow from its scores and its own threshold, which differs."""
    project, run = kept
    recorded = json.loads((run / "metrics.json").read_text())
    name, candidate = next(iter(recorded["candidates"].items()))
    result = project.repro(
        "predict", run.name, "data/credit.csv", "-m", name, "-o", tmp_path / "out.csv", "--json"
    )

    assert result.status == 0, result.err
    assert result.json["model"] == name
    with (tmp_path / "out.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    scores = np.array([float(row["score:bad"]) for row in found])
    assert candidate["threshold"] != json.loads((run / "threshold.json").read_text())["threshold"]
    labels = np.where(scores >= candidate["threshold"], "bad", "good")
    assert [row["label"] for row in found] == labels.tolist()
    config = resolve_request(project.path, Request("credit", "debug")).config
    table = load(project.path, config.dataset, config.task, {})
    with (run / "predictions.csv").open(newline="") as file:
        rows = [int(row["row"]) for row in csv.DictReader(file)]
    accuracy = np.mean(labels[rows] == table.target[rows])
    assert candidate["test"]["accuracy"] == pytest.approx(accuracy, abs=1e-12)
    model = joblib.load(run / f"model-{name}.joblib")
    np.testing.assert_array_equal(model.predict(table.features), labels)


def test_an_unknown_candidate_gets_a_suggestion(kept):
    """And no traceback."""
    project, run = kept
    result = project.repro("predict", run.name, "data/credit.csv", "-m", "logistic_regresion")

    assert result.status == 2
    assert "has no candidate 'logistic_regresion'" in result.err
    assert "did you mean 'logistic_regression'?" in result.err


def test_a_run_without_them_says_how_to_keep_them(trained):
    """The candidate exists, and its model was not saved."""
    project, run = trained
    metrics = json.loads((run / "metrics.json").read_text())
    other = next(name for name in metrics["cross_validation"] if name != metrics["model"])
    result = project.repro("predict", run.name, "data/credit.csv", "-m", other)

    assert result.status == 3
    assert "--set selection.keep=all" in result.err


def test_it_is_verified_exported_listed_and_pruned(kept, tmp_path):
    """Model files are claimed and hashed, and never compared."""
    shutil.copytree(kept[0].path, tmp_path / "copy")
    project, run = type(kept[0])(tmp_path / "copy"), tmp_path / "copy" / "runs" / kept[1].name
    reference = tmp_path / "kept.json"

    verified = project.repro("verify", run.name, "--json")
    assert verified.status == 0, verified.out
    assert '"identical"' in verified.out
    exported = project.repro("reference", run.name, "-o", reference)
    assert exported.status == 0, exported.err
    again = project.repro("compare", reference, run.name)
    assert again.status == 0, again.out
    numbers = json.loads(reference.read_text())["evidence"]["numbers"]
    assert any(name.startswith("metrics.candidates.") for name in numbers)
    report = (run / "report.md").read_text()
    assert "The other candidates" in report
    assert project.repro("runs", "list").out.count(run.name) == 1
    assert project.repro("runs", "prune", "--keep", "0").status == 0
    assert not run.exists()


@pytest.mark.parametrize("damage", ["edit", "remove", "add"])
def test_a_model_that_changed_or_was_added_is_reported(kept, tmp_path, damage):
    """Each file of a model is covered; one that the lineage does not name is unexpected."""
    run = tmp_path / kept[1].name
    shutil.copytree(kept[1], run)
    model = next(run.glob("model-*.joblib"))
    if damage == "edit":
        model.write_bytes(model.read_bytes() + b"x")
    elif damage == "remove":
        model.unlink()
    else:
        model = run / "model-knn2.joblib"
        model.write_bytes(b"x")
    result = kept[0].repro("verify", run, "--integrity")
    predicted = kept[0].repro("predict", run, "data/credit.csv")

    assert result.status == 1
    assert model.name in result.out
    assert predicted.status == 3
    assert "tampered or damaged" in predicted.err
