"""Whole processes in turn: elapsed time, processor time and the greatest memory of each.

The process that measures stays small, and imports no NumPy: the memory of a child that Linux
reports is never less than that of its parent at the fork.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PYTHON = sys.executable
REPRO = str(Path(PYTHON).with_name("repro"))
QUIET = {
    "OMP_NUM_THREADS": "1",
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
}


@dataclass(frozen=True)
class Side:
    """A command, and what is done before it without being timed."""

    command: Sequence[str]
    folder: Path = ROOT
    variables: dict[str, str] = field(default_factory=dict)
    before: Callable[[], object] | None = None


@dataclass(frozen=True)
class Spent:
    """What a process and all that it waited for took: seconds, and the greatest resident MB."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Ratio:
    """The median of ratios pair by pair, and their range."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """Medians of two sides, and the ratios of the first to the second, pair by pair."""

    comparison: str
    name: str
    left: Spent
    right: Spent | None
    wall: Ratio | None
    cpu: Ratio | None
    rounds: int
    curve: str | None = None
    size: float | None = None

    def plain(self):
        """Return what JSON can say."""
        return asdict(self)


def row_of(values):
    """Return the row that `Row.plain` made these values of."""
    inner = {"left": Spent, "right": Spent, "wall": Ratio, "cpu": Ratio}
    made = {name: kind(**values[name]) if values[name] else None for name, kind in inner.items()}
    return Row(**values | made)


def run(side):
    """Run a side to its end and return what it spent; end the program if it fails."""
    if side.before is not None:
        side.before()
    environment = os.environ | QUIET | side.variables
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        with subprocess.Popen(
            side.command, cwd=side.folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        if process.returncode != 0:
            output.seek(0)
            said = output.read().decode(errors="replace")[-2000:]
            command = " ".join(side.command[:6])
            sys.exit(f"{command}: ended with status {process.returncode}:\n{said}")
    scale = 1e6 if sys.platform == "darwin" else 1e6 / 1024
    return Spent(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / scale)


def in_turn(sides, rounds, *, warm=True):
    """Return for each side what it spent in each round; all sides run in every round."""
    if warm:
        for side in sides:
            run(side)
    found = [[run(side) for side in sides] for _ in range(rounds)]
    return [list(each) for each in zip(*found, strict=True)]


def median(found):
    """Return the medians of what a side spent."""
    return Spent(*(statistics.median(getattr(each, kind) for each in found)
                   for kind in ("wall", "cpu", "memory")))  # fmt: skip


def ratio(left, right, kind):
    """Return the ratios of two sides, pair by pair."""
    # The clock of processor time has steps, so that a very short process may have taken none.
    ratios = [
        getattr(a, kind) / max(getattr(b, kind), 1e-4) for a, b in zip(left, right, strict=True)
    ]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def row(comparison, name, left, right, **place):
    """Return the row of two sides that ran in turn; `right` is None where there is no yardstick."""
    if right is None:
        return Row(comparison, name, median(left), None, None, None, len(left), **place)
    ratios = ratio(left, right, "wall"), ratio(left, right, "cpu")
    return Row(comparison, name, median(left), median(right), *ratios, len(left), **place)


def pair(comparison, name, left, right, rounds, *, warm=True, **place):
    """Run two sides in turn and return their row."""
    spent = in_turn([left, right] if right else [left], rounds, warm=warm)
    return row(comparison, name, spent[0], spent[1] if right else None, **place)
