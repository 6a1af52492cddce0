"""What came of the cells: their records, held against each other by ``repro compare``."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from matrix_cells.places import ROOT, UnavailableError, ways
from matrix_cells.processes import next_step, run, told
from repro.app.known import remember
from repro.core.comparison import ComparisonReport
from repro.core.errors import ConfigError, ExitCode
from repro.core.jsonfile import load_record
from repro.core.pins import pins
from repro.core.records import RecordFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from matrix_cells.model import Cell
    from matrix_cells.places import Job, Way
    from repro.core.comparison import Candidate
    from repro.core.environment import Environment

_SEVERAL = 2
# Their versions are looked at, to tell which lock a record was made with.
_COMPUTING = ("numpy", "scikit-learn")


@dataclass(frozen=True)
class Outcome:
    """What came of a cell.

    Attributes
    ----------
    verdict : str
        ``trained`` until there is a comparison; then ``reference``, or that of ``repro compare``.
        ``skipped`` where it could not be trained here, and ``failed`` where that was tried, or
        where the record is not of the cell.
    holds : bool
        Whether it is a pass; false for a cell that was not compared.
    reason : str
        Why it is no pass.
    counted : dict of str to str
        How many values of each kind are the same bits as the reference's, of how many.
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


def train(job: Job, records: Path, say: Callable[[str], None], *, exact: bool) -> Outcome:
    """Train in a cell by the first way that exists here, and keep its record.

    Raises
    ------
    ConfigError
        If ``repro train`` does not understand the arguments.
    """
    started, kept = time.perf_counter(), records / f"{job.name}.json"
    # What an earlier call left is never taken for this one's.
    kept.unlink(missing_ok=True)
    job.folder.mkdir(parents=True, exist_ok=True)
    way, reason = _first_way(job, exact=exact)
    if way is None:
        return Outcome(job.name, "skipped", reason=reason)
    say(way.title)
    status = _carried_out(way, job)
    spent = time.perf_counter() - started
    if status == ExitCode.USAGE:
        raise ConfigError(told(job.log).removeprefix("error: ").removeprefix("Error: "))
    if status:
        reason = f"exit status {status}: {told(job.log)} (next: {next_step(job.log)})"
        return Outcome(job.name, "failed", way.title, seconds=spent, reason=reason)
    records.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(job.folder / "record.json", kept)
    outcome = _as_trained(job.name, _read(kept), job.cell, way.title, spent)
    if outcome.verdict == "failed":
        kept.unlink()
    return outcome


def _first_way(job: Job, *, exact: bool) -> tuple[Way | None, str]:
    reasons = []
    for way in ways(job.cell, exact=exact):
        try:
            return way(job), ""
        except UnavailableError as error:
            reasons.append(str(error))
    return None, "; ".join(reasons)


def _carried_out(way: Way, job: Job) -> int:
    try:
        return run(way.command, job.log)
    except BaseException:
        if way.end:
            subprocess.run(way.end, capture_output=True, check=False)
        raise


def _read(file: Path) -> RecordFile:
    return load_record(file.read_bytes(), file.name, RecordFile)


def _as_trained(
    name: str, record: RecordFile, cell: Cell | None, way: str = "", seconds: float | None = None
) -> Outcome:
    environment = record.environment
    reason = "; ".join(_not_of(cell, environment)) if cell else ""
    bits = (environment.bits or "").partition(" ")[0]
    verdict = "failed" if reason else "trained"
    return Outcome(name, verdict, way, environment.interpreter.version, bits, seconds, reason)


def _not_of(cell: Cell, environment: Environment) -> Iterator[str]:
    """Tell in what a record's environment is not the cell's."""
    here = environment.platform
    python = ".".join(environment.interpreter.version.split(".")[:2])
    seen = {"Python": python, "system": here.system, "machine": here.machine}
    wanted = dict(zip(seen, (cell.python, *cell.platform), strict=True))
    if cell.level:
        seen["level"], wanted["level"] = environment.level, cell.level
    locked = pins((ROOT / cell.lock).read_text(encoding="utf-8"))
    for name in _COMPUTING:
        seen[name], wanted[name] = environment.packages.get(name, ""), locked[name].version
    for what, value in wanted.items():
        if seen[what] != value:
            yield f"its {what} is {seen[what] or 'missing'}, and not {value}"


