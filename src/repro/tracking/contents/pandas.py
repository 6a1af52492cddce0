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
        return tagged.add(digest_index(series.index).encode()).digest()


def _cell(cell: Any, digest: Callable[[object], str]) -> str:
    if cell is pd.NA or cell is pd.NaT:
        return "missing"
    return digest(cell.isoformat() if isinstance(cell, pd.Timestamp) else cell)
