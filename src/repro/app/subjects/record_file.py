"""Reading a reference, whatever a formatter of JSON has done to its layout.

What is bound is content: indentation, escapes, the order of keys, and ``1`` for ``1.0`` in a field
that is a float by its type, say nothing. Where an order does count (of candidates, of metrics), the
stage digests of the record show which one was written.
"""

from __future__ import annotations

from itertools import permutations
from math import factorial
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from repro.app.own_metrics import names_of
from repro.config.metrics import built_in
from repro.core.errors import PreconditionError, SchemaError
from repro.core.evidence import Evidence, evidence_of, metrics_of, threshold_of
from repro.core.jsonfile import load_record, problems_of
from repro.core.record import RunRecord
from repro.core.record_v1 import RecordFile
from repro.digest.plain import digest_plain
from repro.divergence.consistency import digests_of_metrics
from repro.divergence.outputs import outputs_of
from repro.store.disk import read_limited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from repro.core.record import AnyRecord
    from repro.core.records import Metrics

_MOST_ORDERS = factorial(8)
_REPORTED = "for a report of metrics: repro verify RUN --reference FILE, or repro compare FILE RUN"


def read_record_file(path: Path) -> AnyRecord:
    """Read a reference.

    Raises
    ------
    PreconditionError
        If it cannot be read.
    SchemaError
        If it is not a record of a known version.
    """
    try:
        content = read_limited(path, path.name)
    except OSError as error:
        raise PreconditionError(f"{path.name}: cannot be read: {error.strerror}") from error
    try:
        return parse_record(content, path.name)
    except SchemaError as error:
        if error.advice:
            raise
        # The file without a record that people have most often.
        raise SchemaError(error.message, advice=_REPORTED) from error


def parse_record(content: bytes, name: str) -> AnyRecord:
    """Read the bytes of a reference.

    Raises
    ------
    SchemaError
        If it is not a record of a known version.
    """
    record = cast("AnyRecord", load_record(content, name, RunRecord, RecordFile))
    if isinstance(record, RecordFile):
        metrics = _restored_metrics(record.metrics, record)
        return _normalised(_ordered(record.model_copy(update={"metrics": metrics}), metrics))
    if not record.is_pipeline:
        return record
    try:
        metrics = _restored_metrics(metrics_of(record.evidence), record)
        evidence = evidence_of(
            metrics,
            threshold_of(record.evidence),
            record.predictions,
            record.evidence.copied_from,
            record.search,
        )
    except ValueError as error:
        problems = problems_of(error) if isinstance(error, ValidationError) else error
        raise SchemaError(
            f"{name}: evidence: {problems}", advice="get a fresh copy of the file"
        ) from error
    if _different_names(record.evidence, evidence):
        raise SchemaError(
            f"{name}: evidence: it has facts, numbers or files that no experiment has",
            advice="get a fresh copy of the file",
        )
    return _normalised(_ordered(record.model_copy(update={"evidence": evidence}), metrics))


def _different_names(left: Evidence, right: Evidence) -> bool:
    return any(
        getattr(left, part).keys() != getattr(right, part).keys()
        for part in ("facts", "numbers", "files", "notes")
    )


def _normalised(record: AnyRecord) -> AnyRecord:
    """Give typed fields of the configuration the one form that they are written in."""
    # Imported when used: it takes a while, and only this needs it.
    from repro.config.recorded import read_config  # noqa: PLC0415

    try:
        config = read_config(record.config, "config")
    except SchemaError:
        # The binding covers any content; code that needs a configuration says what is wrong.
        return record
    return record.with_config(config.model_dump(mode="json", by_alias=True))


def _restored_metrics(metrics: Metrics, record: AnyRecord) -> Metrics:
    """Restore the orders that count and that a formatter which sorts keys has lost."""
    digests = frozenset(outputs_of(record.stages).values())
    names = ("test", "constant", "undefined", "cross_validation")
    # In the order in which every training reports them.
    usual = (*built_in(), *names_of(record.config.get("metrics")))
    known = digests_of_metrics(metrics)
    lost = [name for name in names if known[name] not in digests]
    if not lost:
        return metrics
    return metrics.model_copy(
        update={name: _restored(getattr(metrics, name), digests, usual) for name in lost}
    )


def _ordered(record: AnyRecord, metrics: Metrics) -> AnyRecord:
    """Put the candidates into the order in which they were scored."""
    models = record.config.get("models")
    if not isinstance(models, dict) or models.keys() != metrics.cross_validation.keys():
        return record
    ordered = {family: models[family] for family in metrics.cross_validation}
    return record.with_config(record.config | {"models": ordered})


def _restored(
    values: Mapping[str, Any], digests: frozenset[str], usual: Sequence[str]
) -> dict[str, Any]:
    """Return a mapping in the order whose digest is that of a stage output, if there is one."""
    try:
        parts = {name: digest_plain(value) for name, value in values.items()}
    except ValueError:
        # An integer that canonical JSON cannot hold was no stage's.
        return dict(values)
    for names in _orders(list(values), usual):
        if digest_plain({name: parts[name] for name in names}, str) in digests:
            return {name: values[name] for name in names}
    return dict(values)


def _orders(names: list[str], usual: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield orders to try: as it is, that of metrics, and all where they are not too many."""
    yield tuple(names)
    if set(names) <= set(usual):
        yield tuple(sorted(names, key=usual.index))
    elif factorial(min(len(names), 20)) <= _MOST_ORDERS:
        yield from permutations(names)
