"""The use case: compare the records of all cells with the first one, or with a reference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.app.compare import Entry, compare_all, read_entry
from repro.divergence.tolerance import ToleranceRequest
from repro.store.naming import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repro.app.matrix.result import CellResult
    from repro.core.comparison import Candidate, ComparisonReport

_SEVERAL = 2


@dataclass(frozen=True)
class Compared:
    """The results of the cells with their verdicts, and the comparison behind them.

    Attributes
    ----------
    report : ComparisonReport or None
        None if there are too few records to compare.
    entries : tuple of Entry
        The records that were compared, the reference first.
    """

    results: tuple[CellResult, ...]
    report: ComparisonReport | None = None
    entries: tuple[Entry, ...] = ()


def compare(
    results: Sequence[CellResult], project: Path, records: Path, reference: Path | None
) -> Compared:
    """Compare the records of the cells that were trained.

    Parameters
    ----------
    project : Path
        The project that sets the tolerance.
    reference : Path or None
        None takes the first record.

    Raises
    ------
    PreconditionError, SchemaError
        If a record cannot be read.
    """
    files = {r.name: records / f"{r.name}.json" for r in results if r.verdict == "trained"}
    entries = tuple(_entry(project, file, file.name) for file in files.values())
    if reference is not None:
        # A reference may have the name of a cell's record.
        taken = reference.name in {file.name for file in files.values()}
        name = str(reference) if taken else reference.name
        entries = (_entry(project, reference, name), *entries)
    if len(entries) < _SEVERAL:
        return Compared(tuple(results))
    report = compare_all(project, entries[0], entries[1:], ToleranceRequest())
    candidates = {candidate.name: candidate for candidate in report.candidates}
    judged = (
        _judged(result, candidates.get(files[result.name].name)) if result.name in files else result
        for result in results
    )
    return Compared(tuple(judged), report, entries)


def _entry(project: Path, file: Path, name: str) -> Entry:
    return replace(read_entry(project, project, str(file)), name=printable(name))


def _judged(result: CellResult, candidate: Candidate | None) -> CellResult:
    if candidate is None:
        return replace(result, verdict="reference", holds=True)
    compared = candidate.comparison
    counted = {kind: f"{tally.same} of {tally.total}" for kind, tally in candidate.tallies.items()}
    return replace(
        result,
        verdict=str(compared.verdict),
        holds=compared.holds,
        reason="" if compared.holds else _reason(candidate),
        counted=counted,
    )


def _reason(candidate: Candidate) -> str:
    compared = candidate.comparison
    divergence, worst = compared.divergence, compared.worst
    reasons = [compared.finding or compared.reasons[0]]
    reasons += [f"diverges at {divergence.stage}"] if divergence else []
    reasons += [f"the worst is {worst.name}: {worst.actual}, not {worst.expected}"] if worst else []
    return "; ".join(reasons)
