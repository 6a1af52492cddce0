"""Values of columns that are left out of training stand in no file of a run or of its reports."""

from __future__ import annotations

import random
import struct

import pytest
from tests.conftest import make_project

from repro.app.report import run_page
from repro.core.baseline import CategoricalBaseline
from repro.report.features import describe

ROWS = 240
# What is planted in each column, by its role in the declaration. Digits and letters that nothing
# else has: a value that is found is one that was written.
PLANTED = {
    "customer": [f"KX{7919 * i % 99991:05d}Q" for i in range(1, ROWS + 1)],  # dropped, all distinct
    "remark": [f"señor Ünal-{i} ruft zurück" for i in range(ROWS)],  # dropped, free text
    "salary": [f"{7300013.5 + 17.25 * i}" for i in range(ROWS)],  # dropped, numeric
    "postcode": [f"ZIP{i % 7}X" for i in range(ROWS)],  # dropped, few levels
    "iban": [f"DE{6151 * i:018d}" for i in range(1, ROWS + 1)],  # ignored, all distinct
    "phone": [f"+49-{9973 * i % 1000003:07d}" for i in range(1, ROWS + 1)],  # ignored, digits
    "height": [f"{187.12537 + i / 8:.5f}" for i in range(ROWS)],  # ignored, numeric
}
DROPPED, IGNORED = ("customer", "remark", "salary", "postcode"), ("iban", "phone", "height")
# Still has the dropped columns' values: what later data is compared with covers every feature.
BASELINE = "drift_baseline.json"
TASKS = {
    "binary": ("roc_auc", [("yes", "no")[i % 2] for i in range(ROWS)], "yes"),
    "multiclass": ("f1_macro", [("red", "blue", "grey")[i % 3] for i in range(ROWS)], None),
    "regression": ("rmse", [f"{i % 17}.5" for i in range(ROWS)], None),
}

# Rows that are kept together by an ignored column, and everything that describes features or folds.
EVERYTHING = """schema: repro.overlay/v1
split: {kind: stratified_group, by: phone, test_size: 0.25}
evaluation:
  importance: {repeats: 2, folds: true}
  differences: true
  nested: 2
preprocessing:
  groups:
    one:
      columns: [a]
      steps:
      - {name: scale, transformer: "sklearn.preprocessing:RobustScaler"}
models:
  decision_tree:
    search: {kind: grid, folds: 2, space: {max_depth: [1, 2]}}
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """By name, every file that ends up on disk by adding, training, exporting and comparing."""
    project = make_project(tmp_path_factory.mktemp("private") / "project")
    before = {path for path in project.path.rglob("*") if path.is_file()}
    tables = {_declare(project, task) for task in TASKS}
    for task in TASKS:
        run = project.train(f"private_{task}", "-p", "debug")
        (project.path / f"{task}-later.html").write_text(run_page(run.parent, run.name).content)
        project.repro("reference", run.name, "-o", project.path / f"{task}.json")
        names = [project.path / f"{task}.json", run]
        for form in ("markdown", "junit", "json"):
            out = project.path / f"{task}.{form}"
            project.repro("compare", *names, "--format", form, "-o", out)
        project.repro("compare", *names, "--report", project.path / f"{task}-compare.html")
    project.write("everything.yaml", EVERYTHING)
    project.train("private_binary", "-p", "debug", "-f", "everything.yaml")
    found = {path for path in project.path.rglob("*") if path.is_file()} - before - tables
    # What ``data add`` appends to.
    return {path: path.read_bytes() for path in {*found, project.path / "configs/datasets.yaml"}}


def _declare(project, task):
    metric, target, positive = TASKS[task]
    drawn = random.Random(11)
    columns = {"a": [f"{drawn.random():.3f}" for _ in range(ROWS)], **PLANTED, "y": target}
    lines = [",".join(columns), *map(",".join, zip(*columns.values(), strict=True))]
    table = project.write(f"data/private_{task}.csv", "\n".join(lines) + "\n")
    words = ("data", "add", f"private_{task}", table, "--target", "y", "--licence", "MIT")
    extra = ("--positive", positive) if positive else ()
    added = project.repro(*words, "--origin", "made up", *extra)
    assert added.status == 0, added.err
    _ignore(project, task)
    project.write(
        f"configs/experiments/private_{task}.yaml",
        f"schema: repro.experiment/v1\ndescription: x\ntask: {task}\ndataset: private_{task}\n"
        f"families: [decision_tree, random_forest, knn]\n"
        f"features:\n  drop: [{', '.join(DROPPED)}]\nselection:\n  metric: {metric}\n",
    )
    return table


def _ignore(project, task):
    """Move columns to the ignored ones, as a person does who reads the draft."""
    path = project.path / "configs/datasets.yaml"
    head, entry = path.read_text().split(f"  private_{task}:\n")
    for name in IGNORED:
        entry = entry.replace(f", {name}", "").replace(f"{name}, ", "").replace(f"[{name}]", "[]")
    entry = entry.replace("ignored: []", f"ignored: [{', '.join(IGNORED)}]")
    path.write_text(f"{head}  private_{task}:\n{entry}")


def _values(names):
    return [value.encode() for name in names for value in PLANTED[name]]


def test_everything_was_written(written):
    """Each kind of file is among those that are searched."""
    names = {path.name for path in written}

    assert {"report.md", "report.html", "predictions.csv", "model.joblib", BASELINE} <= names
    assert {f"{task}{end}" for task in TASKS for end in (".json", "-later.html", ".junit")} <= names
    assert {f"{task}-compare.html" for task in TASKS} <= names
    assert len(written) >= 3 * (13 + 6)


def test_a_planted_value_would_be_found(written):
    """The search finds what is there: the labels of the target, which predictions must hold."""
    found = {path.name for path, content in written.items() if b"grey" in content}

    assert {"predictions.csv", "report.html"} <= found


@pytest.mark.parametrize("column", PLANTED)
def test_no_file_has_a_value_of_a_column_that_is_left_out(written, column):
    """As bytes, in every file, the model's included."""
    wanted = _values([column])
    leaks = sorted(
        {
            f"{path.parent.name}/{path.name}: {value.decode()}"
            for path, content in written.items()
            for value in wanted
            if value in content
        }
    )

    assert [] == leaks


def test_no_binary_file_has_a_number_of_a_column_that_is_left_out(written):
    """Nor as the eight bytes of a float, which the model would hold."""
    wanted = [struct.pack("<d", float(v)) for name in ("salary", "height") for v in PLANTED[name]]
    models = [content for path, content in written.items() if path.suffix == ".joblib"]

    assert len(TASKS) + 1 == len(models)
    assert [] == [value for value in wanted for content in models if value in content]


@pytest.mark.parametrize("levels", [1, 4, 5, 20, 21, 300, 3750])
def test_categories_are_named_where_there_are_few(levels):
    """Beyond twenty they are counted; a name of one is in no text of the page."""
    names = [f"person-{i:04d}" for i in range(levels)]
    shares = dict.fromkeys(names, 1 / levels)
    found = describe("who", CategoricalBaseline(kind="categorical", shares=shares, missing=0.0))
    shown = " ".join((*found.values, found.summary))

    assert (levels <= 20) == any(name in shown for name in names)
    if levels > 20:
        assert shown.startswith(f"{levels} categories, the most frequent")
