"""`repro compare --gate`: real runs go in, and only a better or no worse candidate passes."""

import json
import shutil
import xml.etree.ElementTree as Xml

import numpy as np
import pytest
from sklearn import metrics as sk
from tests.conftest import make_project
from tests.schemas import kind_of_valid

TRAIN = ("breast_cancer", "--profile", "debug", "-m")
STUMP = ("-s", "models.decision_tree.params.max_depth=1")
OWN = """def hits(y_true, y_pred):
    return float((y_true == y_pred).mean())
"""
DECLARED = """schema: repro.overlay/v1
metrics: [{function: "mine:hits", greater_is_better: true, needs: labels}]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project in which an own metric may be used."""
    made = make_project(tmp_path_factory.mktemp("gate") / "project")
    made.write("mine.py", OWN)
    made.write("own.yaml", DECLARED)
    made.replace("configs/base.yaml", "lightgbm]", "lightgbm, mine]")
    return made


@pytest.fixture(scope="module")
def good(project):
    """A linear model, with an own metric."""
    return project.train(*TRAIN, "logistic_regression", "-f", "own.yaml")


@pytest.fixture(scope="module")
def poor(project):
    """A tree of two leaves: a different family with the same metrics."""
    return project.train(*TRAIN, "decision_tree", *STUMP, "-f", "own.yaml")


@pytest.fixture(scope="module")
def reseeded(project):
    """Of other held-out rows."""
    return project.train(*TRAIN, "decision_tree", *STUMP, "--seed", "7")


@pytest.fixture(scope="module")
def margins(project):
    """Of a model with decision scores alone."""
    settings = ("-s", "models.svm.params.probability=false", "-s", "decision.rule=argmax")
    return project.train(*TRAIN, "svm", *settings)


def gated(project, base, candidate, *gates, level=None, options=("--json",)):
    asked = [word for gate in gates for word in ("--gate", gate)]
    more = [] if level is None else ["--level", str(level)]
    return project.repro("compare", base, candidate, *asked, *more, *options)


def predictions(run):
    lines = (run / "predictions.csv").read_text().splitlines()
    header = lines[0].split(",")
    cells = [dict(zip(header, line.split(","), strict=True)) for line in lines[1:]]
    score = next(name for name in header if name.startswith("score:"))
    truth = np.array([c["truth"] for c in cells])
    return truth, np.array([float(c[score]) for c in cells]), score.removeprefix("score:")


def test_a_better_candidate_of_a_different_family_passes(project, good, poor):
    """With the values that scikit-learn gives of the stored predictions."""
    found = gated(project, poor, good, "roc_auc better", "log_loss no-worse 0", level=0.9)
    first, second = found.json["results"]

    assert (found.status, found.json["holds"]) == (0, True), found.err
    assert kind_of_valid(found.json) == "gate"
    for name, run in (("base", poor), ("candidate", good)):
        truth, scores, positive = predictions(run)
        expected = sk.roc_auc_score(truth == positive, scores)
        assert first[name] == pytest.approx(expected, abs=1e-12)
        expected = sk.log_loss(truth == positive, scores)
        assert second[name] == pytest.approx(expected, abs=1e-12)
    assert 0 < first["low"] < first["effect"] < first["high"]
    assert second["effect"] == pytest.approx(second["base"] - second["candidate"], abs=1e-12)
    assert (found.json["rows"], found.json["level"]) == (len(predictions(good)[0]), 0.9)


def test_a_worse_candidate_fails_and_the_exit_status_says_so(project, good, poor):
    """The other way round, and with a loss that is beyond the margin."""
    found = gated(project, good, poor, "roc_auc better", "roc_auc no-worse 0.001")

    assert (found.status, found.json["holds"]) == (1, False)
    assert [each["outcome"] for each in found.json["results"]] == ["failed", "failed"]
    assert found.json["level"] == 0.95


def test_one_gate_that_fails_is_enough(project, good, poor):
    found = gated(project, poor, good, "roc_auc better", "accuracy no-worse 0", "brier better")
    back = gated(project, good, poor, "accuracy no-worse 1", "roc_auc better")

    assert found.status == 0
    assert [each["outcome"] for each in back.json["results"]] == ["passed", "failed"]
    assert (back.status, back.json["holds"]) == (1, False)


