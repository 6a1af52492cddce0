"""Digests of Polars frames and series."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from repro.digest.arrays import canonical_values
from repro.tracking.contents.leaves import Leaves

_ROWS = 1 << 15
_WIDE = ("Int128", "UInt128")
_NUMBERS = ("Int", "UInt", "Float")


def digest_polars(frame: Any) -> str:
    """Return the digest of a frame or a series, ``polars/v1:<hex>``.

    Over names and types of the columns, in their order, and over values and missing values. Chunks
    do not count. A lazy frame is collected.

    Raises
    ------
    TypeError
        If a column holds Python objects.
    """
    polars: Any = sys.modules["polars"]
    if isinstance(frame, polars.LazyFrame):
        frame = frame.collect()
    columns = [frame] if isinstance(frame, polars.Series) else frame.get_columns()
    leaves = Leaves()
    for column in columns:
        for start in range(0, max(len(column), 1), _ROWS):
            _add(leaves, f".{column.name!r}", column.slice(start, _ROWS))
    facts = ["series"] if isinstance(frame, polars.Series) else []
    return leaves.digest("polars", facts + [f"{each.name!r} {each.dtype}" for each in columns])


def _add(leaves: Leaves, path: str, column: Any) -> None:
    polars: Any = sys.modules["polars"]
    missing = column.is_null().to_numpy().astype(np.uint8)
    leaves.add(f"{path}?", "missing", len(column), missing.tobytes())
    kind = str(column.dtype)
    if kind.startswith("Struct"):
        for field in column.struct.fields:
            _add(leaves, f"{path}.{field!r}", column.struct.field(field))
    elif kind.startswith(("List", "Array")):
        lists = column if kind.startswith("List") else column.arr.to_list()
        lengths = lists.list.len().fill_null(0)
        leaves.add(f"{path}#", "length", len(column), lengths.to_numpy().astype("<i8").tobytes())
        _add(leaves, f"{path}[]", lists.filter(lengths > 0).explode())
    elif kind.startswith("Object"):
        raise TypeError("a Polars column of Python objects has no digest")
    elif kind.startswith((*_NUMBERS, "Boolean")) and kind not in _WIDE:
        _add_numbers(leaves, path, column)
    else:
        temporal = column.dtype.is_temporal()
        plain = column.to_physical() if temporal else column
        if column.dtype != polars.Binary:
            plain = plain.cast(polars.String)
        parts = [_bytes(each) for each in plain.to_list()]
        lengths = np.fromiter(map(len, parts), dtype="<i8", count=len(parts))
        leaves.add(f"{path}#", "length", len(column), lengths.tobytes())
        leaves.add(path, kind, len(column), b"".join(parts))


def _add_numbers(leaves: Leaves, path: str, column: Any) -> None:
    logical = str(column.dtype) == "Boolean"
    values = column.fill_null(False if logical else 0).to_numpy()
    plain = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    content = canonical_values(plain).view(np.uint8).data if plain.size else b""
    leaves.add(path, str(column.dtype), len(column), content)


def _bytes(value: object) -> bytes:
    if value is None:
        return b""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
