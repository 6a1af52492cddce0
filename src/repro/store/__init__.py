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

from repro.store.finding import find_run
from repro.store.integrity import FileCheck, FileOutcome, integrity
from repro.store.lineage import open_run
from repro.store.listing import RunEntry, Summary, list_runs, read_entry, run_folders
from repro.store.lock import exclusive
from repro.store.naming import new_run_id
from repro.store.predictions import read_predictions, write_predictions
from repro.store.prune import PrunePlan, plan_prune, remove
from repro.store.reading import StoredCommand, StoredRun, read_command, read_run
from repro.store.writing import PendingRun, check_writable

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
