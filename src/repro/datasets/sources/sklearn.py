"""Data sets shipped inside scikit-learn.

They have no file of their own, so their declared ``sha256`` is the hexadecimal part of the content
digest of the table.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.datasets.formats.typed import TypedTable
from repro.datasets.sources.interface import Payload
from repro.tables.cells import Cells

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from repro.config.data import SklearnSource
    from repro.tables.marks import Missing

_TARGET = "target"


@dataclass(frozen=True)
class Sklearn:
    """A data set of scikit-learn, by name; its classes are called by their names."""

    project: Path
    source: SklearnSource

    @property
    def label(self) -> str:
        """The loader's name."""
        return self.source.label

    def obtain(self, expected: str | None) -> Payload:  # noqa: ARG002  # there are no bytes
        """Load the data set; see ``Source.obtain``."""
        return Payload(self.label, None, self._parse)

    def _parse(self, missing: Missing) -> TypedTable:
        frame = self._frame()

        def column(name: str) -> Cells:
            """Return one column of the data set."""
            return Cells.of_array(np.asarray(frame[name]))

        names = tuple(map(str, frame.columns))
        texts = frozenset(name for name in names if frame[name].dtype.kind not in "biuf")
        return TypedTable(self.label, names, len(frame), missing, texts, column)

    def _frame(self) -> pd.DataFrame:
        loader = getattr(importlib.import_module("sklearn.datasets"), f"load_{self.source.name}")
        options: dict[str, Any] = {}
        if self.source.name == "diabetes":
            # Scaled values are computed while loading, and their last bits depend on the CPU.
            options["scaled"] = False
        bunch = loader(as_frame=True, **options)
        frame: pd.DataFrame = bunch.frame.copy()
        if "target_names" in bunch:
            classes = np.array([str(name) for name in bunch.target_names], dtype=object)
            frame[_TARGET] = classes[frame[_TARGET].to_numpy()]
        return frame
