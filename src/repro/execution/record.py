"""The record of a training that was just done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.jsonfile import bound
from repro.core.records import Predictions, RecordFile

if TYPE_CHECKING:
    from repro.execution.pipeline import Execution


def record_of_execution(execution: Execution, predictions: Predictions) -> RecordFile:
    """Make the record of a training that was just done."""
    config = execution.config
    return bound(
        RecordFile(
            schema_="repro.record/v1",
            experiment=config.experiment,
            config=config.model_dump(mode="json", by_alias=True),
            content=execution.table.content,
            unordered=execution.table.unordered,
            keys=execution.keys,
            stages=execution.training.stages,
            metrics=execution.training.metrics,
            threshold=execution.training.threshold,
            predictions=predictions,
            environment=execution.environment,
            code=execution.code.hashes_of_loaded or None,
            digest="",
        )
    )
