"""`repro export mlflow`: read back by MLflow from a database, a folder and a server."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from repro.cli import run as repro
from tests.conftest import ROOT, command
from tests.exports.servers import program, serving
from tests.forging import rewritten

pytestmark = pytest.mark.scripts


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    words = ("server", "--host", "127.0.0.1", "--port", "{port}", "--workers", "1")
    store = ("--backend-store-uri", f"sqlite:///{folder}/mlflow.db")
    files = ("--artifacts-destination", str(folder / "files"))
    with serving(folder, "/health", program("mlflow"), *words, *store, *files) as address:
        yield address


@pytest.fixture(params=["database", "folder", "server"])
def store(request, tmp_path):
    if request.param == "server":
        return request.getfixturevalue("served")
    return {"database": f"sqlite:///{tmp_path}/new/mlflow.db", "folder": str(tmp_path / "store")}[
        request.param
    ]


def exported(run: Path, store: str, capsys, *options: str) -> str:
    """Export a run, and return the identifier that the command printed."""
    capsys.readouterr()
    assert repro(["export", "mlflow", str(run), "--to", store, *options]) == 0
    return run_id_of(capsys.readouterr().out)


def run_id_of(printed: str) -> str:
    return printed.partition(" run ")[2].partition(",")[0]


def test_a_run_is_read_back_by_mlflow(trained, store, tmp_path, monkeypatch, capsys):
    """Parameters, every bit of the numbers, digests, files, data set, and the model's labels."""
    import mlflow
    import pandas as pd

    _, run = trained
    monkeypatch.chdir(tmp_path)
    before = {name for name in os.environ if "MLFLOW" in name}
    run_id = exported(run, store, capsys)
    assert {name for name in os.environ if "MLFLOW" in name} == before
    assert not (tmp_path / "mlruns").exists()

    uri = store if ":" in store else Path(store).as_uri()
    client = mlflow.MlflowClient(uri)
    found = client.get_run(run_id)
    record = json.loads((run / "record.json").read_bytes())
    config = json.loads((run / "config.json").read_bytes())
    lineage = json.loads((run / "lineage.json").read_bytes())
    assert found.info.status == "FINISHED"
    assert found.info.run_name == run.name
    assert client.get_experiment(found.info.experiment_id).name == "credit"
    assert found.data.metrics == record["evidence"]["numbers"]
    assert found.data.params["models.knn.params.n_neighbors"] == str(
        config["models"]["knn"]["params"]["n_neighbors"]
    )
    assert found.data.params["seed"] == "42"
    assert found.data.params["dataset.columns.categorical"] == json.dumps(
        config["dataset"]["columns"]["categorical"]
    )
    assert "execution.runs" not in found.data.params
    tags = found.data.tags
    assert tags["repro.digest"] == record["digest"]
    assert tags["repro.lineage"] == lineage["digest"]
    assert tags["repro.strict_key"] == record["identity"]["strict_key"]
    assert tags["repro.environment_key"] == record["environment_key"]
    assert tags["repro.level"] == "portable"
    assert tags["repro.fingerprint"] == record["environment"]["fingerprint"]["digest"]
    assert tags["repro.data.credit"] == record["materials"]["data"][0]["content"]

    mlflow.set_tracking_uri(uri)
    folder = Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="run"))
    hashes = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}
    listed = {name: entry["sha256"] for name, entry in lineage["files"].items()}
    own = hashlib.sha256((run / "lineage.json").read_bytes()).hexdigest()
    assert hashes == listed | {"lineage.json": own}
    (used,) = found.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == (
        "credit", record["materials"]["data"][0]["content"].partition(":")[2][:32],
    )  # fmt: skip
    source = mlflow.data.get_source(used.dataset)
    assert source.uri == "data/credit.csv"
    assert json.loads(used.dataset.profile) == {"num_rows": 4454}

    table = pd.read_csv(ROOT / "data" / "credit.csv")
    held_out = list(csv.DictReader((run / "predictions.csv").open()))
    rows = table.iloc[[int(each["row"]) for each in held_out]]
    model = mlflow.pyfunc.load_model(f"runs:/{run_id}/model")
    numeric = config["dataset"]["columns"]["numeric"]
    assert model.metadata.get_input_schema().input_names() == (
        numeric + config["dataset"]["columns"]["categorical"]
    )
    frame = rows[numeric].astype("float64").join(rows[config["dataset"]["columns"]["categorical"]])
    assert list(model.predict(frame)) == [each["label"] for each in held_out]
    assert model.metadata.metadata["repro.digest"] == record["digest"]


def test_the_same_run_is_written_once(trained, tmp_path, capsys):
    """Unless a second one is asked for; an export that was interrupted does not count."""
    import mlflow

    _, run = trained
    store = f"sqlite:///{tmp_path}/mlflow.db"
    first = exported(run, store, capsys)
    again = exported(run, store, capsys)
    third = exported(run, store, capsys, "--again")
    other = exported(run, store, capsys, "--experiment", "shown")
    client = mlflow.MlflowClient(store)
    place = client.get_run(first).info.experiment_id

    assert first == again
    assert len({first, third, other}) == 3
    assert {each.info.run_id for each in client.search_runs([place])} == {first, third}
    for each in (first, third):
        client.delete_tag(each, "repro.lineage")
    assert exported(run, store, capsys) not in {first, third, other}


