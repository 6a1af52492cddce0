"""Records made and read for ``scripts/validate_reproducibility.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError
from repro.core.jsonfile import load, load_record
from repro.core.records import Metrics
from repro.execution.places import Here, recipe_of
from repro.store.disk import read_limited

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.record import RunRecord
    from repro.training.fold import Observer


def make_record(project: Path, config: ExperimentConfig, observer: Observer) -> RunRecord:
    """Train and return the record, with all predictions."""
    return Here().execute(project, recipe_of(config), observer).record


def make_reference(project: Path, config: ExperimentConfig, observer: Observer) -> RunRecord:
    """Train and return the record that a reference file holds."""
    from repro.app.configuration import verification_settings  # noqa: PLC0415
    from repro.app.subjects.records import sampled  # noqa: PLC0415

    sample = verification_settings(project, config.experiment).sample
    return sampled(make_record(project, config, observer), sample)


def read_metrics(path: Path) -> Metrics | None:
    """Read the ``metrics.json`` of a run; None for a file of any other kind.

    Raises
    ------
    PreconditionError
        If there is no such file.
    SchemaError
        If it is not JSON, or not what its schema says.
    """
    try:
        content = read_limited(path, path.name)
    except FileNotFoundError as error:
        raise PreconditionError(
            f"no reference file {path}", advice="make one with --save-reference"
        ) from error
    except OSError as error:
        raise PreconditionError(f"{path}: cannot be read: {error.strerror}") from error
    if load(content, path.name).get("schema") != "repro.metrics/v1":
        return None
    return load_record(content, path.name, Metrics)
