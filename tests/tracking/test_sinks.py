"""Real stores of MLflow and Weights & Biases, and a sink of another distribution."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import numpy as np
from repro.tracking import ExperimentTracker, TrackingConfig
config = TrackingConfig("sunk", tags=["first"], notes="some notes", metadata={"rows": 3},
                        enable_git_tracking=False, SINKS)
with ExperimentTracker(config) as tracker:
    info = tracker.track_dataset(np.arange(6.0), "numbers")
    for epoch in range(3):
        tracker.log_metric("loss", 1 / (1 + epoch), step=epoch)
print(info["checksum"])
"""


def run(code: str, place: Path, **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error::repro.tracking.TrackingWarning", "-c", code],
        cwd=place, env={"PATH": "/usr/bin:/bin", "HOME": str(place), **env},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.scripts
def test_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = f"file:{tmp_path}/mlruns"
    done = run(
        SCRIPT.replace("SINKS", "save_to_mlflow=True"), tmp_path, MLFLOW_TRACKING_URI=uri,
        MLFLOW_ALLOW_FILE_STORE="true", MLFLOW_DISABLE_TELEMETRY="true",
    )  # fmt: skip
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("sunk")
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.info.status == "FINISHED"
    assert found.data.params["datasets.numbers"] == done.stdout.split()[-1]
    assert found.data.params["metadata.rows"] == "3"
    assert found.data.tags["first"] == "true"
    assert found.data.tags["mlflow.note.content"] == "some notes"
    history = client.get_metric_history(found.info.run_id, "loss")
    assert [(each.step, each.value) for each in history] == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    (artifact,) = client.list_artifacts(found.info.run_id)
    assert artifact.path == "experiment.json"


@pytest.mark.scripts
def test_weights_and_biases(tmp_path: Path) -> None:
    run(SCRIPT.replace("SINKS", "save_to_wandb=True"), tmp_path, WANDB_MODE="offline")
    (store,) = (tmp_path / "runs" / "wandb").glob("offline-run-*/*.wandb")
    content = store.read_bytes()
    for part in (b"sunk", b"first", b"some notes", b"loss"):
        assert part in content


def test_a_sink_of_another_distribution(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import json\n"
        "class Sink:\n"
        "    def start(self, config): self.calls = [config.experiment_name]\n"
        "    def update(self, data, versions, metric):\n"
        "        self.calls.append(metric and metric['value'])\n"
        "    def finish(self, data):\n"
        "        calls = [*self.calls, data['experiment_name']]\n"
        "        open('calls.json', 'w').write(json.dumps(calls))\n"
    )
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[repro.tracking.sinks]\nmine = mine:Sink\n")
    run(SCRIPT.replace("SINKS", "sinks=['mine']"), tmp_path, PYTHONPATH=str(tmp_path))
    calls = json.loads((tmp_path / "calls.json").read_text())
    assert calls == ["sunk", None, None, 1.0, 0.5, 1 / 3, None, "sunk"]


def test_data_of_another_distribution(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "class Grid:\n"
        "    def __init__(self, cells): self.cells = cells\n"
        "def digest(value):\n"
        "    return f'grid/v1:{sum(value.cells):064x}' if isinstance(value, Grid) else None\n"
    )
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[repro.tracking.data]\nmine = mine:digest\n")
    code = (
        "import mine\n"
        "from repro.tracking import DatasetTracker\n"
        "print(DatasetTracker().track_dataset(mine.Grid([10, 5]), 'x')['checksum'])\n"
    )
    assert run(code, tmp_path, PYTHONPATH=str(tmp_path)).stdout.strip() == f"{15:064x}"


def test_a_sink_that_fails_is_named_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "__init__.py").write_text("")
    (tmp_path / "mlflow" / "tracking.py").write_text(
        "class MlflowClient:\n    def __init__(self): raise RuntimeError('the server is down')\n"
    )
    code = SCRIPT.replace("SINKS", "save_to_mlflow=True")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("save_to_mlflow: nothing is saved to it from now on") == 1
    assert "RuntimeError: the server is down" in done.stderr
    assert (tmp_path / "runs" / "sunk_latest.json").is_file()
