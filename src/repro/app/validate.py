"""The use case behind ``scripts/validate_reproducibility.py``: train, and save or compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.conclusion import conclude
from repro.app.execute import execute, predictions_of
from repro.app.records import record_of_execution, sampled
from repro.core.jsonfile import load, load_record
from repro.core.records import Metrics, RecordFile
from repro.divergence.compare import compare
from repro.divergence.side import Side

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.models import ExperimentConfig
    from repro.core.verdict import Verification
    from repro.divergence.tolerance import Tolerance
    from repro.training.fold import Observer


def make_record(project: Path, config: ExperimentConfig, observer: Observer) -> RecordFile:
    """Train and return the record, with all predictions."""
    execution = execute(project, config, observer)
    return record_of_execution(execution, predictions_of(execution.training))


def make_reference(project: Path, config: ExperimentConfig, observer: Observer) -> RecordFile:
    """Train and return the record that a reference file holds."""
    return sampled(make_record(project, config, observer), config.verification.sample)


def read_side(path: Path) -> Side:
    """Read a reference, or the ``metrics.json`` of a run alone.

    Raises
    ------
    SchemaError
        If it is neither.
    """
    content = path.read_bytes()
    if load(content, path.name).get("schema") == "repro.metrics/v1":
        return Side(metrics=load_record(content, path.name, Metrics))
    return Side.of(load_record(content, path.name, RecordFile))


def validate(
    expected: Side, actual: RecordFile, tolerance: Tolerance, mode: str, subject: str
) -> Verification:
    """Hold what was expected against a training that was just done."""
    return conclude(subject, (), compare(expected, Side.of(actual), tolerance, mode))
