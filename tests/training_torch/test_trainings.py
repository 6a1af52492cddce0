"""Experiments with the family of PyTorch, through the command line."""

import csv
import json

import pytest

from repro.app.predict import load_run
from repro.config.recorded import parse_config
from repro.datasets.loading import load

pytestmark = pytest.mark.scripts
FILES = ("stages.json", "metrics.json", "predictions.csv", "threshold.json", "model.joblib")
ASKED = ("--profile", "debug", "-m", "mlp_torch")


def environment_of(run):
    return json.loads((run / "environment.json").read_text())["environment"]


@pytest.mark.parametrize("experiment", ["breast_cancer", "wine", "diabetes"])
def test_an_experiment_is_trained_and_verified(project, experiment):
    """And two workers give the same bytes."""
    run = project.train(experiment, *ASKED)
    apart = project.train(experiment, *ASKED, "--workers", "2")
    metrics = json.loads((run / "metrics.json").read_text())
    done = project.repro("verify", run.name, "--json")
    compared = project.repro("compare", run.name, apart.name)

    for name in FILES:
        assert (run / name).read_bytes() == (apart / name).read_bytes(), name
    assert not any("no better" in each["message"] for each in metrics["findings"])
    assert done.json["comparison"]["verdict"] == "identical", done.out
    assert "bit-identical results are expected" in done.json["comparison"]["expectation"]
    assert compared.status == 0
    assert "identical" in compared.out


def test_the_record_says_how_pytorch_computed(project):
    """Of a training without it, it says nothing, even where it is installed."""
    environment = environment_of(project.train("wine", *ASKED))
    plain = environment_of(project.train("wine", "--profile", "debug", "-m", "knn"))

    assert environment["tensors"]["mkl"] == "COMPATIBLE"
    assert environment["tensor_fingerprint"]["scheme"] == "tensor-fingerprint/v1"
    assert "torch" in environment["used"]
    assert not {"tensors", "tensor_fingerprint"} & plain.keys()
    assert "torch" not in plain.get("used", ())


def test_the_saved_model_predicts_what_the_run_did(project):
    run = project.train("wine", *ASKED)
    loaded = load_run(run)
    config = parse_config(json.loads((run / "config.json").read_text()), "own")
    table = load(project.path, config.dataset, config.task)
    rows = list(csv.DictReader((run / "predictions.csv").open(encoding="utf-8")))
    held_out = table.features.iloc[[int(row["row"]) for row in rows]]

    assert [*loaded.model.predict(held_out)] == [row["label"] for row in rows]


def test_weights_of_rows_are_taken(project):
    project.write("w.yaml", "schema: repro.overlay/v1\nweights: {by: Amount, metrics: false}\n")
    weighted = project.train("credit", *ASKED, "-f", "w.yaml", "-s", "decision.rule=argmax")
    plain = project.train("credit", *ASKED, "-s", "decision.rule=argmax")

    assert (weighted / "predictions.csv").read_bytes() != (plain / "predictions.csv").read_bytes()
    done = project.repro("verify", weighted.name, "--json")
    assert done.json["comparison"]["verdict"] == "identical"
