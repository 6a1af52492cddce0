"""Run folders: written so that an existing one is whole, read so that what is used is checked.

A run is written beside its place, into a dot-folder that no other writer can have. Every file is
synced, ``lineage.json`` comes last, and one rename puts the folder in place. So a run folder is
either absent or complete, whatever interrupts its writer, and anything that is missing later was
taken away.

Readers never believe a folder. ``integrity`` compares every file with the lineage and gives a value
for each; ``open_run``, ``read_run`` and ``list_runs`` hash the same bytes that they then parse.
Nothing in this package unpickles, follows a symbolic link inside a run, or needs NumPy, which only
``repro.store.checkpoints`` imports.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from repro.store.finding import find_run
    from repro.store.intact import FileCheck, FileOutcome, integrity
    from repro.store.lineage import open_run
    from repro.store.listing import RunEntry, Summary, list_runs, read_entry
    from repro.store.lock import exclusive
    from repro.store.naming import new_run_id, run_folders
    from repro.store.predictions import read_predictions, write_predictions
    from repro.store.prune import PrunePlan, plan_prune, remove
    from repro.store.reading import StoredCommand, StoredRun, read_command, read_run
    from repro.store.writing import PendingRun, check_writable

# Imported when it is first asked for: a list of runs from its index reads no record.
_LAZY = {
    "FileCheck": "repro.store.intact",
    "FileOutcome": "repro.store.intact",
    "PendingRun": "repro.store.writing",
    "PrunePlan": "repro.store.prune",
    "RunEntry": "repro.store.listing",
    "StoredCommand": "repro.store.reading",
    "StoredRun": "repro.store.reading",
    "Summary": "repro.store.listing",
    "check_writable": "repro.store.writing",
    "exclusive": "repro.store.lock",
    "find_run": "repro.store.finding",
    "integrity": "repro.store.intact",
    "list_runs": "repro.store.listing",
    "new_run_id": "repro.store.naming",
    "open_run": "repro.store.lineage",
    "plan_prune": "repro.store.prune",
    "read_command": "repro.store.reading",
    "read_entry": "repro.store.listing",
    "read_predictions": "repro.store.predictions",
    "read_run": "repro.store.reading",
    "remove": "repro.store.prune",
    "run_folders": "repro.store.naming",
    "write_predictions": "repro.store.predictions",
}

__all__ = [
    "FileCheck",
    "FileOutcome",
    "PendingRun",
    "PrunePlan",
    "RunEntry",
    "StoredCommand",
    "StoredRun",
    "Summary",
    "check_writable",
    "exclusive",
    "find_run",
    "integrity",
    "list_runs",
    "new_run_id",
    "open_run",
    "plan_prune",
    "read_command",
    "read_entry",
    "read_predictions",
    "read_run",
    "remove",
    "run_folders",
    "write_predictions",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
