"""A small run with every file, written by the real writer; imported by other processes as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.baseline import DriftBaseline
from repro.core.environment import (
    CodePaths,
    Container,
    Cpu,
    Environment,
    Host,
    Interpreter,
    Locale,
    NoRepository,
    Platform,
)
from repro.core.environment_file import EnvironmentFile
from repro.core.jsonfile import dump, dump_record
from repro.core.records import (
    DatasetLineage,
    Estimate,
    Keys,
    Lineage,
    Metrics,
    Prediction,
    Predictions,
    Seeds,
    Snapshot,
    Stages,
    Step,
    Threshold,
)
from repro.store import PendingRun, write_predictions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RUN_ID = "20261121-041530-3f9a1c"
CREATED = "2026-11-21T04:15:30+00:00"
CONFIG = {"schema": "repro.experiment/v1", "seed": 7}
METRICS = Metrics(
    schema="repro.metrics/v1",
    task="binary",
    model="knn",
    selection_metric="accuracy",
    test={"accuracy": Estimate(value=0.1 + 0.2, low=0.25, high=1.0)},
    constant={"accuracy": 0.5},
    undefined={},
    cross_validation={},
    findings=(),
)
THRESHOLD = Threshold(
    schema="repro.threshold/v1",
    rule="fixed",
    threshold=0.5,
    target=None,
    reached=True,
    precision=None,
    recall=None,
)
STAGES = Stages(
    schema="repro.stages/v1", version=1, stages=(Step(name="split", inputs={}, outputs={}),)
)
SNAPSHOT = Snapshot(
    schema="repro.snapshot/v1",
    comparison_group="example-1",
    keys=Keys(replicate_key="r", strict_key="s", environment_key="e"),
)
SEEDS = Seeds(schema="repro.seeds/v1", scheme="derived", base=7, seeds={"split": 8})
DRIFT = DriftBaseline(
    schema="repro.drift/v1", rows=2, epsilon=0.5, warning=0.5, alarm=1.0, features={}
)
PREDICTIONS = Predictions(
    total=2,
    scores=("yes",),
    rows=(
        Prediction(row=3, truth="yes", label="yes", scores=(0.1 + 0.2,), margin=0.25),
        Prediction(row=1, truth="no", label="yes", scores=(0.75,), margin=0.25),
    ),
)
ENVIRONMENT = EnvironmentFile(
    schema="repro.environment/v1",
    environment=Environment(
        level="strict",
        interpreter=Interpreter(implementation="CPython", version="3.11", compiler="c", build="b"),
        platform=Platform(system="Linux", machine="x86_64", libc="glibc", libc_version="2"),
        packages={},
        runtime=(),
        working_trees=(),
        lock=None,
        native=(),
        code_paths=CodePaths(baseline=(), enabled=(), targets=(), functions="f", variables={}),
        threads={},
        hash_seed="0",
        cpu=Cpu(vendor="", model="", logical=1, features=()),
        locale=Locale(name="C", encoding="utf-8", timezone="UTC"),
        container=Container(kind="none", image_digest=None, base_digest=None, lock_digest=None),
        git=NoRepository(reason="not a repository"),
    ),
    host=Host(hostname="here", executable="python", cwd="work", kernel="k"),
    started=CREATED,
    finished=CREATED,
    seconds=0.5,
)
CONTENTS = {
    "config.json": dump(CONFIG),
    "metrics.json": dump_record(METRICS),
    "threshold.json": dump_record(THRESHOLD),
    "drift_baseline.json": dump_record(DRIFT),
    "stages.json": dump_record(STAGES),
    "environment.json": dump_record(ENVIRONMENT),
    "seeds.json": dump_record(SEEDS),
    "snapshot.json": dump_record(SNAPSHOT),
    "predictions.csv": write_predictions(PREDICTIONS),
    "report.md": b"# Report\n\nText.\n",
    "report.html": b"<!doctype html>\n<p>Text.</p>\n",
}
MODEL = b"not a pickle: \x00\x01\x02"
FILES = (*CONTENTS, "model.joblib")


def lineage(created: str = CREATED) -> Lineage:
    """Return a lineage whose files are not filled in."""
    return Lineage(
        schema="repro.lineage/v1",
        run_id="",
        experiment="example",
        created=created,
        version="0.1.0",
        command=("repro", "train", "example"),
        dataset=DatasetLineage(name="d", source="file:d.csv", sha256="0" * 64, content="c", rows=2),
        configuration={"base.yaml": "1" * 64},
        code={},
        commit=None,
        dirty=None,
        files={},
        digest="",
    )


def write_run(
    runs: Path,
    run_id: str = RUN_ID,
    created: str = CREATED,
    reached: Callable[[str], object] = str,
) -> Path:
    """Write a run; ``reached`` is called before each of its steps, with a name for it."""
    with PendingRun(runs, run_id) as pending:
        for name, content in CONTENTS.items():
            reached(name)
            pending.write(name, content)
        reached("model.joblib")
        pending.write_with("model.joblib", lambda path: path.write_bytes(MODEL))
        reached("lineage.json")
        path = pending.commit(lineage(created))
    reached("done")
    return path
