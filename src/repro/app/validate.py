"""The use case behind ``scripts/validate_reproducibility.py``: train, and save or compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.execute import execute, predictions_of
from repro.app.records import record_of_execution, sampled
from repro.app.subject import Subject, check_integrity
from repro.core.errors import PreconditionError
from repro.core.jsonfile import load, load_record
from repro.core.records import Metrics, RecordFile
from repro.divergence.side import Side
from repro.store.disk import read_limited

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.verdict import Check
    from repro.training.fold import Observer


def make_record(project: Path, config: ExperimentConfig, observer: Observer) -> RecordFile:
    """Train and return the record, with all predictions."""
    execution = execute(project, config, observer)
    return record_of_execution(execution, predictions_of(execution.training))


def make_reference(project: Path, config: ExperimentConfig, observer: Observer) -> RecordFile:
    """Train and return the record that a reference file holds."""
    return sampled(make_record(project, config, observer), config.verification.sample)


def read_expected(path: Path) -> tuple[Side, tuple[Check, ...]]:
    """Read a reference and check its integrity, or read the ``metrics.json`` of a run alone.

    Raises
    ------
    PreconditionError
        If there is no such file.
    SchemaError
        If it is neither.
    """
    if not path.is_file():
        raise PreconditionError(
            f"no reference file {path}", advice="make one with --save-reference"
        )
    content = read_limited(path, path.name)
    if load(content, path.name).get("schema") == "repro.metrics/v1":
        return Side(metrics=load_record(content, path.name, Metrics)), ()
    record = load_record(content, path.name, RecordFile)
    return Side.of(record), check_integrity(Subject(path, is_run=False))
