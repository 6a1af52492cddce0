"""Digests of pandas objects, with cells of any kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from repro.core.canonical import TaggedHash
from repro.digest.frames import digest_frame, digest_index, digest_series

if TYPE_CHECKING:
    from collections.abc import Callable


def describe_pandas(
    value: Any, digest: Callable[[object], str]
) -> tuple[str, dict[str, Any]] | None:
    """Return digest and facts of a frame, a series or an index; None for anything else.

    Parameters
    ----------
    digest : callable
        Digests a cell that is no scalar, such as a list.

    Raises
    ------
    TypeError
        If a cell or a type has no digest.
    """
    if isinstance(value, pd.DataFrame):
        facts = {
            "shape": tuple(value.shape),
            "columns": [str(label) for label in value.columns],
            "dtypes": {str(n): str(dtype) for n, dtype in zip(value, value.dtypes, strict=True)},
        }
        return _frame(value, digest), facts
    if isinstance(value, pd.Series):
        return _series(value, digest), {"shape": tuple(value.shape), "dtype": str(value.dtype)}
    if isinstance(value, pd.Index):
        return digest_index(value), {"shape": tuple(value.shape), "dtype": str(value.dtype)}
    return None


def _frame(frame: pd.DataFrame, digest: Callable[[object], str]) -> str:
    try:
        return digest_frame(frame)
    except TypeError:
        tagged = TaggedHash("mixed-frame").add(digest_index(frame.columns).encode())
        for position in range(frame.shape[1]):
            tagged.add(_series(frame.iloc[:, position], digest).encode())
        return tagged.add(digest_index(frame.index).encode()).digest()


def _series(series: pd.Series[Any], digest: Callable[[object], str]) -> str:
    try:
        return digest_series(series)
    except TypeError:
        tagged = TaggedHash("mixed-series").add(str(series.dtype).encode())
        for cell in series.tolist():
            tagged.add(_cell(cell, digest).encode())
        tagged.add(digest_index(pd.Index([series.name], dtype=object)).encode())
        return tagged.add(digest_index(series.index).encode()).digest()


def _cell(cell: Any, digest: Callable[[object], str]) -> str:
    if cell is pd.NA or cell is pd.NaT:
        return "missing"
    if isinstance(cell, (pd.Timestamp, pd.Timedelta)):
        return f"{type(cell).__name__} {digest(cell.isoformat())}"
    return digest(cell)


def columns_of(value: Any) -> tuple[str, list[tuple[str, Any]]] | None:
    """Return kind, and index and columns by name, of a frame or a series that is a batch.

    Names and types of columns are in the kind; the index is a column, or one for each level.
    """
    if isinstance(value, pd.Index):
        return f"index {value.names!r} {_type(value)}", [("", _values(value))]
    if isinstance(value, pd.Series):
        value = value.to_frame()
        kind = "series"
    elif isinstance(value, pd.DataFrame):
        kind = "frame"
    else:
        return None
    columns = [value.iloc[:, position] for position in range(value.shape[1])]
    index = value.index
    levels = [index.get_level_values(n) for n in range(index.nlevels)]
    facts = [f"{kind} {value.columns.names!r} {index.names!r}"]
    facts += [f"{label!r} {_type(each)}" for label, each in zip(value, columns, strict=True)]
    facts += [_type(each) for each in levels]
    parts = [(f"[{n}]", _values(each)) for n, each in enumerate(columns)]
    return "; ".join(facts), [*parts, *((f"[i{n}]", _values(e)) for n, e in enumerate(levels))]


def _type(column: Any) -> str:
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return f"category {dtype.ordered} {digest_index(dtype.categories)}"
    return str(dtype)


def _values(column: Any) -> Any:
    """Return values as an array, or as a list of cells that all kinds of data know."""
    if getattr(column.dtype, "kind", "O") in "biufcmM" and hasattr(column.dtype, "byteorder"):
        return column.to_numpy()
    cells = column.tolist()
    times = (pd.Timestamp, pd.Timedelta, type(pd.NaT), type(pd.NA))
    return [f"{type(each).__name__} {each!s}" if isinstance(each, times) else each
            for each in cells]  # fmt: skip
