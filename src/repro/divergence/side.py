"""The parts of a record that a comparison uses, from a whole record or only a file of metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.core.records import Keys, Metrics, Predictions, RecordFile, Stages, Threshold


@dataclass(frozen=True)
class Side:
    """One side of a comparison; what a source lacks is None."""

    metrics: Metrics
    config: Mapping[str, Any] | None = None
    content: str | None = None
    keys: Keys | None = None
    stages: Stages | None = None
    threshold: Threshold | None = None
    predictions: Predictions | None = None
    unordered: str | None = None

    @staticmethod
    def of(record: RecordFile) -> Side:
        """Take everything that a record has."""
        return Side(
            metrics=record.metrics,
            config=record.config,
            content=record.content,
            keys=record.keys,
            stages=record.stages,
            threshold=record.threshold,
            predictions=record.predictions,
            unordered=record.unordered,
        )
