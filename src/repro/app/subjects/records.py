"""Records: everything comparable about a run, whole or sampled."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from repro.config.recorded import parse_config
from repro.core.errors import SchemaError
from repro.core.jsonfile import bound
from repro.core.verdict import Check, Outcome
from repro.divergence.self_consistency import copies_as_declared
from repro.divergence.structure import differences
from repro.execution.record import Results, pipeline_record
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.config.verification import Sample
    from repro.core.record import RunRecord
    from repro.core.records import Prediction
    from repro.store import StoredRun


def record_of_run(run: StoredRun) -> RunRecord:
    """Return the record of a run, with all of its predictions.

    Raises
    ------
    SchemaError
        If a file of the run holds what no record can.
    """
    record = run.record or assembled(run)
    with _of_a_record(run):
        return bound(record.with_predictions(run.predictions))


def assembled(run: StoredRun) -> RunRecord:
    """Make the record of a run from its other files, as runs of an earlier version need it.

    Raises
    ------
    SchemaError
        As ``record_of_run``.
    """
    code = {name: run.lineage.code[name] for name in run.lineage.loaded or ()}
    config = parse_config(run.config, "config.json")
    with _of_a_record(run):
        results = Results(
            content=run.dataset.content,
            unordered=run.dataset.unordered,
            rows=run.dataset.rows,
            keys=run.snapshot.keys,
            stages=run.stages,
            metrics=run.metrics,
            threshold=run.threshold,
            predictions=None,
            environment=run.environment.environment,
            code=code,
            search=run.search,
        )
        return pipeline_record(config, results)


@contextmanager
def _of_a_record(run: StoredRun) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        # Each file is well-formed on its own, and was still not written by this program.
        raise SchemaError(
            f"run {run.path.name}: a file has content that no record can have: {error}",
            advice="get a fresh copy of the run, or train again",
        ) from error


def find_odd_record(run: StoredRun) -> Check | None:
    """Return where ``record.json`` is not what the other files of the run make; None if it is."""
    if run.record is None:
        return None
    # The same file by the same bytes, whatever settings a later version has beside those.
    expected = assembled(run).with_config(run.config)
    if copies_as_declared(run.record, MEANING):
        copies = {"copied_from": run.record.evidence.copied_from}
        evidence = expected.evidence.model_copy(update=copies)
        expected = expected.model_copy(update={"evidence": evidence})
    values = (each.model_dump(mode="json", by_alias=True) for each in (bound(expected), run.record))
    key, pair = next(iter(differences(*values).items()), ("", (None, None)))
    if not key:
        return None
    return Check(
        name=f"record.{key}",
        expected=str(pair[0]),
        actual=str(pair[1]),
        outcome=Outcome.DIFFERS,
        detail=f"{key} differs from the other files of the run: one of them was edited",
    )


def sampled(record: RunRecord, sample: Sample) -> RunRecord:
    """Keep the predictions nearest to a decision boundary, and others drawn by a hash of the row.

    The choice depends on the predictions alone: no random numbers, no order.
    """
    rows, predictions = record.rows, record.predictions
    if predictions is None:
        return record
    near = sorted(
        (row for row in rows if row.margin is not None), key=lambda row: (row.margin, row.row)
    )[: min(sample.boundary, sample.size)]
    taken = {row.row for row in near}
    others = sorted((row for row in rows if row.row not in taken), key=_draw)
    taken |= {row.row for row in others[: sample.size - len(near)]}
    # In the order of the record: if all are taken, their columns still have the recorded digests.
    kept = tuple(row for row in rows if row.row in taken)
    return bound(record.with_predictions(predictions.model_copy(update={"rows": kept})))


def _draw(prediction: Prediction) -> bytes:
    return hashlib.sha256(f"repro.sample/v1:{prediction.row}".encode()).digest()
