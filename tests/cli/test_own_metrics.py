"""An own metric in a project: measured, recorded with its code, and not taken from strangers."""

import csv
import hashlib
import json

import jsonschema
import pytest
import yaml
from tests.conftest import ROOT
from tests.store.sample_run import write_run

from repro.app.checking import check_candidates
from repro.app.configuration import resolve_request
from repro.app.schemas import schema_of
from repro.app.subjects.subject import Subject
from repro.app.subjects.trust import check_modules
from repro.config.bounds import check_bounds
from repro.config.compose import Request
from repro.config.recorded import parse_config
from repro.core.errors import ConfigError, PreconditionError
from repro.execution.loaded import class_paths

COSTS = """import helping

def cost(y_true, y_pred):
    return helping.PRICE * (y_true != y_pred).mean()
"""
DECLARED = """schema: repro.overlay/v1
metrics:
- {function: "costs:cost", greater_is_better: false, needs: labels}
selection: {metric: cost}
"""
REFERENCE = Subject(ROOT / "reference" / "credit.json", is_run=False)


def with_metrics(*functions):
    """The recorded configuration of the wine experiment with more metrics."""
    values = resolve_request(ROOT, Request("wine", "debug")).config
    values = values.model_dump(mode="json", by_alias=True)
    declared = [
        {"function": path, "greater_is_better": True, "needs": "labels", "name": f"own{number}"}
        for number, path in enumerate(functions)
    ]
    return values | {"metrics": declared}


def test_an_own_metric_is_recorded_with_the_hashes_of_its_code(project):
    """It is verified with them, and refused where the project stops to allow its module."""
    project.write("costs.py", COSTS)
    project.write("helping.py", "PRICE = 8\n")
    project.write("own.yaml", DECLARED)
    project.replace("configs/base.yaml", "lightgbm]", "lightgbm, costs]")
    run = project.train("wine", "-p", "debug", "-m", "knn", "-f", "own.yaml")
    metrics = json.loads((run / "metrics.json").read_text())
    lineage = json.loads((run / "lineage.json").read_text())
    verified = project.repro("verify", run)
    project.replace("configs/base.yaml", "lightgbm, costs]", "lightgbm]")
    refused = project.repro("verify", run)

    found, accuracy = metrics["test"]["cost"], metrics["test"]["accuracy"]
    assert found["value"] == pytest.approx(8 * (1 - accuracy["value"]))
    assert (found["low"], found["high"]) == (
        pytest.approx(8 * (1 - accuracy["high"])),
        pytest.approx(8 * (1 - accuracy["low"])),
    )
    for name in ("costs.py", "helping.py"):
        expected = hashlib.sha256((project.path / name).read_bytes()).hexdigest()
        assert (lineage["code"][name], name in lineage["loaded"]) == (expected, True)
    assert (verified.status, refused.status) == (0, 3), verified.err
    assert "allows metrics from 'costs', but this project does not" in refused.err


@pytest.mark.parametrize("path", ["mine:f", "mine.deep.er:f", "os:system", "json:dumps", "mine_:f"])
def test_a_record_names_no_metric_of_a_module_that_the_project_does_not_allow(project, path):
    """Whatever it says of itself, and before anything is imported."""
    config = parse_config(with_metrics("sklearn.metrics:jaccard_score", path), "it.json")
    top = path.partition(":")[0].partition(".")[0]
    write_run(project.path / "runs")
    run = Subject(next((project.path / "runs").iterdir()), is_run=True)

    for subject in (REFERENCE, run):
        with pytest.raises(PreconditionError, match=f"allows metrics from '{top}'"):
            check_modules(project.path, subject, config)
    project.replace("configs/base.yaml", "lightgbm]", f"lightgbm, {top}]")
    for subject in (REFERENCE, run):
        check_modules(project.path, subject, config)


def test_a_record_may_not_ask_for_any_number_of_metrics():
    """Each of them is computed on every resample."""
    many = ["sklearn.metrics:jaccard_score"] * 101

    check_bounds(parse_config(with_metrics(*many[:100]), "it.json"), "it.json")
    with pytest.raises(PreconditionError, match="metrics: 101 is more than the 100"):
        parse_config(with_metrics(*many), "it.json")


