"""The use case: add the fingerprints of the cells that hold to a file of known ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.known import remember
from repro.app.matrix.result import read_cell_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from repro.app.matrix.cells import Cell
    from repro.app.matrix.result import CellResult


def remember_fingerprints(
    results: Sequence[CellResult], cells: Mapping[str, Cell], records: Path, known: Path
) -> tuple[int, int]:
    """Add the fingerprints of the cells that hold and have the project's own lock.

    Returns
    -------
    tuple of (int, int)
        How many fingerprints are new, and how many cells they are from.

    Raises
    ------
    PreconditionError, SchemaError
        If the file cannot be read or written.
    """
    names = [r.name for r in results if r.holds and r.name in cells]
    files = [records / f"{name}.json" for name in names if cells[name].lock == "requirements.txt"]
    new = remember(known, (read_cell_record(file).environment for file in files))
    return new, len(files)