def test_a_record_is_compared_with_its_export(trained, store, monkeypatch, capsys):
    """`repro compare mlflow:RUN_ID` finds every number of a run, and an artefact's too."""
    _, run = trained
    run_id = exported(run, store, capsys)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)

    assert repro(["compare", f"mlflow:{run_id}", str(run), "--json"]) == 0
    comparison = json.loads(capsys.readouterr().out)["candidates"][0]["comparison"]
    assert comparison["verdict"] == "equivalent"
    numbers = json.loads((run / "record.json").read_bytes())["evidence"]["numbers"]
    assert comparison["counterparts"]["compared"] == {name: name for name in numbers}
    artefact = f"mlflow:{run_id}:run/metrics.json"
    assert repro(["compare", artefact, str(run), "--json"]) == 0, capsys.readouterr().err
    comparison = json.loads(capsys.readouterr().out)["candidates"][0]["comparison"]
    assert comparison["verdict"] == "equivalent"


def test_a_verdict_is_a_tag(trained, tmp_path, capsys):
    """Also of a run that was exported before; one about a different run is refused."""
    import mlflow

    project, run = trained
    store = f"sqlite:///{tmp_path}/mlflow.db"
    file = tmp_path / "verified.json"
    run_id = exported(run, store, capsys)
    client = mlflow.MlflowClient(store)
    assert "repro.verdict" not in client.get_run(run_id).data.tags
    assert project.repro("verify", run, "--output", file).status == 0

    assert exported(run, store, capsys, "--verification", str(file)) == run_id

    tags = client.get_run(run_id).data.tags
    value = json.loads(file.read_bytes())
    assert tags["repro.verdict"] == value["comparison"]["verdict"] == "identical"
    assert tags["repro.verification"] == value["sentence"]
    file.write_text(json.dumps(value | {"subject": "run 20200101-000000-abcdef"}))
    words = ["export", "mlflow", str(run), "--to", store, "--verification", str(file)]
    assert repro(words) == 2
    assert "is about run 20200101-000000-abcdef" in capsys.readouterr().err


def test_nothing_is_unpickled_before_its_hash_was_checked(copied, tmp_path, capsys):
    """A model that was exchanged is refused, unless the whole run says that it is the one."""
    import mlflow

    _, run = copied
    planted = tmp_path / "planted"
    evil = b"cposix\nsystem\n(S'touch " + str(planted).encode() + b"'\ntR."
    whole = tmp_path / "whole"
    shutil.copytree(run, whole)
    (run / "model.joblib").write_bytes(evil)
    store = f"sqlite:///{tmp_path}/mlflow.db"

    assert repro(["export", "mlflow", str(run), "--to", store]) == 3
    assert "model.joblib" in capsys.readouterr().err
    assert not planted.exists()
    assert not (tmp_path / "mlflow.db").exists()
    # No pipeline: the store has an experiment at most, and no run.
    rewritten(whole, model=b"\x80\x04N.")
    assert repro(["export", "mlflow", str(whole), "--to", store]) == 3
    assert "expected a pipeline" in capsys.readouterr().err
    client = mlflow.MlflowClient(store)
    places = [each.experiment_id for each in client.search_experiments()]
    assert client.search_runs(places) == []


def test_the_run_of_a_command(tmp_path):
    """Its command is a parameter, and its files are data sets; MLflow prints nothing meanwhile."""
    import mlflow

    (tmp_path / "in.csv").write_text("a\n1\n")
    (tmp_path / "s.py").write_text("text = open('in.csv').read()\nopen('out', 'w').write(text)\n")
    done = command("-m", "repro", "record", "--", "python", "s.py", cwd=tmp_path)
    assert done.status == 0, done.err
    (run,) = (tmp_path / "runs").iterdir()
    store = f"sqlite:///{tmp_path}/mlflow.db"
    environ = {"MLFLOW_DISABLE_TELEMETRY": None, "MLFLOW_ALLOW_FILE_STORE": None}
    words = ("-m", "repro", "export", "mlflow", run, "--to", store)
    done = command(*words, cwd=tmp_path, env=environ)
    assert (done.status, done.err) == (0, "")
    found = mlflow.MlflowClient(store).get_run(run_id_of(done.out))

    assert found.data.params == {
        "argv": '["python", "s.py"]',
        "level": found.data.tags["repro.level"],
    }
    assert [each.dataset.name for each in found.inputs.dataset_inputs] == ["in.csv"]
    assert found.outputs is None or found.outputs.model_outputs == []


def test_errors_name_what_is_missing(trained, tmp_path, monkeypatch, capsys):
    """No store, a server that is not there, and a store whose password is not shown."""
    _, run = trained
    monkeypatch.chdir(tmp_path)

    assert repro(["export", "mlflow", str(run)]) == 3
    assert "neither mlflow.db nor mlruns" in capsys.readouterr().err
    assert repro(["export", "mlflow", str(run), "--to", "http://me:secret@127.0.0.1:9"]) == 3
    error = capsys.readouterr().err
    assert ("127.0.0.1:9" in error, "secret" in error) == (True, False)
