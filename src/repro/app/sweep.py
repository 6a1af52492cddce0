"""The use case ``sweep``: one run for every experiment, overlay and seed."""

from __future__ import annotations

import os
import statistics
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from repro import __version__
from repro.app.answers import TrainAnswer
from repro.app.lines import read_lines
from repro.capture.cpu import observe_cpu
from repro.capture.interpreter import observe_interpreter, observe_platform
from repro.config.recorded import parse_config
from repro.core.environment_file import EnvironmentFile
from repro.core.errors import ExitCode, ReproError
from repro.core.jsonfile import load_record
from repro.core.swept import Sweep, SweptGroup, SweptRun
from repro.execution.side_by_side import side_by_side
from repro.execution.unchanged import has_code_of
from repro.launch import module_command
from repro.store import open_run, read_entry

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.environment import Cpu, Environment, Interpreter, Platform
    from repro.core.records import Metrics
    from repro.store.listing import RunEntry

    Listener = Callable[[int, int, SweptRun], None]


@dataclass(frozen=True)
class Cell:
    """One training of a sweep.

    Attributes
    ----------
    arguments : tuple of str
        Of ``repro train``.
    """

    overlay: str
    config: ExperimentConfig
    arguments: tuple[str, ...]


def sweep(
    project: Path, cells: Sequence[Cell], listener: Listener, *, jobs: int, fresh: bool
) -> Sweep:
    """Train every cell in a process of its own; pass over those that have a run already.

    Parameters
    ----------
    jobs : int
        Trainings at a time.
    fresh : bool
        Whether to train again what has a run.
    """
    found = {} if fresh else _found(project, cells)
    runs: dict[int, SweptRun] = {}

    def add(place: int, run: SweptRun) -> None:
        """Keep a run, and report it."""
        runs[place] = run
        listener(len(runs), len(cells), run)

    for place, entry in found.items():
        add(place, _of_entry(cells[place], entry))
    left = [place for place in range(len(cells)) if place not in found]
    commands = [
        module_command(sys.executable, "repro", "train", "--json", *cells[place].arguments)
        for place in left
    ]
    for number, done in side_by_side(commands, os.environ, jobs):
        add(left[number], _of_process(cells[left[number]], done))
    ordered = tuple(runs[place] for place in range(len(cells)))
    return Sweep(
        schema_="repro.sweep/v1",
        holds=all(run.state != "failed" for run in ordered),
        runs=ordered,
        groups=_groups(ordered),
    )


def _found(project: Path, cells: Sequence[Cell]) -> dict[int, RunEntry]:
    """Return the newest run of each cell that has one, by place."""
    lines = {
        runs: [line for line in read_lines(runs) if line.group is not None]
        for runs in {project / cell.config.execution.runs for cell in cells}
    }
    found: dict[int, RunEntry] = {}
    for place, cell in enumerate(cells):
        runs = project / cell.config.execution.runs
        # Most runs are of a different experiment or seed, which their lines say.
        named = (cell.config.experiment, cell.config.seed)
        alike = (line.run_id for line in lines[runs] if (line.name, line.seed) == named)
        entries = (read_entry(runs / run_id) for run_id in alike)
        entry = next((each for each in entries if _answers(project, cell, each)), None)
        found |= {} if entry is None else {place: entry}
    return found


def _answers(project: Path, cell: Cell, entry: RunEntry) -> bool:
    """Return whether a run is what training the cell now would give."""
    if entry.summary is None:
        return False
    try:
        recorded = parse_config(entry.summary.config, "config.json")
        environment = open_run(entry.path).record("environment.json", EnvironmentFile).environment
    except ReproError:
        return False
    return (
        _comparable(recorded) == _comparable(cell.config)
        and entry.summary.lineage.version == __version__
        and has_code_of(project, entry.summary.lineage)
        and _is_here(environment)
    )


def _is_here(environment: Environment) -> bool:
    """Return whether a run was made by this interpreter on this kind of processor."""
    packages = environment.foreign_packages.items()
    machine = (environment.interpreter, environment.platform, environment.cpu)
    return machine == _machine() and all(_installed(name) == known for name, known in packages)


@cache
def _machine() -> tuple[Interpreter, Platform, Cpu]:
    return observe_interpreter(), observe_platform(), observe_cpu()


def _comparable(config: ExperimentConfig) -> ExperimentConfig:
    """Return a configuration without what decides how fast it is, and where the run is."""
    return config.model_copy(update={"execution": None})


@cache
def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _of_entry(cell: Cell, entry: RunEntry) -> SweptRun:
    assert entry.summary is not None  # noqa: S101 - runs without one are not found
    run = _of_metrics(cell, entry.run_id, entry.summary.metrics)
    return run.model_copy(update={"state": "found"})


def _of_process(cell: Cell, done: subprocess.CompletedProcess[bytes]) -> SweptRun:
    if done.returncode in {ExitCode.HOLDS, ExitCode.FINDING} and done.stdout:
        answer = load_record(done.stdout, "repro train --json", TrainAnswer)
        return _of_metrics(cell, answer.run_id, answer.metrics)
    words = done.stderr.decode(errors="replace").strip().splitlines()
    return SweptRun(
        experiment=cell.config.experiment,
        overlay=cell.overlay,
        seed=cell.config.seed,
        state="failed",
        failure=" ".join(words) or f"exit status {done.returncode}",
    )


def _of_metrics(cell: Cell, run_id: str, metrics: Metrics) -> SweptRun:
    return SweptRun(
        experiment=cell.config.experiment,
        overlay=cell.overlay,
        seed=cell.config.seed,
        state="trained",
        run_id=run_id,
        model=metrics.model,
        metric=metrics.selection_metric,
        metrics={name: each.value for name, each in metrics.test.items()},
        findings=tuple(finding.kind for finding in metrics.findings),
    )


def _groups(runs: Iterable[SweptRun]) -> tuple[SweptGroup, ...]:
    groups: dict[tuple[str, str], list[SweptRun]] = {}
    for run in runs:
        if run.metric in run.metrics:
            groups.setdefault((run.experiment, run.overlay), []).append(run)
    return tuple(_group(*key, found) for key, found in groups.items())


def _group(experiment: str, overlay: str, runs: Sequence[SweptRun]) -> SweptGroup:
    metric = runs[0].metric
    values = [run.metrics[metric] for run in runs]
    return SweptGroup(
        experiment=experiment,
        overlay=overlay,
        metric=metric,
        seeds=tuple(run.seed for run in runs),
        models=tuple(sorted({run.model for run in runs})),
        mean=statistics.fmean(values),
        std=statistics.stdev(values) if len(values) > 1 else None,
        low=min(values),
        high=max(values),
    )
