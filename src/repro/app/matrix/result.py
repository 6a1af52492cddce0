"""The result of a cell: its record, and what the comparison says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from repro.core.errors import ConfigError
from repro.core.jsonfile import load_record
from repro.core.pins import pins
from repro.core.record import RunRecord
from repro.core.record_v1 import RecordFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from repro.app.matrix.cells import Cell
    from repro.core.environment import Environment
    from repro.core.record import AnyRecord

# Their versions reveal the lock that a record was made with.
_COMPUTING = ("numpy", "scikit-learn")


@dataclass(frozen=True)
class CellResult:
    """The result of a cell.

    Attributes
    ----------
    verdict : str
        ``trained`` until there is a comparison; then ``reference``, or that of ``repro compare``.
        ``skipped`` if this machine cannot train in the cell; ``failed`` if training failed, or if
        the record is not of the cell.
    holds : bool
        Whether it is a pass; false for a cell that was not compared.
    reason : str
        The reason if it is not a pass.
    counted : dict of str to str
        How many values of each kind are bit-identical to the reference's, of how many.
    """

    name: str
    verdict: str
    way: str = ""
    python: str = ""
    bits: str = ""
    seconds: float | None = None
    reason: str = ""
    holds: bool = False
    counted: dict[str, str] = field(default_factory=dict)

    @property
    def is_missing(self) -> bool:
        """True if the cell has no record."""
        return self.verdict in {"skipped", "failed"}


def read_cell_record(file: Path) -> AnyRecord:
    """Read the record of a cell.

    Raises
    ------
    SchemaError
    """
    return cast("AnyRecord", load_record(file.read_bytes(), file.name, RunRecord, RecordFile))


def result_of(name: str, record: AnyRecord, cell: Cell | None, lock: Path | None) -> CellResult:
    """Return the result of a cell by its record; it failed if the record is not of the cell.

    Parameters
    ----------
    cell : Cell or None
        None for a record that is compared beside the cells.
    lock : Path or None
        The lock of the cell.

    Raises
    ------
    ConfigError
        If the lock does not pin the packages that compute.
    """
    environment = record.environment
    mismatches = _mismatches(cell, environment, lock) if cell and lock else ()
    reason = "; ".join(mismatches)
    return CellResult(
        name,
        "failed" if reason else "trained",
        python=environment.interpreter.version,
        bits=(environment.bits or "").partition(" ")[0],
        reason=reason,
    )


def _mismatches(cell: Cell, environment: Environment, lock: Path) -> Iterator[str]:
    platform = environment.platform
    python = ".".join(environment.interpreter.version.split(".")[:2])
    found = {"Python": python, "system": platform.system, "machine": platform.machine}
    expected = dict(zip(found, (cell.python, *cell.platform), strict=True))
    if cell.level:
        found["level"], expected["level"] = environment.level, cell.level
    for name in _COMPUTING:
        found[name] = environment.packages.get(name, "")
    for name, version in {**expected, **_locked(lock)}.items():
        if found[name] != version:
            yield f"its {name} is {found[name] or 'missing'}, not {version}"


def _locked(lock: Path) -> dict[str, str]:
    if not lock.is_file():
        raise ConfigError(
            f"{lock}: no such file; the record of a cell is compared with its lock",
            advice="write the lock with: pip-compile --generate-hashes",
        )
    locked = pins(lock.read_text(encoding="utf-8"))
    absent = [name for name in _COMPUTING if name not in locked]
    if absent:
        raise ConfigError(
            f"{lock}: it does not pin {' and '.join(absent)}, which every record needs",
            advice="write the lock with: pip-compile --generate-hashes",
        )
    return {name: locked[name].version for name in _COMPUTING}
