"""A run of MLflow as a reference, by MLflow's own client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CREDIT = ROOT / "reference" / "credit.json"


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
