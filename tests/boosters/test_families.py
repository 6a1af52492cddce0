"""XGBoost, CatBoost and LightGBM's linear trees: trained, verified, and used on new rows."""

import json

import numpy as np
import pytest
from tests.conftest import make_project
from tests.needs import require

from repro.app.predict import load_run

pytestmark = pytest.mark.scripts
FAMILIES = (("xgboost",), ("catboost",), ("lightgbm", "--variant", "lightgbm=linear_tree"))
EARLY = """
schema: repro.overlay/v1
models:
  xgboost: {early_stopping: {rounds: 3, fraction: 0.2}}
  catboost: {early_stopping: {rounds: 3, fraction: 0.2}}
  lightgbm: {early_stopping: {rounds: 3, fraction: 0.2}}
weights: {by: Amount, metrics: true}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    for name in ("xgboost", "catboost", "lightgbm"):
        require(name)
    return make_project(tmp_path_factory.mktemp("boosters") / "project")


@pytest.mark.parametrize("experiment", ["credit", "digits", "diabetes"])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family[0])
def test_a_family_trains_verifies_and_predicts(project, experiment, family):
    before = {path.name for path in project.path.iterdir()}
    run = project.train(experiment, "-p", "debug", "-m", *family)
    verified = project.repro("verify", run, "--json")

    assert verified.json["comparison"]["verdict"] == "identical", verified.err
    # No catboost_info, and nothing else beside the runs.
    assert {path.name for path in project.path.iterdir()} - before <= {"runs"}
    loaded = load_run(run)
    assert loaded.metrics.model == family[0]
    if experiment == "credit":
        found = loaded.predictions(project.path / "data/credit.csv")
        assert {*found.labels} == {"bad", "good"}
        assert np.isfinite(found.scores).all()


def test_they_stop_early_with_weights_and_in_workers_with_the_same_bits(project):
    """One training of all three, in this process and in two."""
    project.write("early.yaml", EARLY)
    asked = ("credit", "-p", "debug", "-f", "early.yaml", "-m", "xgboost", "-m", "catboost",
             "-m", "lightgbm")  # fmt: skip
    one, two = (project.train(*asked, "--workers", count) for count in (1, 2))

    assert (one / "stages.json").read_bytes() == (two / "stages.json").read_bytes()
    found = json.loads((one / "metrics.json").read_text())["early_stopping"]
    assert {*found} == {"xgboost", "catboost", "lightgbm"}
    assert all(len(each["folds"]) == 2 and min(each["folds"]) >= 1 for each in found.values())
    verified = project.repro("verify", two, "--json")
    assert verified.json["comparison"]["verdict"] == "identical", verified.err
    (project.path / "early.yaml").unlink()


def test_another_parameter_is_named_where_it_acts(project):
    run = project.train("diabetes", "-p", "debug", "-m", "catboost")
    other = project.train(
        "diabetes", "-p", "debug", "-m", "catboost", "-s", "models.catboost.params.depth=3"
    )

    compared = project.repro("compare", run, other)
    assert compared.status == 1
    assert "cross_validate" in compared.out


@pytest.mark.parametrize(
    ("family", "name", "value", "reason"),
    [
        ("catboost", "train_dir", "x", "files that a fit reads or writes"),
        ("catboost", "allow_writing_files", "true", "files that a fit reads or writes"),
        ("catboost", "thread_count", "2", "not a hyper-parameter"),
        ("catboost", "od_wait", "2", "needs validation rows"),
        ("catboost", "dept", "2", "has no parameter 'dept'"),
        ("xgboost", "n_jobs", "2", "not a hyper-parameter"),
        ("xgboost", "early_stopping_rounds", "2", "needs validation rows"),
    ],
)
def test_what_is_no_hyper_parameter_is_refused(project, family, name, value, reason):
    asked = ("diabetes", "-m", family, "-s", f"models.{family}.params.{name}={value}")
    refused = project.repro("train", *asked)

    assert (refused.status, reason in refused.err) == (2, True), refused.err
