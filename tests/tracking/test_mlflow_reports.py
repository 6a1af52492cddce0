"""A run of MLflow as a reference, by MLflow's own client."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CREDIT = ROOT / "reference" / "credit.json"
VALUES = {
    name: each["value"] for name, each in json.loads(CREDIT.read_bytes())["metrics"]["test"].items()
}


@pytest.mark.scripts
def test_a_run_of_mlflow_is_a_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With every bit of its metrics, and with its parameters; the variables are as they were."""
    import os

    from mlflow.tracking import MlflowClient

    from repro.cli import run

    with monkeypatch.context() as allowed:
        allowed.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        allowed.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        client = MlflowClient((tmp_path / "mlruns").as_uri())
        run_id = client.create_run(client.create_experiment("mine")).info.run_id
        values = json.loads(CREDIT.read_bytes())["metrics"]["test"]
        client.log_metric(run_id, "test_auc", values["roc_auc"]["value"])
        client.log_metric(run_id, "val_auc", 0.5)
        client.log_param(run_id, "random_state", "7")
        other = client.create_run("0" if client.get_experiment("0") else "1").info.run_id
        client.log_metric(other, "auc", values["roc_auc"]["value"] + 1e-12)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    before = dict(os.environ)

    assert run(["compare", f"mlflow:{run_id}", str(CREDIT), "--json"]) == 0
    comparison = json.loads(capsys.readouterr().out)["candidates"][0]["comparison"]
    assert comparison["verdict"] == "equivalent"
    assert comparison["counterparts"]["compared"] == {"test_auc": "metrics.test.roc_auc"}
    assert comparison["counterparts"]["without"] == ["val_auc"]
    assert comparison["counterparts"]["parameters"] == {"random_state": ["7", "42"]}
    assert run(["compare", f"mlflow:{other}", str(CREDIT)]) == 1
    assert run(["compare", f"mlflow:{other}", str(CREDIT), "--tolerance", "1e-9"]) == 0
    assert run(["compare", "mlflow:0123456789abcdef", str(CREDIT)]) == 3
    assert "0123456789abcdef" in capsys.readouterr().err
    assert dict(os.environ) == before


def store_in(folder: Path) -> str:
    """Return the address of the store that a folder has."""
    if all(map(find_spec, ("sqlalchemy", "alembic"))):
        return f"sqlite:///{folder / 'mlflow.db'}"
    return (folder / "mlruns").as_uri()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run with artefacts in several forms; in a database, where its packages are installed."""
    from mlflow.tracking import MlflowClient

    folder = tmp_path_factory.mktemp("store")
    patch = pytest.MonkeyPatch()
    patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    client = MlflowClient(store_in(folder))
    place = (folder / "artefacts").as_uri()
    run_id = client.create_run(client.create_experiment("mine", place)).info.run_id
    client.log_metric(run_id, "auc", 0.5, step=1)
    client.log_metric(run_id, "auc", VALUES["roc_auc"], step=2)
    client.log_metric(run_id, "seconds", 3.25)
    client.log_param(run_id, "random_state", "7")
    rounded = {"metrics": {name: round(value, 4) for name, value in VALUES.items()}}
    client.log_dict(run_id, rounded, "metrics.json")
    client.log_dict(run_id, {"accuracy": round(VALUES["accuracy"], 3)}, "reports/test.yaml")
    client.log_text(run_id, "accuracy,NaN\nlog_loss,0.4\n", "reports/nan.csv")
    client.log_text(run_id, "no numbers", "notes.txt")
    client.log_text(run_id, '{"accuracy": 0.8' + " " * (4 << 20) + "}", "large.json")
    patch.undo()
    return folder, run_id


def compared(
    name: str, capsys: pytest.CaptureFixture[str], expected: int
) -> dict[str, dict[str, object]]:
    """Return the comparison of a report with the reference, which ends with a status."""
    from repro.cli import run

    assert run(["compare", name, str(CREDIT), "--json"]) == expected, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)["candidates"][0]["comparison"]


@pytest.mark.scripts
def test_a_store_has_metrics_parameters_and_artefacts(
    stored: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last value of a metric counts, and an artefact is read as a file of its name."""
    folder, run_id = stored
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    parameters = {"random_state": ["7", "42"]}

    metrics = compared(f"mlflow:{run_id}", capsys, 0)["counterparts"]
    assert metrics["compared"] == {"auc": "metrics.test.roc_auc"}
    assert (metrics["without"], metrics["parameters"]) == (["seconds"], parameters)
    whole = compared(f"mlflow:{run_id}:metrics.json", capsys, 0)
    assert (whole["verdict"], whole["counterparts"]["total"]) == ("equivalent", len(VALUES))
    assert whole["counterparts"]["parameters"] == parameters
    inner = compared(f"mlflow:{run_id}:reports/test.yaml", capsys, 0)["counterparts"]
    assert inner["compared"] == {"accuracy": "metrics.test.accuracy"}
    assert compared(f"mlflow:{run_id}:reports/nan.csv", capsys, 1)["verdict"] == "different"


@pytest.mark.scripts
@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("metrcs.json", 3, "did you mean 'metrics.json'?"),
        ("reports", 3, "reports is a folder"),
        ("reports/none.json", 3, "is no artefact of the run"),
        ("notes.txt", 3, "no number was found"),
        ("large.json", 3, "larger than 4 MiB"),
        ("", 2, "the path is missing"),
        ("../../mlflow.db", 2, "leads out of the run's artefacts"),
        ("/etc/passwd", 2, "leads out of the run's artefacts"),
        ("%2e%2e/mlflow.db", 2, "leads out of the run's artefacts"),
    ],
)
def test_an_artefact_that_cannot_be_read_is_refused(
    stored: tuple[Path, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    path: str,
    status: int,
    words: str,
) -> None:
    """With the identifier as it was given."""
    from repro.cli import run

    folder, run_id = stored
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    assert run(["compare", f"mlflow:{run_id}:{path}", str(CREDIT)]) == status
    assert words in capsys.readouterr().err


@pytest.mark.scripts
def test_a_server_on_this_machine_is_asked_where_the_variable_names_it(
    stored: tuple[Path, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the REST interface of MLflow: the answers are those of the store, in its own words."""
    from mlflow.tracking import MlflowClient
    from mlflow.utils.proto_json_utils import message_to_json

    folder, run_id = stored
    with monkeypatch.context() as allowed:
        allowed.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        found = MlflowClient(store_in(folder)).get_run(run_id).to_proto()
    asked: list[str] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            known = self.path.startswith(f"/api/2.0/mlflow/runs/get?run_uuid={run_id}")
            body = f'{{"run": {message_to_json(found)}}}' if known else "{}"
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *words: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        monkeypatch.chdir(tmp_path)
        metrics = compared(f"mlflow:{run_id}", capsys, 0)["counterparts"]
        server.shutdown()

    assert metrics["compared"] == {"auc": "metrics.test.roc_auc"}
    assert len(asked) == 1