def test_functions_are_among_the_paths_whose_code_is_observed():
    """As classes are."""
    config = parse_config(with_metrics("mine:f", "deep.er:g"), "it.json")

    assert {"mine:f", "deep.er:g"} <= class_paths(config)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("[{function: 'costs:csot', greater_is_better: true, needs: labels}]", "mean 'cost'?"),
        ("[{function: 'none:f', greater_is_better: true, needs: labels}]", "'none' is not allowed"),
        ("[{function: costs.cost, greater_is_better: true, needs: labels}]", "module:function"),
        ("[{function: 'costs:cost', greater_is_better: yes, needs: labels}]", "valid boolean"),
        ("[{function: 'costs:cost', greater_is_better: true}]", "missing key 'metrics.0.needs'"),
        (
            "[{function: 'costs:cost', greater_is_better: true, need: labels}]",
            "unknown key 'metrics.0.need'; did you mean 'needs'?",
        ),
        ("[{function: 'costs:cost', greater_is_better: true, needs: label}]", "or 'probabilities'"),
        ("'costs:cost'", "metrics: input should be a list"),
        ("null", "metrics: input should be a list"),
    ],
)
def test_a_mistake_in_a_declaration_is_named_by_file_and_line(project, written, words):
    """Before anything is trained."""
    project.write("costs.py", COSTS)
    project.write("helping.py", "PRICE = 8\n")
    project.replace("configs/base.yaml", "lightgbm]", "lightgbm, costs]")
    path = "configs/experiments/wine.yaml"
    text = (project.path / path).read_text()
    project.write(path, f"{text}metrics: {written}\n")

    with pytest.raises(ConfigError) as error:
        check_candidates(project.path, resolve_request(project.path, Request("wine", "debug")))

    sentence = f"{error.value.message}; {error.value.advice}"
    assert words in sentence
    assert f"wine.yaml:{text.count(chr(10)) + 1}" in sentence


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("[{name: fbta, beta: 2}]", "metrics.0: 'name' should be one of 'fbeta', "),
        ("[{name: fbta, beta: 2}]", "(did you mean 'fbeta'?)"),
        ("[{name: mcc}]", "(did you mean 'matthews_corrcoef'?)"),
        ("[{name: fbeta}]", "missing key 'metrics.0.beta'"),
        ("[{name: fbeta, betta: 2}]", "unknown key 'metrics.0.betta'; did you mean 'beta'?"),
        ("[{name: fbeta, beta: 0}]", "metrics.0.beta: input should be greater than 0, found 0"),
        ("[{name: recall_at_k, k: 2.5}]", "metrics.0.k: input should be a valid integer"),
        ("[{name: recall_at_k, k: 100}]", "metrics: 'recall_at_100' is for binary tasks"),
        ("[{name: fbeta, beta: 2}]", "write average: macro"),
        ("[{name: cost, matrix: {a: 1}}]", "metrics.0.matrix.a: input should be a mapping"),
        ("[{names: fbeta}]", "missing key 'metrics.0.function'"),
    ],
)
def test_a_mistake_in_a_name_is_found_in_its_line(project, written, words):
    """With a suggestion where a name is near."""
    path = "configs/experiments/wine.yaml"
    text = (project.path / path).read_text()
    project.write(path, f"{text}metrics: {written}\n")

    with pytest.raises(ConfigError) as error:
        resolve_request(project.path, Request("wine", "debug"))

    assert words in error.value.message
    assert f"wine.yaml:{text.count(chr(10)) + 1}" in error.value.message


BY_COST = """schema: repro.overlay/v1
metrics:
- {name: fbeta, beta: 2}
- {name: cost, matrix: {bad: {good: 5}, good: {bad: 1}}}
selection: {metric: cost}
decision: {rule: cost, matrix: {bad: {good: 5}, good: {bad: 1}}}
evaluation: {differences: true}
"""


def test_a_run_by_cost_is_verified_reported_and_predicts_as_it_decided(project):
    """Its files have the matrix and the differences, and its reports show them."""
    project.write("by_cost.yaml", BY_COST)
    words = ("-p", "debug", "-m", "decision_tree", "-m", "logistic_regression")
    run = project.train("credit", *words, "-f", "by_cost.yaml")
    metrics = json.loads((run / "metrics.json").read_text())
    threshold = json.loads((run / "threshold.json").read_text())
    verified = project.repro("verify", run)
    predicted = project.repro("predict", run, "data/credit.csv")
    labels = [line.split(",")[1] for line in predicted.out.splitlines()[1:]]
    with (run / "predictions.csv").open() as file:
        decided = {int(row["row"]): row["label"] for row in csv.DictReader(file)}

    assert verified.status == 0, verified.err
    assert list(metrics["test"])[-2:] == ["fbeta_2", "cost"]
    assert {*metrics["differences"], metrics["model"]} == {"decision_tree", "logistic_regression"}
    assert threshold["matrix"] == {"bad": {"good": 5.0}, "good": {"bad": 1.0}}
    assert {row: labels[row] for row in decided} == decided
    for name in ("report.md", "report.html"):
        page = (run / name).read_text()
        assert ("Mean cost" in page or "mean cost" in page, "difference" in page) == (True, True)
    for kind, file in (("metrics", "metrics.json"), ("threshold", "threshold.json")):
        schema = schema_of(kind)
        jsonschema.validate(json.loads((run / file).read_text()), schema)
    jsonschema.validate(yaml.safe_load(BY_COST), schema_of("overlay"))
