"""Reading a reference, whatever a formatter of JSON has done to its layout.

What is bound is content: indentation, escapes, the order of keys, and ``1`` for ``1.0`` in a field
that is a float by its type, say nothing. Where an order does count (of candidates, of metrics), the
stage digests of the record show which one was written.
"""

from __future__ import annotations

from itertools import permutations
from math import factorial
from typing import TYPE_CHECKING, Any

from repro.app.own_metrics import names_of
from repro.config.metrics import built_in
from repro.core.errors import PreconditionError, SchemaError
from repro.core.jsonfile import load_record
from repro.core.records import RecordFile
from repro.digest.plain import digest_plain
from repro.divergence.compare import outputs_of
from repro.store.disk import read_limited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from repro.core.records import Metrics

_MOST_ORDERS = factorial(8)


def read_record_file(path: Path) -> RecordFile:
    """Read a reference.

    Raises
    ------
    PreconditionError
        If it cannot be read.
    SchemaError
        If it is not a record of this version.
    """
    try:
        content = read_limited(path, path.name)
    except OSError as error:
        raise PreconditionError(f"{path.name}: cannot be read: {error.strerror}") from error
    return parse_record(content, path.name)


def parse_record(content: bytes, name: str) -> RecordFile:
    """Read the bytes of a reference.

    Raises
    ------
    SchemaError
        If it is not a record of this version.
    """
    return _normalised(_ordered(load_record(content, name, RecordFile)))


def _normalised(record: RecordFile) -> RecordFile:
    """Give typed fields of the configuration the one form that they are written in."""
    # Imported here: it takes a while, and only this needs it.
    from repro.app.configuration import parse_config  # noqa: PLC0415

    try:
        config = parse_config(record.config, "")
    except SchemaError:
        # The binding covers any content; code that needs a configuration says what is wrong.
        return record
    return record.model_copy(update={"config": config.model_dump(mode="json", by_alias=True)})


def _ordered(record: RecordFile) -> RecordFile:
    """Restore the orders that count and that a formatter which sorts keys has lost."""
    digests = frozenset(outputs_of(record.stages).values())
    names = ("test", "constant", "undefined", "cross_validation")
    # In the order in which every training reports them.
    usual = (*built_in(), *names_of(record.config.get("metrics")))
    found = {name: _restored(getattr(record.metrics, name), digests, usual) for name in names}
    metrics = record.metrics.model_copy(update=found)
    return record.model_copy(
        update={"metrics": metrics, "config": record.config | _models(record, metrics)}
    )


def _models(record: RecordFile, metrics: Metrics) -> dict[str, Any]:
    """Return the candidates in the order in which they were scored."""
    models = record.config.get("models")
    if not isinstance(models, dict) or models.keys() != metrics.cross_validation.keys():
        return {}
    return {"models": {family: models[family] for family in metrics.cross_validation}}


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
