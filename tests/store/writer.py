"""A process that writes the sample run, and waits at a chosen step: ``writer.py RUNS STEP``."""

import signal
import sys
import time
from pathlib import Path

import sample_run

from repro.store import writing


def reached(step: str) -> None:
    if step == sys.argv[2]:
        print("here", flush=True)
        if step == "start":
            sys.stdin.readline()
        else:
            time.sleep(60)


def _sync_folder(path: Path) -> None:
    reached("before rename" if path.name.startswith(".") else "after rename")


def _terminate(number: int, _: object) -> None:
    raise SystemExit(128 + number)


# A shell starts what runs in its background with interrupts ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, _terminate)
writing.sync_folder = _sync_folder
reached("start")
print(sample_run.write_run(Path(sys.argv[1]), reached=reached).name, flush=True)
