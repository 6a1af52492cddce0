"""Reading a run: every file is checked, from the bytes that are then parsed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from repro.core.baseline import DriftBaseline
from repro.core.environment_file import EnvironmentFile
from repro.core.errors import PreconditionError
from repro.core.jsonfile import load
from repro.core.record import RunRecord
from repro.core.records import (
    DatasetLineage,
    Lineage,
    Metrics,
    Predictions,
    Seeds,
    Snapshot,
    Stages,
    Threshold,
)
from repro.core.searched import SearchRecord
from repro.store.lineage import open_run
from repro.store.naming import RECORD, SEARCH
from repro.store.predictions import read_predictions

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import JsonValue


@dataclass(frozen=True)
class StoredRun:
    """A run as it was read; its model is not part of it, for nothing in this package unpickles.

    Attributes
    ----------
    record : RunRecord or None
        Without predictions; runs of an earlier version have none.
    search : SearchRecord or None
        If any candidate has a search.
    """

    path: Path
    lineage: Lineage
    dataset: DatasetLineage
    config: dict[str, JsonValue]
    metrics: Metrics
    threshold: Threshold
    stages: Stages
    snapshot: Snapshot
    seeds: Seeds
    environment: EnvironmentFile
    drift_baseline: DriftBaseline
    predictions: Predictions
    report: str
    record: RunRecord | None
    search: SearchRecord | None = None


@dataclass(frozen=True)
class StoredCommand:
    """The run of a recorded command as it was read."""

    path: Path
    lineage: Lineage
    environment: EnvironmentFile
    record: RunRecord


def read_command(run: Path) -> StoredCommand:
    """Read everything about the run of a recorded command.

    Raises
    ------
    PreconditionError, SchemaError
        As ``read_run``.
    """
    files = open_run(run)
    return StoredCommand(
        path=run,
        lineage=files.lineage,
        environment=files.record("environment.json", EnvironmentFile),
        record=files.record(RECORD, RunRecord),
    )


def read_run(run: Path) -> StoredRun:
    """Read everything comparable about the run of an experiment.

    Raises
    ------
    PreconditionError
        If a file is missing or cannot be read, or the run is of a recorded command.
    SchemaError
        If a file is not, to the byte, what was written, or is no such record.
    """
    files = open_run(run)
    dataset = files.lineage.dataset
    if dataset is None:
        raise PreconditionError(
            f"run {run.name} is of a recorded command, and has no configuration and no model",
            advice=f"run it again and compare: repro verify {run.name}",
        )
    return StoredRun(
        path=run,
        lineage=files.lineage,
        dataset=dataset,
        config=cast("dict[str, JsonValue]", load(files.content("config.json"), "config.json")),
        metrics=files.record("metrics.json", Metrics),
        threshold=files.record("threshold.json", Threshold),
        stages=files.record("stages.json", Stages),
        snapshot=files.record("snapshot.json", Snapshot),
        seeds=files.record("seeds.json", Seeds),
        environment=files.record("environment.json", EnvironmentFile),
        drift_baseline=files.record("drift_baseline.json", DriftBaseline),
        predictions=read_predictions(files.content("predictions.csv"), "predictions.csv"),
        report=files.content("report.md").decode("utf-8", "replace"),
        record=files.record(RECORD, RunRecord) if RECORD in files.lineage.files else None,
        search=files.record(SEARCH, SearchRecord) if SEARCH in files.lineage.files else None,
    )
