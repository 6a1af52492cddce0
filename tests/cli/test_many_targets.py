"""A data set with several targets: trained, verified, compared, predicted and listed by target.

The names of ``tests/cli/test_targets.py`` are those of files; these are columns.
"""

import csv
import hashlib
import json
import shutil

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn import linear_model, metrics, model_selection, pipeline, preprocessing
from tests.conftest import Project, make_project

from repro.seeding import derive

EXPERIMENT = """schema: repro.experiment/v1
description: Prices of houses, and whether they were sold.
task: regression
dataset: houses
families: [ridge]
split: {stratify: false}
preprocessing: {numeric: {clip_iqr: null}}
evaluation: {bootstrap: null}
selection: {metric: rmse}
targets:
  sold:
    families: [logistic_regression]
    selection: {metric: roc_auc}
  kind:
    families: [logistic_regression]
    selection: {metric: accuracy}
"""
ENTRY = """  {name}:
    description: houses
    source: {{kind: file, path: data/houses.csv, format: csv}}
    sha256: "{sha256}"
    target: price
    positive: null
    columns: {{numeric: [{columns}], categorical: [], ignored: [{ignored}]}}
    missing: []
    licence: MIT
    origin: made up
"""
TARGETS = """    targets:
      sold: {task: binary, positive: "yes"}
      kind: {task: multiclass}
"""
ROWS = 200


def houses():
    draw = np.random.default_rng(6)
    frame = pd.DataFrame(draw.normal(size=(ROWS, 3)).round(6), columns=list("abc"))
    frame["price"] = (10 + 3 * frame["a"] - frame["b"] + draw.normal(size=ROWS) / 3).round(6)
    noise = draw.normal(size=ROWS) / 2
    frame["sold"] = np.where(frame["a"] + frame["c"] + noise > 0, "yes", "no")
    frame["kind"] = draw.choice(["x", "y", "z"], ROWS)
    return frame


def declared(path, targets=TARGETS, columns='"*"', ignored=""):
    made = make_project(path)
    content = houses().to_csv(index=False).encode()
    (made.path / "data" / "houses.csv").write_bytes(content)
    registry = made.path / "configs" / "datasets.yaml"
    given = {"sha256": hashlib.sha256(content).hexdigest(), "columns": columns, "ignored": ignored}
    registry.write_text(registry.read_text() + ENTRY.format(name="houses", **given) + targets)
    made.write("configs/experiments/houses.yaml", EXPERIMENT)
    return made


@pytest.fixture(scope="module")
def trained_all(tmp_path_factory):
    """A project with a run for each of three targets; only to be read or copied."""
    made = declared(tmp_path_factory.mktemp("houses") / "project")
    result = made.repro("train", "houses", "--target", "all", "--json")
    assert result.status in (0, 1), result.err
    runs = {each["target"]: made.path / each["run"]["path"] for each in result.json["targets"]}
    return made, runs, result.json


@pytest.fixture
def copy(trained_all, tmp_path):
    made, runs, _ = trained_all
    shutil.copytree(made.path, tmp_path / "copy")
    return Project(tmp_path / "copy"), {
        name: tmp_path / "copy" / "runs" / run.name for name, run in runs.items()
    }


def recorded(run, name):
    return json.loads((run / name).read_text())


def test_one_run_for_each_target_with_its_own_task_and_metric(trained_all):
    """In the order of the declaration, the usual one first."""
    _, runs, answer = trained_all

    assert answer["schema"] == "repro.train-targets/v1"
    assert list(runs) == ["price", "sold", "kind"]
    rows = [(each["task"], each["metric"]) for each in answer["targets"]]
    assert rows == [("regression", "rmse"), ("binary", "roc_auc"), ("multiclass", "accuracy")]
    for each in answer["targets"]:
        found = recorded(runs[each["target"]], "metrics.json")
        assert each["run"]["target"] == each["target"]
        assert each["value"] == found["test"][each["metric"]]["value"]
        assert each["baseline"] == found["constant"][each["metric"]]
    # The classes of 'kind' were drawn without regard to any feature.
    assert answer["targets"][1]["verdict"] == "no finding"


def test_other_targets_are_no_features(trained_all):
    """Not of a pattern, and not in the saved model."""
    for run in trained_all[1].values():
        model = joblib.load(run / "model.joblib")
        assert list(model.named_steps["table"].numeric) == ["a", "b", "c"]
        assert not model.named_steps["table"].categorical
        assert list(recorded(run, "drift_baseline.json")["features"]) == ["a", "b", "c"]


