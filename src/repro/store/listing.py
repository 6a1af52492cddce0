"""The runs of a folder, newest first; a damaged one is listed as such."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from repro.core.errors import ReproError, SchemaError
from repro.core.jsonfile import load
from repro.core.record import RunRecord
from repro.core.records import Lineage, Metrics, Snapshot
from repro.store.lineage import RunFiles, open_run
from repro.store.naming import LINEAGE, RECORD, run_folders, time_of

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import JsonValue

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Summary:
    """The summary of a run that could be read, for a list of runs."""

    files: RunFiles
    config: dict[str, JsonValue]
    metrics: Metrics
    snapshot: Snapshot

    @property
    def lineage(self) -> Lineage:
        """The lineage, which the files were compared with."""
        return self.files.lineage


@dataclass(frozen=True)
class CommandSummary:
    """The summary of the run of a recorded command that could be read."""

    lineage: Lineage
    record: RunRecord


@dataclass(frozen=True)
class RunEntry:
    """A run in a list.

    Attributes
    ----------
    path : Path
    created : datetime or None
        When the run started; of a damaged one what its name says, if anything.
    summary : Summary or None
        None for a damaged run, and for a run of a command.
    recorded : CommandSummary or None
        Summary of the run of a recorded command.
    damage : str
        Why a damaged run could not be read; empty for any other.
    """

    path: Path
    created: datetime | None
    summary: Summary | None
    damage: str
    recorded: CommandSummary | None = None

    @property
    def run_id(self) -> str:
        """The folder's name, by which the run is found."""
        return self.path.name


def list_runs(runs: Path) -> tuple[RunEntry, ...]:
    """List the runs of a folder, newest first: by the time they started, then by name.

    Only the files that are shown are checked; ``integrity`` checks all of them. Unfinished runs are
    not listed, and every folder that is, or was, a run is. A folder that is not there has none.

    Raises
    ------
    PreconditionError
        If it is not a folder or cannot be read.
    """
    entries = [read_entry(path) for path in run_folders(runs)]
    return tuple(sorted(entries, key=_age_order, reverse=True))


def newest(runs: Path) -> Path | None:
    """Return the newest run of a folder, damaged or not, or None if it has none.

    A damaged run is not passed over: what is asked of the newest would be answered by an older one.

    Raises
    ------
    PreconditionError
        As ``list_runs``.
    """
    entries = [_dated(path) for path in run_folders(runs)]
    return max(entries, key=_age_order).path if entries else None


def read_entry(path: Path) -> RunEntry:
    """Return the entry of a run, be it a damaged one."""
    try:
        files = open_run(path)
        created = _created(files.lineage)
        if files.lineage.dataset is None:
            recorded = CommandSummary(files.lineage, files.record(RECORD, RunRecord))
            return RunEntry(path, created, None, "", recorded)
        return RunEntry(path, created, _summary(files), "")
    except ReproError as error:
        return RunEntry(path, time_of(path.name), None, error.message)
    # One run that nobody can read is one row, and not the end of the list.
    except (ArithmeticError, MemoryError, OSError, RecursionError, ValueError) as error:
        return RunEntry(path, time_of(path.name), None, f"cannot be read: {error!r}")


def _dated(path: Path) -> RunEntry:
    """Return an entry without its summary, which takes longer to read."""
    try:
        return RunEntry(path, _created(open_run(path).lineage), None, "")
    except ReproError as error:
        return RunEntry(path, time_of(path.name), None, error.message)


def _summary(files: RunFiles) -> Summary:
    config = load(files.content("config.json"), "config.json")
    return Summary(
        files=files,
        config=cast("dict[str, JsonValue]", config),
        metrics=files.record("metrics.json", Metrics),
        snapshot=files.record("snapshot.json", Snapshot),
    )


def _created(lineage: Lineage) -> datetime:
    try:
        created = datetime.fromisoformat(lineage.created)
    except ValueError as error:
        raise SchemaError(f"{LINEAGE}: created: {error}") from error
    try:
        # Times of other zones are compared in this one, which may be outside the calendar.
        return created.astimezone(UTC) if created.tzinfo else created.replace(tzinfo=UTC)
    except OverflowError as error:
        raise SchemaError(f"{LINEAGE}: created: {lineage.created}: not a valid time") from error


def _age_order(entry: RunEntry) -> tuple[datetime, str]:
    return entry.created or _LONG_AGO, entry.run_id