def test_the_same_run_is_no_worse_and_no_better(project, good):
    found = gated(project, good, good, "roc_auc no-worse 0", "log_loss better")

    assert (found.status, found.json["notes"]) == (1, ["both sides have the same predictions"])
    assert [each["outcome"] for each in found.json["results"]] == ["passed", "failed"]


def test_every_run_of_the_command_gives_the_same_bytes(project, good, poor):
    """A level that is asked for has as many resamples as its tails need."""
    gate = ("roc_auc no-worse 0.002", "log_loss better")
    first, second = (gated(project, poor, good, *gate, level=0.99) for _ in range(2))

    assert first.out == second.out
    assert first.json["resamples"] == 5000


def test_people_pull_requests_and_ci_systems_get_one_line_a_metric(project, good, poor):
    gates = ("roc_auc better", "accuracy no-worse 1")
    text = gated(project, good, poor, *gates, options=("--markdown", "m.md", "--junit", "j.xml"))
    root = Xml.fromstring((project.path / "j.xml").read_text())
    lines = (project.path / "m.md").read_text().splitlines()

    assert text.status == 1
    assert "roc_auc better: failed: the whole interval is at or below 0" in text.out
    rows = [line for line in lines if line.startswith(("| roc_auc better", "| accuracy no-worse"))]
    assert [("❌" in row, "✅" in row) for row in rows] == [(True, False), (False, True)]
    assert f"# {poor.name} does not pass beside {good.name}" == lines[0]
    cases = {case.get("name"): case.find("failure") for case in root.iter("testcase")}
    assert list(cases) == list(gates)
    assert cases["accuracy no-worse 1"] is None
    assert "whole interval is at or below 0" in cases["roc_auc better"].get("message")
    assert (root.get("tests"), root.get("failures")) == ("2", "1")


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ("auc better", "did you mean 'roc_auc'?"),
        ("roc_auc beter", "did you mean 'better'?"),
        ("roc_auc no-worse", "needs one number"),
        ("hit better", "did you mean 'hits'?"),
        ("rmse better", "is for regression tasks, and this one is binary"),
    ],
)
def test_a_gate_that_is_wrong_is_a_mistake_of_usage(project, good, poor, gate, words):
    found = gated(project, good, poor, gate)

    assert found.status == 2
    assert words in found.err
    assert found.out == ""


@pytest.mark.parametrize(
    "options",
    [("--tolerance", "0"), ("--map", "a=b"), ("--report", "page.html"), ("--level", "2")],
)
def test_options_that_mean_nothing_with_a_gate_are_refused(project, good, options):
    assert gated(project, good, good, "roc_auc better", options=options).status == 2


def test_a_level_without_a_gate_and_a_second_candidate_are_refused(project, good, poor):
    alone = project.repro("compare", good, poor, "--level", "0.9")
    three = project.repro("compare", good, poor, poor, "--gate", "roc_auc better")

    assert (alone.status, three.status) == (2, 2)
    assert "--level needs --gate" in alone.err
    assert "one candidate, found 2" in three.err


def test_other_held_out_rows_are_no_question(project, good, reseeded):
    found = gated(project, good, reseeded, "accuracy no-worse 1")

    assert (found.status, found.out) == (3, "")
    assert "held-out rows are on both sides" in found.err


def test_a_sampled_reference_a_report_and_a_missing_run_are_no_question(project, good):
    project.write("paper.json", '{"accuracy": 0.9}')
    sampled = gated(project, "reference/credit.json", good, "accuracy no-worse 1")
    report = gated(project, "paper.json", good, "accuracy no-worse 1")
    missing = gated(project, "20200101-000000-abcdef", good, "accuracy no-worse 1")

    assert [each.status for each in (sampled, report, missing)] == [3, 3, 3]
    assert "it keeps a sample of 256 of 1114 predictions" in sampled.err
    assert "a report of metrics has no predictions" in report.err


