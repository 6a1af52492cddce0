"""The data sets that a project declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.config.project import DATASETS, read_source
from repro.config.resolve import read_registry

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.data import DatasetEntry


def registry(project: Path) -> dict[str, DatasetEntry]:
    """Read ``configs/datasets.yaml``, in its order.

    Raises
    ------
    ConfigError
        One error that lists every problem of the file.
    """
    return read_registry(read_source(project, project / DATASETS, "datasets"))
