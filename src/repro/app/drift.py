"""The use case ``drift``: new data against the training rows of a run."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from repro.app.subjects.intact import read_intact
from repro.config.data import Columns
from repro.config.recorded import parse_config
from repro.datasets.loading import read_new_rows
from repro.store import find_run
from repro.training.drift import measure

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from repro.config.data import Dataset
    from repro.training.drift import FeatureDrift


def drift(runs: Path, name: str | None, file: Path) -> tuple[FeatureDrift, ...]:
    """Measure every feature of a file against a run's baseline, the most moved first.

    Raises
    ------
    PreconditionError, SchemaError
        If the run cannot be read.
    DataError
        If the file does not have the features of the baseline as the run's data set declares them.
    """
    run = read_intact(find_run(runs, name))
    config = parse_config(run.config, "config.json")
    dropped = set(config.left_out)
    # A run of an earlier version has its dropped columns in the baseline too.
    features = {
        name: part for name, part in run.drift_baseline.features.items() if name not in dropped
    }
    baseline = run.drift_baseline.model_copy(update={"features": features})
    return measure(baseline, read_new_rows(file, _required(config.dataset, features, dropped)))


def _required(dataset: Dataset, features: Collection[str], dropped: Collection[str]) -> Dataset:
    """Declare what is not measured as ignored, so that a file may lack it or have it otherwise."""
    declared = {role: getattr(dataset.columns, role) for role in ("numeric", "categorical")}
    kept = {
        role: tuple(name for name in names if any(_covers(name, f) for f in features))
        for role, names in declared.items()
    }
    unmeasured = {name for role in kept for name in declared[role] if name not in kept[role]}
    ignored = dict.fromkeys([*dataset.columns.ignored, *sorted({*dropped} | unmeasured)])
    columns = Columns(**kept, ignored=tuple(ignored))
    return dataset.model_copy(update={"columns": columns})


def _covers(declared: str, name: str) -> bool:
    return declared == name or fnmatchcase(name, declared)