def found(cells: Mapping[str, Cell], records: Path, *, exact: bool) -> list[Outcome]:
    """Read the records that other machines left in a folder.

    A record that is of no cell is taken too, so that any may be laid beside the others.

    Parameters
    ----------
    exact : bool
        Whether one record may not stand for two cells that have different images.
    """
    others = sorted({file.stem for file in records.glob("*.json")} - set(cells))
    outcomes = []
    owners: dict[str, str] = {}
    for name in (*cells, *others):
        file, cell = records / f"{name}.json", cells.get(name)
        if not file.exists():
            reason = f"there is no {file.name} in {records.name}"
            outcomes.append(Outcome(name, "skipped", reason=reason))
            continue
        record = _read(file)
        outcome = _as_trained(name, record, cell)
        if exact and cell and outcome.verdict == "trained":
            owner = owners.setdefault(record.digest, name)
            if cells[owner].image != cell.image:
                reason = f"its record is that of {owner}, which has a different image"
                outcome = replace(outcome, verdict="failed", reason=reason)
        outcomes.append(outcome)
    return outcomes


def compare(
    outcomes: Sequence[Outcome], records: Path, reference: Path | None, reports: Path
) -> list[Outcome]:
    """Hold all records against the first one, or against a reference, by ``repro compare``.

    The comparison is left in a folder, in each of its forms.
    """
    shutil.rmtree(reports, ignore_errors=True)
    files = {o.name: records / f"{o.name}.json" for o in outcomes if o.verdict == "trained"}
    entries = [*([reference] if reference else []), *files.values()]
    if len(entries) < _SEVERAL:
        return list(outcomes)
    reports.mkdir(parents=True)
    candidates = {c.name: c for c in _compared(entries, reports).candidates}
    return [
        _judged(outcome, candidates.get(files[outcome.name].name))
        if outcome.name in files
        else outcome
        for outcome in outcomes
    ]


def remember_fingerprints(
    outcomes: Sequence[Outcome], cells: Mapping[str, Cell], records: Path, known: Path
) -> None:
    """Add the fingerprints of the cells that hold, and have the project's lock, to a file."""
    names = [o.name for o in outcomes if o.holds and o.name in cells]
    files = [records / f"{name}.json" for name in names if cells[name].lock == "requirements.txt"]
    new = remember(known, (_read(file).environment for file in files))
    click.echo(f"{known.name}: {new} new, from {len(files)} cells", err=True)


def _judged(outcome: Outcome, candidate: Candidate | None) -> Outcome:
    if candidate is None:
        return replace(outcome, verdict="reference", holds=True)
    compared = candidate.comparison
    parted, worst = compared.divergence, compared.worst
    told = [compared.finding or compared.reasons[0]]
    told += [f"diverges at {parted.stage}"] if parted else []
    told += [f"the worst is {worst.name}: {worst.actual}, not {worst.expected}"] if worst else []
    return replace(
        outcome,
        verdict=str(compared.verdict),
        holds=compared.holds,
        reason="" if compared.holds else "; ".join(told),
        counted={
            kind: f"{tally.same} of {tally.total}" for kind, tally in candidate.tallies.items()
        },
    )


def _compared(entries: Sequence[Path], reports: Path) -> ComparisonReport:
    page = ["--report", str(reports / "report.html")] if find_spec("matplotlib") else []
    for form, name, more in (
        ("json", "comparison.json", []),
        ("markdown", "summary.md", page),
        ("junit", "junit.xml", []),
    ):
        output = ["--format", form, "--output", str(reports / name), *more]
        command = [sys.executable, "-P", "-m", "repro", "compare", *map(str, entries), *output]
        done = subprocess.run(command, check=False)
        if done.returncode not in {ExitCode.HOLDS, ExitCode.FINDING}:
            # It has said why.
            raise SystemExit(done.returncode)
    file = reports / "comparison.json"
    return load_record(file.read_bytes(), file.name, ComparisonReport)


def as_json(outcomes: Sequence[Outcome]) -> str:
    """Write outcomes for programs."""
    return json.dumps([asdict(outcome) for outcome in outcomes], indent=2)
