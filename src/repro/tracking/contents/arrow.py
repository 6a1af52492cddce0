"""Digests of Arrow tables and Hugging Face data sets, column by column."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.core.canonical import TaggedHash
from repro.digest.arrays import canonical_values
from repro.tracking.contents.leaves import Leaves

if TYPE_CHECKING:
    from collections.abc import Iterable

_ROWS = 1 << 15
# Fewer rows, since each may hold an image.
_FILES = 1 << 10


def digest_table(table: Any) -> str:
    """Return the digest of a ``pyarrow.Table``, ``table/v1:<hex>``.

    Over names and types of the columns, in their order, and over values and missing values. Chunks
    do not count, and a dictionary-encoded column counts by its values.
    """
    return digest_batches(table.schema, table.to_batches(max_chunksize=_ROWS))


def digest_batches(schema: Any, batches: Iterable[Any]) -> str:
    """Return the digest of record batches as of one table.

    Parameters
    ----------
    schema : pyarrow.Schema
    batches : iterable of pyarrow.RecordBatch or pyarrow.Table
    """
    leaves = Leaves()
    for batch in batches:
        for name, column in zip(schema.names, batch.columns, strict=True):
            for chunk in getattr(column, "chunks", [column]):
                _add(leaves, f".{name!r}", chunk)
    facts = [f"{field.name!r} {_type(field.type)}" for field in schema]
    return leaves.digest("table", facts)


def _type(kind: Any) -> str:
    from pyarrow import types  # noqa: PLC0415 - an extra

    return _type(kind.value_type) if types.is_dictionary(kind) else str(kind)


def _add(leaves: Leaves, path: str, array: Any) -> None:
    import pyarrow as pa  # noqa: PLC0415 - an extra

    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if isinstance(array, pa.DictionaryArray):
        array = array.dictionary_decode()
    missing = array.is_null().to_numpy(zero_copy_only=False).astype(np.uint8)
    leaves.add(f"{path}?", "missing", len(array), missing.data)
    types, kind = pa.types, array.type
    if types.is_struct(kind):
        for position, field in enumerate(kind):
            _add(leaves, f"{path}.{field.name!r}", array.flatten()[position])
    elif types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        leaves.add(f"{path}#", "length", len(array), lengths.astype("<i8").tobytes())
        _add(leaves, f"{path}[]", array.flatten())
    else:
        _add_values(leaves, path, array)


def _add_values(leaves: Leaves, path: str, array: Any) -> None:
    import pyarrow as pa  # noqa: PLC0415 - an extra

    types, kind = pa.types, array.type
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        zero = pa.scalar(False if types.is_boolean(kind) else 0).cast(kind)
        values = array.fill_null(zero).to_numpy(zero_copy_only=False)
        plain = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
        content = canonical_values(plain).view(np.uint8).data if plain.size else b""
        leaves.add(path, str(kind), len(array), content)
        return
    if types.is_temporal(kind) and not types.is_interval(kind):
        parts = [repr(each).encode() for each in _ticks(array)]
    else:
        parts = [_bytes(each) for each in array.to_pylist()]
    lengths = np.fromiter(map(len, parts), dtype="<i8", count=len(parts))
    leaves.add(f"{path}#", "length", len(array), lengths.tobytes())
    leaves.add(path, str(kind), len(array), b"".join(parts))


def _ticks(array: Any) -> list[object]:
    width = array.type.bit_width
    found: list[object] = array.view(f"int{width}").to_pylist()
    return found


def _bytes(value: object) -> bytes:
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else repr(value)).encode("utf-8", "surrogatepass")


def digest_hugging_face(dataset: Any) -> tuple[str, dict[str, Any]]:
    """Return digest and facts of a ``datasets.Dataset``.

    Rows count in the order in which they are read: a selection or a shuffle that was applied counts
    by its result. Images and sounds count by their files' content.
    """
    embed = import_module("datasets.table").embed_table_storage
    # Files outside of the table become part of it, and the folders that they are in do not.
    arrow = dataset.with_format("arrow")
    batches = (embed(batch) for batch in arrow.iter(batch_size=_FILES))
    features = json.dumps(dataset.features.to_dict(), sort_keys=True)
    table = digest_batches(arrow[:0].schema.remove_metadata(), batches)
    digest = TaggedHash("dataset").add(features.encode()).add(table.encode()).digest()
    facts = {"num_samples": len(dataset), "columns": list(dataset.column_names)}
    return digest, facts
