"""Comma-separated cells of any length."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import _csv
    from collections.abc import Iterable

# The greatest that every platform takes; the default of 131,072 is less than a long text or an
# embedded image.
_LONGEST = 2**31 - 1


def read_cells(lines: Iterable[str], longest: int = _LONGEST, **form: Any) -> _csv.Reader:
    """Return a strict reader of rows whose cells may have any length, unless one is given.

    ``form`` is passed on to ``csv.reader``: the delimiter, and how cells are quoted.

    Examples
    --------
    >>> [len(cell) for cell in next(read_cells(["x" * 200_000 + ",y"]))]
    [200000, 1]
    """
    csv.field_size_limit(longest)
    return csv.reader(lines, strict=True, **form)
