"""`load_run` and `repro predict`: a run's held-out rows get the labels and scores that it has.

The expected values are those of ``predictions.csv``, and what plain scikit-learn makes of the text
of the file.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import pickle
import shutil

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tests.conftest import command, make_project
from tests.forging import rewritten

import repro
from repro.config.data import Dataset, Task
from repro.config.tables import Dialect
from repro.core.errors import DataError, PreconditionError, SchemaError
from repro.datasets.loading import load
from repro.datasets.misread import naming_the_dialect
from repro.tables.errors import TableError

STRICT = {"dtype": str, "keep_default_na": False}
EXPERIMENT = """schema: repro.experiment/v1
description: Text that pandas turns into something else.
task: binary
dataset: mess
families: [logistic_regression]
selection:
  metric: roc_auc
features:
  drop: [secret, weight]
"""
ENTRY = """  mess:
    description: mess
    source: {{kind: file, path: data/mess.csv, format: csv}}
    sha256: "{sha256}"
    target: y
    positive: "yes"
    columns: {{numeric: [age, x, weight], categorical: [flag, code, kind, secret], ignored: [id]}}
    missing: ["-99"]
    licence: MIT
    origin: made up
"""


def mess() -> pd.DataFrame:
    """240 rows in which each column matters, and pandas misreads all but one."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": np.arange(240).astype(str),
            "flag": rng.choice(["True", "False"], 240),
            "code": rng.choice(["1", "2", "3"], 240),
            "kind": rng.choice(["NA", "a", "b"], 240),
            "age": rng.integers(20, 70, 240).astype(str),
            "x": np.round(rng.normal(size=240), 3).astype(str),
            "secret": [f"person {n}" for n in range(240)],
            "weight": rng.integers(50, 90, 240).astype(str),
        }
    )
    frame.loc[rng.random(240) < 0.25, "age"] = "-99"
    frame.loc[rng.random(240) < 0.1, "code"] = "-99"
    score = (frame["flag"] == "True") * 1.5 + (frame["code"] == "2") * 1.2
    score += (frame["kind"] == "NA") * 1.4 + (frame["age"] == "-99") * 1.3
    score += rng.normal(0, 0.5, 240)
    frame["y"] = np.where(score > score.median(), "yes", "no")
    return frame


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    """A project with one run on that table; only to be read or copied."""
    made = make_project(tmp_path_factory.mktemp("messy") / "project")
    content = mess().to_csv(index=False).encode()
    (made.path / "data" / "mess.csv").write_bytes(content)
    made.write("configs/experiments/mess.yaml", EXPERIMENT)
    registry = made.path / "configs" / "datasets.yaml"
    entry = ENTRY.format(sha256=hashlib.sha256(content).hexdigest())
    registry.write_text(registry.read_text() + entry)
    return made, made.train("mess", "--profile", "debug")


