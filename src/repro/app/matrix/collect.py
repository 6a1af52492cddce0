"""The use case: read the records that other machines left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from repro.app.matrix.result import CellResult, read_cell_record, result_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.app.matrix.cells import Cell


def collect(
    cells: Mapping[str, Cell], project: Path, records: Path, *, exact: bool
) -> list[CellResult]:
    """Read the record of every cell from a folder.

    A record of no cell is taken too, so that any record can be compared beside the cells.

    Parameters
    ----------
    project : Path
        The project with the locks of the cells.
    exact : bool
        Whether one record may not stand for two cells that have different images.
    """
    others = sorted({file.stem for file in records.glob("*.json")} - set(cells))
    owners: dict[str, str] = {}
    return [
        _collected(name, cells, project, records / f"{name}.json", owners if exact else None)
        for name in (*cells, *others)
    ]


def _collected(
    name: str,
    cells: Mapping[str, Cell],
    project: Path,
    file: Path,
    owners: dict[str, str] | None,
) -> CellResult:
    if not file.exists():
        reason = f"there is no {file.name} in {file.parent.name}"
        return CellResult(name, "skipped", reason=reason)
    record, cell = read_cell_record(file), cells.get(name)
    result = result_of(name, record, cell, project / cell.lock if cell else None)
    if cell is None or owners is None or result.is_missing:
        return result
    owner = owners.setdefault(record.digest, name)
    if cells[owner].image == cell.image:
        return result
    reason = f"its record belongs to {owner}, which has a different image"
    return replace(result, verdict="failed", reason=reason)
