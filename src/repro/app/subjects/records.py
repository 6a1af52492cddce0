"""Records: everything comparable about a run, whole or sampled."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from repro.core.errors import SchemaError
from repro.core.jsonfile import bound
from repro.core.records import RecordFile

if TYPE_CHECKING:
    from repro.config.verification import Sample
    from repro.core.records import Prediction
    from repro.store import StoredRun


def record_of_run(run: StoredRun) -> RecordFile:
    """Make the record of a run, with all of its predictions.

    Raises
    ------
    SchemaError
        If a file of the run holds what no record can.
    """
    try:
        return bound(
            RecordFile(
                schema_="repro.record/v1",
                experiment=run.lineage.experiment,
                config=run.config,
                content=run.lineage.dataset.content,
                unordered=run.lineage.dataset.unordered,
                keys=run.snapshot.keys,
                stages=run.stages,
                metrics=run.metrics,
                threshold=run.threshold,
                predictions=run.predictions,
                environment=run.environment.environment,
                code={n: run.lineage.code[n] for n in run.lineage.loaded or ()} or None,
                digest="",
            )
        )
    except ValueError as error:
        # Each file is well-formed on its own, and was still not written by this program.
        raise SchemaError(
            f"run {run.path.name}: a file contains what no record can: {error}",
            advice="get a fresh copy of the run, or train again",
        ) from error


def sampled(record: RecordFile, sample: Sample) -> RecordFile:
    """Keep the predictions nearest to a decision boundary, and others drawn by a hash of the row.

    The choice depends on the predictions alone: no random numbers, no order.
    """
    rows = record.predictions.rows
    near = sorted(
        (row for row in rows if row.margin is not None), key=lambda row: (row.margin, row.row)
    )[: min(sample.boundary, sample.size)]
    taken = {row.row for row in near}
    others = sorted((row for row in rows if row.row not in taken), key=_draw)
    taken |= {row.row for row in others[: sample.size - len(near)]}
    # In the order of the record: if all are taken, their columns still have the recorded digests.
    kept = tuple(row for row in rows if row.row in taken)
    predictions = record.predictions.model_copy(update={"rows": kept})
    return bound(record.model_copy(update={"predictions": predictions}))


def _draw(prediction: Prediction) -> bytes:
    return hashlib.sha256(f"repro.sample/v1:{prediction.row}".encode()).digest()
