"""The use case: train in a cell by the first way that exists on this machine."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from repro.app.matrix.job import UnavailableError
from repro.app.matrix.places import ways
from repro.app.matrix.processes import first_error, next_step, run
from repro.app.matrix.result import CellResult, read_cell_record, result_of
from repro.core.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from repro.app.matrix.job import Job, Plan


def train(job: Job, records: Path, began: Callable[[str], None], *, exact: bool) -> CellResult:
    """Train in a cell, and keep its record.

    Parameters
    ----------
    records : Path
        The folder of the records.
    began : callable
        Called with the title of the way before it is taken.
    exact : bool
        Whether nothing may stand in for the cell.

    Raises
    ------
    ConfigError
        If ``repro train`` does not understand the arguments.
    """
    started, kept = time.perf_counter(), records / f"{job.name}.json"
    # An older record is never taken for this one.
    kept.unlink(missing_ok=True)
    job.folder.mkdir(parents=True, exist_ok=True)
    plan, reason = _first_plan(job, exact=exact)
    if plan is None:
        return CellResult(job.name, "skipped", reason=reason)
    began(plan.title)
    status = _carried_out(plan, job)
    result = _failed(job, status) if status else _kept(job, kept)
    return replace(result, way=plan.title, seconds=time.perf_counter() - started)


def _first_plan(job: Job, *, exact: bool) -> tuple[Plan | None, str]:
    reasons = []
    try:
        _ = job.lock
    except UnavailableError as error:
        return None, str(error)
    for way in ways(job.cell, exact=exact):
        try:
            return way(job), ""
        except UnavailableError as error:
            reasons.append(str(error))
    return None, "; ".join(reasons)


def _carried_out(plan: Plan, job: Job) -> int:
    try:
        return run(plan.command, job.log)
    except BaseException:
        if plan.end:
            subprocess.run(plan.end, capture_output=True, check=False)
        raise


def _failed(job: Job, status: int) -> CellResult:
    error = first_error(job.log)
    if status == ExitCode.USAGE:
        raise ConfigError(error.removeprefix("error: ").removeprefix("Error: "))
    reason = f"exit status {status}: {error} (next: {next_step(job.log)})"
    return CellResult(job.name, "failed", reason=reason)


def _kept(job: Job, kept: Path) -> CellResult:
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(job.folder / "record.json", kept)
    result = result_of(job.name, read_cell_record(kept), job.cell, job.project / job.cell.lock)
    if result.is_missing:
        kept.unlink()
    return result
