"""Composed estimators with parts of a project's own: verified, and named where they change."""

import json

import pytest
from tests.conftest import ROOT, make_project

PARTS = (ROOT / "tests/training/own_parts.py").read_text(encoding="utf-8")
OWN = "schema: repro.overlay/v1\nsecurity: {allowed_modules: [sklearn, parts]}\n"
LINE = {"class": "sklearn.linear_model:LogisticRegression", "params": {"C": 1.0}}
MEAN = {"class": "parts:NearestMean", "params": {"columns": 3}}
RIDGE = {"class": "sklearn.linear_model:Ridge", "params": {"alpha": 1.0}}


def pipe(power=0.5):
    steps = [
        ["own", {"class": "parts:SignedPower", "params": {"power": power}}],
        ["pca", {"class": "sklearn.decomposition:PCA", "params": {"n_components": 4}}],
        ["best", {
            "class": "sklearn.feature_selection:SelectKBest",
            "params": {"k": 3, "score_func": {"function": "parts:noisy_scores"}},
        }],
        ["model", LINE],
    ]  # fmt: skip
    return {"class": "sklearn.pipeline:Pipeline", "params": {"steps": steps}}


# The second name is also one of what stages hand on.
MEMBERS = [["line", pipe()], ["target", MEAN]]
FAMILIES = {
    "piped": pipe(),
    "voting": {
        "class": "sklearn.ensemble:VotingClassifier",
        "params": {"estimators": MEMBERS, "voting": "soft"},
    },
    "stacking": {
        "class": "sklearn.ensemble:StackingClassifier",
        "params": {"estimators": MEMBERS, "final_estimator": LINE, "cv": 3},
    },
    "bagging": {
        "class": "sklearn.ensemble:BaggingClassifier",
        "params": {"estimator": MEAN, "n_estimators": 4},
    },
    "calibrated": {
        "class": "sklearn.calibration:CalibratedClassifierCV",
        "params": {"estimator": MEAN, "cv": 3},
    },
}
TARGETS = {
    "logged": {"func": {"function": "numpy:log1p"}, "inverse_func": {"function": "numpy:expm1"}},
    "rooted": {"func": {"function": "parts:root"}, "inverse_func": {"function": "parts:squared"}},
    "scaled": {"transformer": {"class": "sklearn.preprocessing:MinMaxScaler", "params": {}}},
}


def family(kind, estimator):
    return json.dumps(
        {
            "schema": "repro.model/v1",
            "estimators": {kind: estimator["class"]},
            "params": estimator["params"],
        }
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = make_project(tmp_path_factory.mktemp("composed") / "project")
    made.write("parts.py", PARTS)
    made.write("own.yaml", OWN)
    for name, estimator in FAMILIES.items():
        made.write(f"configs/models/{name}.yaml", family("classification", estimator))
    for name, functions in TARGETS.items():
        target = {
            "class": "sklearn.compose:TransformedTargetRegressor",
            "params": {"regressor": RIDGE} | functions,
        }
        made.write(f"configs/models/{name}.yaml", family("regression", target))
    return made


def trained(project, name, *more):
    experiment = "diabetes" if name in TARGETS else "wine"
    return project.train(experiment, "-p", "debug", "-f", "own.yaml", "-m", name, *more)


@pytest.mark.parametrize("name", [*FAMILIES, *TARGETS])
def test_a_composed_estimator_trains_and_verifies_with_the_same_bits(project, name):
    """By two workers, where a step is of the project, and again by one."""
    run = trained(project, name, "--workers", 2 if name == "piped" else 1)

    result = project.repro("verify", run, "--json")

    assert (result.status, result.json["comparison"]["verdict"]) == (0, "identical")
    stages = json.loads((run / "stages.json").read_text())["stages"]
    assert next(stage["outputs"] for stage in stages if stage["name"] == "parts")


def divergence(project, run, other):
    result = project.repro("compare", run, other, "--json")
    return result.json["candidates"][0]["comparison"]["divergence"]


def test_a_changed_parameter_of_an_inner_step_is_named(project):
    """The first stage is the one that fits in folds; the part is a step of a member."""
    run = trained(project, "voting")
    changed = json.dumps([["line", pipe(power=0.75)], MEMBERS[1]])

    other = trained(project, "voting", "-s", f"models.voting.params.estimators={changed}")

    found = divergence(project, run, other)
    assert (found["stage"], found["part"]) == ("cross_validate", "line/own")


def test_an_edited_step_is_named_with_its_file(project):
    """By verify: the code, and the part of the last fit that it changed first."""
    run = trained(project, "stacking")
    project.replace("parts.py", "np.abs(distance)", "np.abs(1.25 * distance)")
    try:
        result = project.repro("verify", run)
    finally:
        project.write("parts.py", PARTS)

    assert result.status == 1
    assert "line/pca is the first part that differs in the fit on all" in result.out
    assert "code.parts.py" in result.out


def test_a_changed_function_of_a_target_is_named(project):
    """The transformation of the target comes before the regressor."""
    run = trained(project, "rooted")
    scaled = "models.rooted.params.regressor.params.alpha=9.0"

    regressor = trained(project, "rooted", "-s", scaled)
    project.replace("parts.py", "np.sqrt(values)", "np.sqrt(values) + 1.0")
    project.replace("parts.py", "np.square(values)", "np.square(values - 1.0)")
    try:
        verified = project.repro("verify", run)
    finally:
        project.write("parts.py", PARTS)

    assert divergence(project, run, regressor)["part"] == "regressor"
    assert "code.parts.py" in verified.out


def test_a_record_names_no_function_that_this_project_does_not_allow(project):
    """Its module is refused before it is imported."""
    run = trained(project, "rooted")
    text = (project.path / "configs/base.yaml").read_text()
    project.write("own.yaml", OWN.replace(", parts", ""))
    for name in (*FAMILIES, "rooted"):
        (project.path / f"configs/models/{name}.yaml").rename(project.path / f"{name}.aside")
    try:
        result = project.repro("verify", run)
    finally:
        project.write("own.yaml", OWN)
        for name in (*FAMILIES, "rooted"):
            (project.path / f"{name}.aside").rename(project.path / f"configs/models/{name}.yaml")

    assert "parts" not in text
    assert result.status == 3
    assert "the record allows estimators from 'parts'" in result.err