def test_a_reference_that_keeps_every_prediction_is_as_good_as_its_run(project, good, poor):
    """A small table has fewer rows than a sample."""
    project.repro("reference", poor, "-o", "poor.json")
    runs = gated(project, poor, good, "roc_auc better").json
    files = gated(project, "poor.json", good, "roc_auc better").json

    assert files == runs | {"base": "poor.json"}


def test_scores_without_probabilities_have_no_losses(project, good, margins):
    """But an order, which is all that a ranking needs."""
    ranked = gated(project, margins, good, "roc_auc no-worse 0.5")
    lost = gated(project, margins, good, "log_loss no-worse 9")
    other = gated(project, good, margins, "brier no-worse 9")

    assert ranked.status == 0, ranked.err
    assert (lost.status, other.status) == (3, 3)
    assert "cannot be computed from its predictions: it needs probabilities" in lost.err


def test_an_own_metric_runs_where_the_project_trusts_its_module(project, good, poor, tmp_path):
    """It is found in the project; a stranger's folder and a stopped trust refuse it."""
    found = gated(project, poor, good, "hits better", "accuracy better")
    copy = tmp_path / "project"
    shutil.copytree(project.path, copy)
    other = type(project)(copy)
    other.replace("configs/base.yaml", "lightgbm, mine]", "lightgbm]")
    refused = gated(other, copy / "runs" / poor.name, copy / "runs" / good.name, "hits better")
    alone = gated(other, copy / "runs" / poor.name, copy / "runs" / good.name, "accuracy better")

    own, accuracy = found.json["results"]
    assert found.status == 0, found.err
    assert [own[name] for name in ("base", "candidate")] == pytest.approx(
        [accuracy[name] for name in ("base", "candidate")], abs=1e-12
    )
    assert (refused.status, alone.status) == (3, 0)
    assert "allows metrics from 'mine', but this project does not" in refused.err


def test_an_own_metric_that_gives_other_values_than_it_gave_never_passes(
    project, good, poor, tmp_path
):
    """Code that changed since, or one that only one of the records declares."""
    other = type(project)(tmp_path / "project")
    shutil.copytree(project.path, other.path)
    runs = [other.path / "runs" / run.name for run in (poor, good)]
    bare = other.train(*TRAIN, "logistic_regression")
    lacking = gated(other, runs[0], bare, "hits better")
    other.replace("mine.py", ".mean()", ".mean() + 1")
    changed = gated(other, *runs, "hits no-worse 0.9")

    assert (lacking.status, changed.status) == (3, 3)
    assert "do not declare the metric 'hits' alike" in lacking.err
    assert "the metric is not what it was" in changed.err


def test_an_edited_prediction_is_no_candidate(project, good, poor, tmp_path):
    other = type(project)(tmp_path / "project")
    shutil.copytree(project.path, other.path)
    file = other.path / "runs" / good.name / "predictions.csv"
    header, first, *rest = file.read_text().splitlines(keepends=True)
    file.write_text("".join([header, *rest, first]))
    found = gated(other, poor.name, good.name, "accuracy no-worse 1")
    file.unlink()
    missing = gated(other, poor.name, good.name, "accuracy no-worse 1")

    assert (found.status, missing.status) == (3, 3)
    assert "tampered or damaged" in found.err


def test_a_run_without_intervals_asks_for_a_level(project):
    plain = project.train(*TRAIN, "knn", "-s", "evaluation.bootstrap=null")
    asked = gated(project, plain, plain, "accuracy no-worse 0")
    given = gated(project, plain, plain, "accuracy no-worse 0", level=0.9)

    assert (asked.status, given.status) == (2, 0)
    assert "--level 0.95" in asked.err
    assert (given.json["level"], given.json["resamples"]) == (0.9, 500)


def test_files_are_not_written_over_what_is_read(project, good, poor):
    target = good / "metrics.json"
    found = gated(project, poor, good, "roc_auc better", options=("--markdown", target))

    assert found.status == 2
    assert json.loads(target.read_text())["schema"] == "repro.metrics/v1"