@pytest.fixture(scope="module")
def held(messy):
    """The rows of predictions.csv, as text."""
    with (messy[1] / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def loaded(messy):
    return repro.load_run(messy[1])


def rows_of(held):
    return [int(row["row"]) for row in held]


def test_the_command_gives_the_held_out_rows_their_labels_and_scores(messy, held, tmp_path):
    """Every bit of them, from the rows as a file of their own, without its label."""
    project, run = messy
    rows = mess().iloc[rows_of(held)]
    rows[rows.columns[::-1]].drop(columns=["y", "secret", "id"]).to_csv(
        tmp_path / "new.csv", index=False
    )
    result = project.repro(
        "predict", run.name, tmp_path / "new.csv", "-o", tmp_path / "out.csv", "--json"
    )

    with (tmp_path / "out.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert result.status == 0, result.err
    assert [(r["label"], r["score:yes"]) for r in found] == [
        (r["label"], r["score:yes"]) for r in held
    ]
    assert [row["row"] for row in found] == [str(n) for n in range(len(held))]
    labels = {name: sum(r["label"] == name for r in held) for name in ("no", "yes")}
    assert result.json == {
        "schema": "repro.prediction/v1",
        "run": run.name,
        "rows": len(held),
        "scores": ["yes"],
        "labels": labels,
        "output": str(tmp_path / "out.csv"),
        "warnings": [],
    }


def test_a_pipe_gets_every_row_and_files_are_not_overwritten(messy, tmp_path):
    """A file that is read, and the run, stay as they are."""
    project, run = messy
    data = project.path / "data" / "mess.csv"
    piped = project.repro("predict", run, data)
    onto_data = project.repro("predict", run, data, "-o", data)
    into_run = project.repro("predict", run, data, "-o", run / "out.csv")

    assert (piped.status, piped.out.count("\n"), piped.out[:20]) == (
        0,
        241,
        "row,label,score:yes\n",
    )
    assert (onto_data.status, into_run.status) == (2, 2)
    assert not (run / "out.csv").exists()
    assert data.read_bytes() == mess().to_csv(index=False).encode()


def test_bad_input_is_a_sentence(messy, tmp_path):
    """With the file, the column, what was found, and no traceback."""
    project, run = messy
    (tmp_path / "short.csv").write_text("flag,code,kind,age\nTrue,1,a,old\n")
    short = project.repro("predict", run, tmp_path / "short.csv")
    absent = project.repro("predict", run, tmp_path / "none.csv")
    other = project.repro("predict", run, project.path / "configs" / "base.yaml")

    assert (short.status, absent.status, other.status) == (3, 3, 2)
    assert "short.csv: no column 'x'" in short.err
    assert "no such file" in absent.err
    assert "base.yaml: not a known format" in other.err
    assert "Traceback" not in short.err + absent.err + other.err


@pytest.mark.parametrize("form", ["csv", "parquet", "typed parquet", "strict frame", "part of it"])
def test_every_way_in_gives_the_held_out_labels(messy, held, loaded, tmp_path, form):
    """A file of either format, and a frame that kept its text."""
    frame = mess()
    if form == "csv":
        data = messy[0].path / "data" / "mess.csv"
    elif form.endswith("parquet"):
        if form == "typed parquet":
            frame = frame.assign(
                age=frame["age"].astype("int64"),
                x=frame["x"].astype(float),
                flag=frame["flag"] == "True",
            )
            frame["code"] = frame["code"].astype("int8")
        data = tmp_path / "t.parquet"
        frame.to_parquet(data)
    else:
        data = pd.read_csv(io.StringIO(frame.to_csv(index=False)), **STRICT)
        data = data if form == "strict frame" else data[["x", "kind", "age", "code", "flag"]]
    found = loaded.predict(data)[rows_of(held)]
    scores = loaded.predict_proba(data)[rows_of(held), 1]

    assert found.tolist() == [row["label"] for row in held]
    np.testing.assert_allclose(scores, [float(row["score:yes"]) for row in held], atol=1e-12)


def test_the_saved_pipeline_is_right_or_refuses_what_pandas_reads(messy, held):
    """One misread column at a time: the recorded labels, and for NA a refusal by name."""
    model = joblib.load(messy[1] / "model.joblib")
    expected = [row["label"] for row in held]
    strict = mess().iloc[rows_of(held)]
    misread = pd.read_csv(io.StringIO(mess().to_csv(index=False))).iloc[rows_of(held)]
    for name in ("flag", "code", "age", "x"):
        assert misread[name].dtype != strict[name].dtype
        assert model.predict(strict.assign(**{name: misread[name]})).tolist() == expected
    floats = misread["code"].astype(float).where(misread["code"] != -99)
    assert model.predict(strict.assign(code=floats)).tolist() == expected
    with pytest.raises(TableError, match=r"column 'kind' \(dtype (str|object)\): no value in"):
        model.predict(strict.assign(kind=misread["kind"]))
    assert model.feature_names_in_.tolist() == list(mess().columns[1:-1])
    assert model.classes_.tolist() == ["no", "yes"]


def test_the_right_labels_are_those_of_plain_scikit_learn(messy, held, loaded):
    """Fitted apart, on the text of the file: the same accuracy on the same held-out rows."""
    frame = mess().replace({"age": "-99", "code": "-99"}, np.nan)
    frame[["age", "x"]] = frame[["age", "x"]].astype(float)
    rows = rows_of(held)
    train = frame.drop(index=rows)
    numbers = Pipeline([("i", SimpleImputer(strategy="median")), ("s", StandardScaler())])
    words = Pipeline(
        [
            ("i", SimpleImputer(strategy="most_frequent")),
            ("e", OneHotEncoder(handle_unknown="ignore")),
        ]
    )
    encode = ColumnTransformer(
        [("n", numbers, ["age", "x"]), ("w", words, ["flag", "code", "kind"])]
    )
    plain = Pipeline([("e", encode), ("m", LogisticRegression(max_iter=1000))])
    plain.fit(train.drop(columns="y"), train["y"])
    truth = frame["y"].iloc[rows]
    expected = accuracy_score(truth, plain.predict(frame.iloc[rows]))
    actual = accuracy_score(truth, loaded.predict(messy[0].path / "data" / "mess.csv")[rows])

    assert abs(actual - expected) < 0.06
    assert actual == pytest.approx(loaded.metrics.test["accuracy"].value)


def test_dropped_columns_are_not_in_the_model(messy):
    """No value of a column that no step uses."""
    content = (messy[1] / "model.joblib").read_bytes()

    assert b"person 1" not in content


def test_unknown_categories_warn_with_a_count(messy, loaded, tmp_path):
    """In Python as a UserWarning, and from the command beside the result."""
    frame = mess().assign(kind=["new", "other", *mess()["kind"][2:]])
    frame.to_csv(tmp_path / "new.csv", index=False)
    with pytest.warns(UserWarning, match="column 'kind': 2 of 240 rows have .* 'new', 'other'"):
        loaded.predict(tmp_path / "new.csv")
    result = messy[0].repro("predict", messy[1], tmp_path / "new.csv", "-o", tmp_path / "o.csv")

    assert result.status == 0
    assert "warning: column 'kind': 2 of 240 rows" in result.err


@pytest.mark.parametrize("changes", [{"age": "old"}, {"x": ""}, {"age": "007"}])
def test_a_file_is_read_as_strictly_as_a_data_set(loaded, tmp_path, changes):
    """What training would have refused is refused, with its line."""
    name, cell = next(iter(changes.items()))
    frame = mess()
    frame.loc[4, name] = cell
    frame.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match=rf"new.csv: column '{name}': 1 value .*'{cell}' in line 6"):
        loaded.predict(tmp_path / "new.csv")


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        (lambda frame: frame.to_csv(index=False, sep=";").encode(),
         "delimiter ',', and this file seems to have ';'"),
        (lambda frame: frame.assign(kind="café").to_csv(index=False).encode("cp1252"),
         "encoding 'utf-8', and this file seems to have 'cp1252'"),
        (lambda frame: frame.assign(kind="é").to_csv(index=False).encode("cp1252"), "utf-8"),
        (lambda frame: frame.to_csv(index=False).encode("utf-16"),
         "encoding 'utf-8', and this file seems to have 'utf-16'"),
        (lambda frame: frame.assign(x=[f"{n}.000,5" for n in range(1, 241)]).to_csv(index=False)
         .encode(), "decimal '.', and this file seems to have ','"),
    ],
)  # fmt: skip
def test_a_file_in_a_different_dialect_is_refused_with_both(loaded, tmp_path, written, advice):
    """The declared one of the run and that of the file."""
    (tmp_path / "new.csv").write_bytes(written(mess()))
    with pytest.raises(DataError) as caught:
        loaded.predict(tmp_path / "new.csv")

    assert caught.value.advice.startswith("save the file as the run's data set is declared: ")
    assert advice in caught.value.advice


