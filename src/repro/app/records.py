"""Records: everything comparable about a run, whole or sampled."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from repro.app.configuration import parse_config
from repro.config.keys import replicate_key, strict_key, version_of
from repro.core.errors import SchemaError
from repro.core.jsonfile import bound
from repro.core.records import Keys, Predictions, RecordFile

if TYPE_CHECKING:
    from repro.app.execute import Execution
    from repro.config.experiment import ExperimentConfig
    from repro.config.verification import Sample
    from repro.core.records import Prediction
    from repro.store import StoredRun


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


def keys_from(config: ExperimentConfig, record: RecordFile, version: int | None = None) -> Keys:
    """Return the keys of a record, had it been trained by a configuration.

    Parameters
    ----------
    version : int, optional
        The version of the keys; that of the record's own where left out.
    """
    identity = config, record.content, record.stages.version
    version = version or version_of(record.keys)
    return record.keys.model_copy(
        update={
            "replicate_key": replicate_key(*identity, version=version),
            "strict_key": strict_key(*identity, version=version),
        }
    )


def with_keys_of(record: RecordFile, version: int) -> RecordFile:
    """Return a record with keys of a version: its own, or those that follow from what it holds.

    Raises
    ------
    SchemaError
        If they have to be computed, and its configuration is not one.
    """
    if version_of(record.keys) == version:
        return record
    config = parse_config(record.config, "config.json")
    return record.model_copy(update={"keys": keys_from(config, record, version)})


def with_common_keys(expected: RecordFile, actual: RecordFile) -> tuple[RecordFile, RecordFile]:
    """Return two records with keys of one version, the older of the two."""
    version = min(version_of(expected.keys), version_of(actual.keys))
    return with_keys_of(expected, version), with_keys_of(actual, version)


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
