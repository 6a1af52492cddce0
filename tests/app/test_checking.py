"""``config check``: every wrong experiment and family, and no false alarm."""

import json

import pytest
from tests.conftest import make_project

from repro.app.checking import check_all

WRONG = {
    "abstract": ("sklearn.ensemble:BaseEnsemble", {}, "abstract"),
    "truth": ("sklearn.tree:DecisionTreeClassifier", {"max_depth": True}, "found true"),
    "lonely": ("sklearn.ensemble:VotingClassifier", {}, "needs the parameter 'estimators'"),
    "scaler": ("sklearn.preprocessing:StandardScaler", {}, "no method 'predict'"),
    "typo": ("sklearn.tree:DecisionTreeClassifier", {"max_dept": 3}, "mean 'max_depth'?"),
    "regressor": ("sklearn.linear_model:Ridge", {}, "is a regressor"),
}


def add(project, name, path, params):
    project.write(
        f"configs/models/{name}.yaml",
        f"schema: repro.model/v1\nestimators:\n  classification: {path}\n"
        f"params: {json.dumps(params)}\n",
    )


def test_the_shipped_configuration_has_no_problem(tmp_path):
    """A variant for classifiers alone is not wrong."""
    found = check_all(make_project(tmp_path / "p").path, ())

    assert set(found.values()) == {""}


def test_every_wrong_family_is_named_at_once(tmp_path):
    """One does not hide the others, nor the experiments that are valid."""
    project = make_project(tmp_path / "p")
    for name, (path, params, _) in WRONG.items():
        add(project, name, path, params)

    found = check_all(project.path, ())

    assert {name for name, problem in found.items() if problem} == {f"models/{n}" for n in WRONG}
    for name, (_, _, reason) in WRONG.items():
        assert f"configs/models/{name}.yaml:" in found[f"models/{name}"]
        assert reason in found[f"models/{name}"]


def test_every_wrong_family_of_an_experiment_is_named(tmp_path):
    """With its file and line."""
    project = make_project(tmp_path / "p")
    for name, (path, params, _) in WRONG.items():
        add(project, name, path, params)
    families = "[logistic_regression, decision_tree, random_forest]"
    project.replace("configs/experiments/wine.yaml", families, f"[knn, {', '.join(WRONG)}]")

    problem = check_all(project.path, ("wine",))["wine"]

    assert len(problem.splitlines()) == len(WRONG)
    assert [reason for _, _, reason in WRONG.values() if reason not in problem] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("schema: repro.model/v1\nestimators: [\n", "not valid YAML"),
        ("schema: repro.model/v1\n", "missing key 'estimators'"),
        ("estimators: {}\n", "no 'schema' field"),
        ("schema: repro.model/v1\nestimator: x:Y\n", "unknown key 'models.odd.estimator'"),
        (
            "schema: repro.model/v1\nestimators: {classification: nothing}\n",
            "estimator: expected module:Class",
        ),
        (
            "schema: repro.model/v1\nestimators: {classification: sklearn.svm:SVC}\n"
            "variants: {soft: {C: -1}, hard: {C: 9}}\n",
            "must be a float in the range",
        ),
    ],
)
def test_a_file_that_is_no_family_is_named(tmp_path, text, reason):
    """As a family of its own, whatever the experiments choose."""
    project = make_project(tmp_path / "p")
    project.write("configs/models/odd.yaml", text)

    found = check_all(project.path, ())

    assert reason in found["models/odd"]
