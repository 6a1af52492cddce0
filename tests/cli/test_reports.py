"""`repro verify --reference`: a result is trained again, and compared with a report."""

import json
import shutil
import sys

import pytest
from tests.conftest import Project
from tests.schemas import kind_of_valid

import repro

SCRIPT = """
import json
import sys
json.dump({"accuracy": 29 / 30, "loss": 0.125}, open("metrics.json", "w"))
"""


@pytest.fixture(scope="module")
def measured(trained, tmp_path_factory):
    """Read the metrics of a run, in a copy of its project, without the code that is tested."""
    original, run = trained
    project = Project(tmp_path_factory.mktemp("reports") / "project")
    shutil.copytree(original.path, project.path)
    run = project.path / "runs" / run.name
    found = json.loads((run / "metrics.json").read_bytes())["test"]
    return project, run, {name: estimate["value"] for name, estimate in found.items()}


def test_a_result_is_compared_with_its_record_and_with_a_report(measured, tmp_path):
    """Both have to hold; what has no counterpart is listed."""
    project, run, values = measured
    report = tmp_path / "paper.csv"
    report.write_text(f"metric,value\nAUC,{values['roc_auc']:.3f}\nmcc,0.5\n")
    result = project.repro("verify", run, "--reference", report, "-q", "--json")
    found = result.json

    assert (result.status, kind_of_valid(found)) == (0, "verification")
    assert found["comparison"]["verdict"] == "identical"
    assert found["reference"]["name"] == "paper.csv"
    assert found["reference"]["comparison"]["verdict"] == "equivalent"
    assert found["reference"]["comparison"]["counterparts"] == {
        "total": 2, "compared": {"AUC": "metrics.test.roc_auc"}, "without": ["mcc"],
        "parameters": {},
    }  # fmt: skip


def test_a_number_that_was_reported_wrongly_is_a_finding(measured, tmp_path):
    """Although the run itself reproduces bit for bit."""
    project, run, values = measured
    report = tmp_path / "paper.yaml"
    report.write_text(f"accuracy: {values['accuracy'] + 0.01:.4f}\n")
    result = project.repro("verify", run, "--reference", report, "-q")

    assert result.status == 1
    assert "verdict        identical: the same bits" in result.out
    assert "reference paper.yaml\n" in result.out
    assert "verdict        different: 1 metric differs by more than was rounded" in result.out
    assert f"this run {values['accuracy']}\n" in result.out


def test_an_ambiguous_name_is_refused_before_anything_is_trained(measured, tmp_path):
    project, run, _ = measured
    report = tmp_path / "paper.json"
    report.write_text('{"f1": 0.5}')
    result = project.repro("verify", run, "--reference", report)

    assert (result.status, result.out) == (2, "")
    assert "paper.json: 'f1' may be f1_macro or f1_weighted" in result.err


def test_a_second_record_is_a_reference_too(measured, tmp_path):
    """As `compare` would compare them: the seed differs."""
    project, run, _ = measured
    other = project.train("--profile", "debug", "--seed", "7")
    result = project.repro("verify", run, "--reference", other, "-q", "--json")

    assert (result.status, result.json["comparison"]["verdict"]) == (1, "identical")
    assert result.json["reference"]["comparison"]["verdict"] == "incomparable"
    assert result.json["sentence"].startswith(f"{other.name}: incomparable: seed differs")


def test_the_result_of_a_command_is_compared_with_a_report(tmp_path, project):
    """By the names in the files that it writes."""
    project.write("score.py", SCRIPT)
    project.write("paper.json", '{"acc": "96.7%", "loss": 0.13}')
    recorded = project.repro("record", "--json", "--", sys.executable, "score.py")
    assert recorded.status == 0, recorded.err
    result = project.repro("verify", "--reference", "paper.json", "-q", "--json", "--run-command")

    found = result.json["reference"]["comparison"]
    assert (result.status, found["verdict"]) == (0, "equivalent")
    assert found["counterparts"]["compared"] == {
        "acc": "metrics.json accuracy", "loss": "metrics.json loss",
    }  # fmt: skip


def test_python_verifies_with_a_report(measured, tmp_path):
    """In a process of its own, as the command does in its own."""
    project, run, values = measured
    report = tmp_path / "paper.json"
    report.write_text(json.dumps({"f1": f"{values['f1_macro']:.2%}"}))
    found = repro.verify(run, reference=report, mapping={"f1": "f1_macro"}, project=project.path)

    assert (found.passed, found.verdict) == (True, "identical")
    assert found.reference.comparison.verdict == "equivalent"