def test_an_encoding_that_reads_anything_is_named(tmp_path):
    """UTF-8 is text in cp1252 too, and a wrong one."""
    with (
        pytest.warns(UserWarning, match="new.csv: is UTF-8, and is read as cp1252"),
        naming_the_dialect("new.csv", "x\né\n".encode(), Dialect(encoding="cp1252")),
    ):
        pass


def test_a_typed_file_of_a_misread_frame_is_right_or_refused(messy, held, loaded, tmp_path):
    """What pandas lost before it wrote Parquet is not guessed either; nulls are not NA."""
    misread = pd.read_csv(io.StringIO(mess().to_csv(index=False)))
    misread["code"] = misread["code"].where(misread["code"] != -99)
    misread.assign(kind=mess()["kind"]).to_parquet(tmp_path / "good.parquet")
    misread.to_parquet(tmp_path / "bad.parquet")

    found = loaded.predict(tmp_path / "good.parquet")[rows_of(held)]
    assert misread["code"].dtype == np.float64
    assert found.tolist() == [row["label"] for row in held]
    with pytest.raises(DataError, match=r"bad.parquet: column 'kind' .*training saw the text 'NA'"):
        loaded.predict(tmp_path / "bad.parquet")


class Bomb:
    """A pickle that leaves a mark when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("name", ["model.joblib", "metrics.json", "config.json", "lineage.json"])
def test_nothing_is_unpickled_before_every_file_is_checked(messy, tmp_path, name):
    """One changed file, and the model stays shut."""
    run = tmp_path / messy[1].name
    shutil.copytree(messy[1], run)
    if name == "model.joblib":
        (run / name).write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    else:
        (run / name).write_bytes((run / name).read_bytes() + b" ")
    with pytest.raises((PreconditionError, SchemaError), match="tampered or damaged"):
        repro.load_run(run)

    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x05.",
        b"not a pickle",
        pickle.dumps({"a": 1}),
        pickle.dumps(LogisticRegression()),
        pickle.dumps([Pipeline([("a", "passthrough")])])[:-9],
    ],
)
def test_a_file_that_is_no_model_is_named(messy, tmp_path, content):
    """Bound as if it had been written so: nothing but the file itself shows it."""
    _, run = messy
    copy = shutil.copytree(run, tmp_path / run.name)
    rewritten(copy, model=content)

    with pytest.raises(PreconditionError, match=r"^model\.joblib: (cannot be loaded|expected a)"):
        repro.load_run(copy)


def test_a_run_is_found_by_name(messy, held):
    """As in the commands."""
    runs = messy[1].parent

    assert repro.load_run("latest", runs=runs).path == messy[1]
    assert repro.load_run(messy[1].name[:15], runs=runs).path == messy[1]
    with pytest.raises(PreconditionError, match="no run"):
        repro.load_run("nothing", runs=runs)


def test_importing_the_package_stays_light():
    """`load_run` is imported when it is asked for."""
    code = "import repro, sys; print('numpy' in sys.modules, repro.load_run.__name__)"

    assert command("-c", code).out == "False load_run\n"


@pytest.mark.parametrize("experiment", ["wine", "diabetes"])
def test_several_classes_and_numbers(messy, tmp_path, experiment):
    """A score for each class; a regression has a prediction alone."""
    project = messy[0]
    run = project.train(
        experiment, "-p", "debug", "-m", "ridge" if experiment == "diabetes" else "knn"
    )
    config = json.loads((run / "config.json").read_text())["dataset"]
    task = Task.REGRESSION if experiment == "diabetes" else Task.MULTICLASS
    table = load(project.path, Dataset.model_validate_json(json.dumps(config)), task)
    with (run / "predictions.csv").open(newline="") as file:
        held = list(csv.DictReader(file))
    rows = table.features.iloc[rows_of(held)]
    rows.to_csv(tmp_path / "new.csv", index=False)
    found = list(
        csv.DictReader(io.StringIO(project.repro("predict", run, tmp_path / "new.csv").out))
    )
    names = [
        name for name in held[0] if name in {"label", "prediction"} or name.startswith("score")
    ]

    assert list(found[0]) == ["row", *names]
    assert [[row[name] for name in names] for row in found] == [
        [row[name] for name in names] for row in held
    ]
