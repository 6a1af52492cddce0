"""Copies of a run folder, to list as many runs."""

import shutil
from datetime import UTC, datetime, timedelta

# Everything that listing, showing and grouping read; the model and predictions stay out.
READ = ("lineage.json", "metrics.json", "snapshot.json", "config.json", "record.json",
        "stages.json")  # fmt: skip


def copy_runs(run, folder, count):
    """Fill a folder with copies of a run until it has `count` of them."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        made = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
        copy = folder / f"{made:%Y%m%d-%H%M%S}-{number:06x}"
        if not copy.exists():
            copy.mkdir()
            for name in READ:
                shutil.copy(run / name, copy / name)
