"""The use case: train in a cell at the first place that exists on this machine."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.app.configuration import verification_settings
from repro.app.matrix.places import places_of
from repro.app.matrix.result import CellResult, result_of
from repro.app.subjects.records import sampled
from repro.core.errors import ReproError
from repro.core.jsonfile import dump_record
from repro.execution.places import Silent, UnavailableError, recipe_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from repro.app.matrix.cells import Cell
    from repro.config.experiment import ExperimentConfig
    from repro.core.record import RunRecord
    from repro.execution.places import Place
    from repro.execution.places.workspace import Workspace


@dataclass(frozen=True)
class Job:
    """A training to be done in a cell.

    Attributes
    ----------
    project : Path
        The project that is trained; absolute.
    config : ExperimentConfig
        The training; a cell that has a level is trained at no other.
    workspace : Workspace
        The folders of the cell.
    """

    cell: Cell
    project: Path
    config: ExperimentConfig
    workspace: Workspace

    @property
    def trained(self) -> ExperimentConfig:
        """The configuration at the level of the cell."""
        if self.cell.level is None:
            return self.config
        level = {"level": str(self.cell.level)}
        determinism = self.config.determinism.model_copy(update=level)
        return self.config.model_copy(update={"determinism": determinism})


def train(job: Job, records: Path, began: Callable[[str], None], *, exact: bool) -> CellResult:
    """Train in a cell, and keep its record.

    Parameters
    ----------
    records : Path
        The folder of the records.
    began : callable
        Called with the title of a place before it is prepared.
    exact : bool
        Whether nothing may stand in for the cell.
    """
    started, name = time.perf_counter(), job.workspace.name
    kept = records / f"{name}.json"
    # An older record is never taken for this one.
    kept.unlink(missing_ok=True)
    reasons = []
    for place in places_of(job.cell, job.workspace, exact=exact):
        try:
            result = _at(place, job, kept, began)
        except UnavailableError as error:
            result = CellResult(name, "skipped", reason=error.message)
        if result.verdict != "skipped":
            return replace(result, way=place.title, seconds=time.perf_counter() - started)
        reasons.append(result.reason)
    return CellResult(name, "skipped", reason="; ".join(dict.fromkeys(reasons)))


def _at(place: Place, job: Job, kept: Path, began: Callable[[str], None]) -> CellResult:
    name, config = job.workspace.name, job.trained
    recipe = recipe_of(config)
    if skipped := place.lacks(job.project, recipe):
        return CellResult(name, "skipped", reason=skipped.reason)
    began(place.title)
    try:
        record = place.execute(job.project, recipe, Silent()).record
    except UnavailableError:
        raise
    except ReproError as error:
        return CellResult(name, "failed", reason=error.message)
    if config.safety.fails(record.metrics.findings):
        reason = "safety.on_finding is fail, and there are findings"
        return CellResult(name, "failed", reason=reason)
    return _kept(record, job, kept)


def _kept(record: RunRecord, job: Job, kept: Path) -> CellResult:
    result = result_of(job.workspace.name, record, job.cell, job.project / job.cell.lock)
    if not result.is_missing:
        sample = verification_settings(job.project, job.config.experiment).sample
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(dump_record(sampled(record, sample)))
    return result
