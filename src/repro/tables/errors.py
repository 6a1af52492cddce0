"""The error of a frame that does not hold what a model was trained on."""

from __future__ import annotations

from repro.core.errors import DataError


class TableError(DataError, ValueError):
    """A frame that does not hold what a model was trained on."""

    def __str__(self) -> str:
        return f"{self.message}\n{self.advice}" if self.advice else self.message
