"""The task that a target suggests, for the experiment that is proposed with a new entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from repro.config.data import Task
from repro.datasets.formats.interface import RefusedColumnsError
from repro.datasets.sources import open_source

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.data import DatasetEntry

# Whole numbers may name classes; nobody names this many by numbers (MNIST has 10, ImageNet 1,000
# in as many images each).
_CLASSES, _ROWS_OF_A_CLASS = 20, 5


def proposed_task(project: Path, entry: DatasetEntry) -> Task:
    """Guess the task of a data set from its target: a guess for a person to read.

    Fractions are measured, so that they make a regression; so do whole numbers of which there are
    many, or few rows each.

    Raises
    ------
    DataError, PreconditionError
        If the table cannot be read.
    """
    if entry.positive is not None:
        return Task.BINARY
    raw = open_source(project, entry.source).obtain(entry.sha256).parse(entry.missing)
    try:
        values = raw.read({entry.target: "number"}).columns[entry.target]
    except RefusedColumnsError:
        return Task.MULTICLASS
    distinct = len(np.unique(values))
    whole = bool((values == np.trunc(values)).all())
    classes = whole and distinct <= min(_CLASSES, len(values) / _ROWS_OF_A_CLASS)
    return Task.MULTICLASS if classes else Task.REGRESSION
