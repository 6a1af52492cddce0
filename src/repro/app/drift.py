"""The use case ``drift``: new data against the training rows of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.configuration import parse_config
from repro.app.intact import read_intact
from repro.datasets.loading import read_new_rows
from repro.store import find_run
from repro.training.drift import measure

if TYPE_CHECKING:
    from pathlib import Path

    from repro.training.drift import FeatureDrift


def drift(runs: Path, name: str | None, file: Path) -> tuple[FeatureDrift, ...]:
    """Measure every feature of a file against a run's baseline, the most moved first.

    Raises
    ------
    PreconditionError, SchemaError
        If the run cannot be read.
    DataError
        If the file does not have the features as the run's data set declares them.
    """
    run = read_intact(find_run(runs, name))
    config = parse_config(run.config, "config.json")
    return measure(run.drift_baseline, read_new_rows(file, config.dataset))