def test_seeds_of_another_target_follow_from_its_name(trained_all):
    """Those of the usual target are as if there were no other one."""
    for name, run in trained_all[1].items():
        seeds = recorded(run, "seeds.json")
        start = () if name == "price" else (name,)
        assert seeds.get("target") == (None if name == "price" else name)
        assert seeds["base"] == 42
        assert seeds["seeds"]["split/rows"] == derive(42, *start, "split", "rows")
        family = recorded(run, "metrics.json")["model"]
        assert seeds["seeds"][f"fit/{family}"] == derive(42, *start, "fit", family)


def test_the_model_of_another_target_is_that_of_plain_scikit_learn(trained_all, copy):
    """Split, fitted and predicted by hand, without the other targets."""
    project, runs = copy
    frame, run = houses(), runs["sold"]
    target = frame["sold"].to_numpy()
    params = recorded(run, "config.json")["models"]["logistic_regression"]["params"]
    train, test = map(
        np.sort,
        model_selection.train_test_split(
            np.arange(ROWS), test_size=0.25, random_state=derive(42, "sold", "split", "rows")
        ),
    )
    model = pipeline.make_pipeline(
        preprocessing.StandardScaler(), linear_model.LogisticRegression(**params)
    ).fit(frame[list("abc")].iloc[train], target[train])
    expected = model.predict_proba(frame[list("abc")].iloc[test])[:, 1]

    with (run / "predictions.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [int(row["row"]) for row in found] == test.tolist()
    np.testing.assert_allclose([float(row["score:yes"]) for row in found], expected, atol=1e-9)
    value = recorded(run, "metrics.json")["test"]["roc_auc"]["value"]
    assert value == pytest.approx(metrics.roc_auc_score(target[test] == "yes", expected))
    new = project.path / "new.csv"
    frame[list("abc")].iloc[test].to_csv(new, index=False)
    predicted = project.repro("predict", run.name, new, "-o", project.path / "o.csv", "--json")
    assert predicted.status == 0, predicted.err
    assert predicted.json["target"] == "sold"
    with (project.path / "o.csv").open(newline="") as file:
        assert [row["label"] for row in csv.DictReader(file)] == [row["label"] for row in found]


def test_the_usual_target_keeps_every_key_and_byte(trained_all, tmp_path):
    """Those of a data set that ignores the other columns, but for the declaration itself."""
    plain = declared(tmp_path / "plain", "", "a, b, c", "sold, kind")
    plain.write("configs/experiments/houses.yaml", EXPERIMENT.partition("targets:")[0])
    run, other = plain.train("houses"), trained_all[1]["price"]

    assert recorded(run, "snapshot.json")["keys"] == recorded(other, "snapshot.json")["keys"]
    for name in ("seeds.json", "predictions.csv", "threshold.json"):
        assert (run / name).read_bytes() == (other / name).read_bytes()
    first, second = (
        {
            stage["name"]: stage["outputs"]
            for stage in recorded(each, "stages.json")["stages"]
            # It looks at ignored columns too.
            if stage["name"] not in {"leakage", "check"}
        }
        for each in (run, other)
    )
    assert first == second
    with_flag = shutil.copytree(trained_all[0].path, tmp_path / "flag")
    again = Project(with_flag).train("houses", "--target", "price")
    for name in ("config.json", "metrics.json", "stages.json", "seeds.json", "predictions.csv"):
        assert (again / name).read_bytes() == (other / name).read_bytes()


def test_commands_show_the_target(copy):
    """verify, reference, compare, runs list; and a reference of one is not written over another."""
    project, runs = copy
    sold, price = runs["sold"].name, runs["price"].name
    verified = project.repro("verify", sold, "-q")
    exported = project.repro("reference", sold, "-o", "sold.json")
    over = project.repro("reference", price, "-o", project.path / "sold.json")
    compared = project.repro("compare", "sold.json", price)
    listed = project.repro("runs", "list")
    again = project.repro("verify", "sold.json", "-q", "--json")

    assert verified.status == 0, verified.out
    assert "target         sold" in verified.out
    assert "houses, target sold" in exported.out
    assert over.status == 3
    assert "a reference of 'houses', target 'sold'" in over.err
    assert compared.status == 1
    assert "reference sold.json, target sold" in compared.out
    assert "target" in compared.out
    assert [line.split()[2] for line in listed.out.splitlines()] == [
        "target",
        "kind",
        "sold",
        "price",
    ]
    assert (again.status, again.json["target"]) == (0, "sold")


def test_several_targets_give_one_table(copy):
    """A line for each, and the status of a finding that fails."""
    project, _ = copy
    result = project.repro(
        "train",
        "houses",
        "--target",
        "sold",
        "--target=kind",
        "-q",
        "-s",
        "safety.on_finding=fail",
        "-s",
        "targets.sold.selection.metric=log_loss",
    )
    rows = [line.split() for line in result.out.splitlines() if line.startswith(("sold ", "kind "))]

    assert [row[:4] for row in rows] == [
        ["sold", "binary", "logistic_regression", "log_loss"],
        ["kind", "multiclass", "logistic_regression", "accuracy"],
    ]
    kind = recorded(project.path / "runs" / rows[1][-1], "metrics.json")
    assert result.status == (1 if kind["findings"] else 0)
    command = recorded(project.path / "runs" / rows[0][-1], "lineage.json")["command"]
    assert command[:3] == ["repro", "train", "houses"]
    assert command[-2:] == ["--target", "sold"]
    assert "targets.sold.selection.metric=log_loss" in command


def test_a_matrix_trains_one_target(trained_all):
    """It compares the records of one training, and says so before it trains any."""
    project = trained_all[0]
    project.write(
        "matrix.yaml",
        'schema: repro.matrix/v1\ncells:\n  one: {runner: ubuntu-24.04, python: "3.13"}\n',
    )
    several = project.repro("matrix", "--", "houses", "--target", "all")
    unknown = project.repro("matrix", "--", "houses", "--target", "sould")

    assert several.status == unknown.status == 2
    assert "a matrix trains one target" in several.err
    assert "did you mean 'sold'?" in unknown.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--target", "sould"], ["has no target 'sould'", "did you mean 'sold'?"]),
        (["--target", "kind", "--target", "prise"], ["'prise'", "did you mean 'price'?"]),
        (["-s", "targets.sould.task=binary"], ["no other target 'sould'", "did you mean 'sold'?"]),
        (["-s", "targets.price.seed=1"], ["no other target 'price'", "the usual target needs no"]),
        (["-s", "targets.sold.dataset=wine"], ["targets.sold.dataset", "the same 'dataset'"]),
        (["-s", "split.kind=group", "-s", "split.by=sold"], ["split.by: 'sold' is a target"]),
        (["--target", "sold", "-s", "targets.sold.task=regression"], ["targets.sold.families"]),
        (["--target", "sold", "-s", "selection.metric=rmse"], ["targets.sold.selection.metric"]),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_trained(trained_all, arguments, words):
    """With a suggestion, and no run."""
    project, runs, _ = trained_all
    result = project.repro("train", "houses", *arguments)

    assert result.status == 2, result.out
    for each in words:
        assert each in result.err
    assert len(list((project.path / "runs").iterdir())) == len(runs)


def test_a_single_target_is_as_short_as_before(trained):
    """No target in any output of a data set that has one, and --target all is that one."""
    project, run = trained
    shown = project.repro("config", "show", "--json").json

    assert "target" not in shown
    assert "targets" not in shown["dataset"]
    assert "target" not in recorded(run, "seeds.json")
    assert "target" not in project.repro("runs", "list", "--json").json["runs"][0]
    assert "target" not in project.repro("verify", run, "--integrity").out


def test_data_commands_know_every_target(copy):
    """List, verify and replace; an edit that the table does not fit is found."""
    project, _ = copy
    assert "price, sold, kind" in project.repro("data", "list").out
    verified = project.repro("data", "verify", "houses")
    assert "houses target sold: holds, a binary task" in verified.out
    replaced = project.repro("data", "add", "houses", "--replace", "--description", "of a town")
    assert replaced.status == 0, replaced.err
    assert "targets:" in replaced.out
    assert project.repro("config", "check", "houses").out.strip() == "houses: valid"
    moved = project.repro("data", "add", "houses", "--replace", "--target", "sold")
    assert moved.status == 2
    assert "change target and targets together" in moved.err
    project.replace("configs/datasets.yaml", 'positive: "yes"', 'positive: "yess"')
    wrong = project.repro("data", "verify", "houses")
    assert wrong.status == 1
    assert "houses target sold: fails" in wrong.out


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ("    targets: {price: {task: regression}}\n", "'price' is the target already"),
        ("    targets: {sold: {task: binary}}\n", "needs a 'positive' label"),
        ("    targets: {sold: {task: regresion}}\n", "targets.sold.task"),
        ("    targets: {solt: {task: multiclass}}\n", "no target column 'solt'"),
    ],
)
def test_a_wrong_declaration_names_file_and_key(tmp_path, targets, words):
    """And what to write."""
    made = declared(tmp_path / "project", targets)
    made.write("configs/experiments/houses.yaml", EXPERIMENT.partition("targets:")[0])
    result = made.repro("train", "houses")

    assert result.status in (1, 2, 3)
    assert words in result.err
    assert "Traceback" not in result.err
