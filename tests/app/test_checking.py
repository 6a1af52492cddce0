"""``config check``: every wrong experiment and family, and no false alarm."""

import json

import pytest
from tests.conftest import make_project

from repro.app.checking import check_all
from repro.app.configuration import resolve_request
from repro.config.compose import Request
from repro.core.errors import ConfigError

WRONG = {
    "abstract": ("sklearn.ensemble:BaseEnsemble", {}, "abstract"),
    "truth": ("sklearn.tree:DecisionTreeClassifier", {"max_depth": True}, "found true"),
    "lonely": ("sklearn.ensemble:VotingClassifier", {}, "needs the parameter 'estimators'"),
    "scaler": ("sklearn.preprocessing:StandardScaler", {}, "no method 'predict'"),
    "typo": ("sklearn.tree:DecisionTreeClassifier", {"max_dept": 3}, "mean 'max_depth'?"),
    "regressor": ("sklearn.linear_model:Ridge", {}, "is a regressor"),
}


SVC = "schema: repro.model/v1\nestimators: {classification: sklearn.svm:SVC}\n"
OWN = "from sklearn.naive_bayes import GaussianNB\n\n\nclass Mine(GaussianNB):\n    pass\n"
EXPERIMENT = (
    "schema: repro.experiment/v1\ndescription: Own.\ntask: multiclass\ndataset: wine\n"
    "families: [knn]\nselection: {metric: log_loss}\n"
)


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
        (f"{SVC}params: [1, 2]\n", "yaml:3: models.odd.params: expected a mapping, found [1, 2]"),
        (f"{SVC}params: 3\n", "models.odd.params: expected a mapping, found 3"),
        (f"{SVC}params: rbf\n", 'models.odd.params: expected a mapping, found "rbf"'),
        (f"{SVC}variants: [soft]\n", "models.odd.variants: expected a mapping"),
        (f"{SVC}variants: {{soft: 3}}\n", "models.odd.variants.soft: expected a mapping, found 3"),
        ("schema: repro.model/v1\nestimators: x:Y\n", "models.odd.estimators: expected a mapping"),
        (
            f"{SVC}params: {{C: 1e999}}\n",
            "finite",
        ),
    ],
)
def test_a_file_that_is_no_family_is_named(tmp_path, text, reason):
    """As a family of its own, whatever the experiments choose."""
    project = make_project(tmp_path / "p")
    project.write("configs/models/odd.yaml", text)

    found = check_all(project.path, ())

    assert reason in found["models/odd"]
    assert {problem for name, problem in found.items() if name != "models/odd"} == {""}


UNREADABLE = {
    "no YAML": "schema: repro.model/v1\nestimators: [\n",
    "no number": f"{SVC}params: {{C: 1e999}}\n",
    "no schema": "estimators: {classification: sklearn.svm:SVC}\n",
    "a different schema": "schema: repro.profile/v1\n",
    "an unknown key": "schema: repro.model/v1\nestimator: x:Y\n",
    "a key twice": f"{SVC}params: {{C: 1, C: 2}}\n",
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_family_that_cannot_be_read_matters_where_it_is_asked_for(tmp_path, kind):
    """Other experiments train."""
    project = make_project(tmp_path / "p")
    project.write("configs/models/odd.yaml", UNREADABLE[kind])
    asked = [
        ("--model", "families", "[odd]"),
        ("--set", "models.odd.params.C", "1"),
        ("--variant", "variants.odd", "soft"),
    ]

    assert resolve_request(project.path, Request(experiment="wine")).config.models.keys()
    for assignment in asked:
        with pytest.raises(ConfigError, match=r"configs/models/odd\.yaml"):
            resolve_request(project.path, Request(experiment="wine", assignments=(assignment,)))


ALLOWING = {
    "base": ("configs/base.yaml", None),
    "an experiment": ("configs/experiments/own.yaml", "repro.experiment/v1"),
    "a profile": ("configs/profiles/own.yaml", "repro.profile/v1"),
    "nothing": ("configs/overlay.yaml", "repro.overlay/v1"),
    "an experiment that allows others": ("configs/experiments/own.yaml", "other"),
}


@pytest.mark.parametrize("kind", ALLOWING)
def test_a_family_is_allowed_where_an_experiment_or_a_profile_allows_its_module(tmp_path, kind):
    """What such an experiment trains is no problem of the family."""
    project = make_project(tmp_path / "p")
    project.write("statistics_of_mine.py", OWN)
    add(project, "own", "statistics_of_mine:Mine", {})
    file, schema = ALLOWING[kind]
    modules = "[sklearn, lightgbm, statistics_of_mine]"
    if schema is None:
        project.replace(file, "lightgbm]", "lightgbm, statistics_of_mine]")
    elif schema == "other":
        project.write(file, f"{EXPERIMENT}security: {{allowed_modules: [sklearn]}}\n")
    else:
        head = EXPERIMENT if "experiment" in schema else f"schema: {schema}\n"
        project.write(file, f"{head}security: {{allowed_modules: {modules}}}\n")

    problem = check_all(project.path, ()).get("models/own", "")

    assert ("is not allowed" in problem) == (
        kind in {"nothing", "an experiment that allows others"}
    )
