"""PyTorch on the processors of the bench: one script at every level, and classes of equal bits."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.core.errors import ExitCode, PreconditionError
from repro.launch import Level
from tools.cpu_bench.bench import by_name, clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.cpu_bench.bench import Emulation, Mask

SCRIPT = Path(__file__).resolve().parents[2] / "tests" / "cpu" / "torch_script.py"
"""It prints lines of network, step, and digest of the parameters after that step."""

NATIVE = "native"
_SEVERAL = 2
_OLDEST = {"portable": ("v3", "v4")}

Digests = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Cell:
    """A processor and a level.

    Attributes
    ----------
    cpu : str
        Its name in the bench, or ``native`` for this machine's own.
    """

    cpu: str
    level: str


def check_torch(*others: object) -> None:
    """Refuse to work in an environment without PyTorch, or with options of experiments.

    Parameters
    ----------
    *others : object
        The values of the options that are for experiments alone.

    Raises
    ------
    UsageError
        If any of them is given.
    PreconditionError
        If PyTorch is not installed.
    """
    if any(others):
        raise click.UsageError("--torch trains no experiment: leave out -e, --json and --known")
    if find_spec("torch") is None:
        raise PreconditionError(
            f"PyTorch is not installed for {sys.executable}",
            advice="make test-scripts installs it; then: make cpu-matrix VENV=build/scripts"
            " ARGS=--torch",
        )


def is_below(cpu: str, level: str) -> bool:
    """Return whether a processor lacks instructions that a level pins.

    Examples
    --------
    >>> is_below("nehalem", "portable"), is_below("nehalem", "portable-v2")
    (True, False)
    """
    return cpu != NATIVE and by_name(cpu).level not in _OLDEST.get(level, (by_name(cpu).level,))


def trained_networks(
    way: Mask | Emulation, cpus: Sequence[str], levels: Sequence[str], jobs: int
) -> dict[Cell, Digests]:
    """Train the networks on every processor at every level that it is not below.

    Parameters
    ----------
    jobs : int
        How many scripts run at once.

    Returns
    -------
    dict of Cell to dict
        The digests of each network, in the order of its steps.

    Raises
    ------
    PreconditionError
        If the script fails on a processor.
    """
    cells = [Cell(*one) for one in product(cpus, levels) if not is_below(*one)]
    masked = next((cell.cpu for cell in cells if cell.cpu != NATIVE), None)
    if masked:
        # Libraries are searched once, for minutes; scripts that start together would each do it.
        _run(way, Cell(masked, "strict"), ["-c", "import torch"])
    with ThreadPoolExecutor(jobs) as pool:
        printed = pool.map(lambda cell: _run(way, cell, [str(SCRIPT)]), cells)
        return {cell: _parsed(text) for cell, text in zip(cells, printed, strict=True)}


def classes_of(found: Mapping[Cell, Digests], level: str) -> list[list[str]]:
    """Return the processors that gave equal digests of every network at a level.

    Examples
    --------
    >>> same = {"mlp": ("1f",)}
    >>> found = {Cell("zen3", "strict"): same, Cell("zen4", "strict"): {"mlp": ("2a",)}}
    >>> classes_of(found | {Cell("epyc", "strict"): same}, "strict")
    [['epyc', 'zen3'], ['zen4']]
    """
    groups: dict[tuple[tuple[str, tuple[str, ...]], ...], list[str]] = {}
    for cell, digests in found.items():
        if cell.level == level:
            groups.setdefault(tuple(sorted(digests.items())), []).append(cell.cpu)
    return sorted(sorted(cpus) for cpus in groups.values())


def problem_of(found: Mapping[Cell, Digests], level: str) -> str:
    """Return why a level does not hold what it promises; empty if it does.

    Examples
    --------
    >>> problem_of({Cell("zen3", "portable"): {}}, "portable")
    'level portable ran on 1 processor: no comparison'
    """
    groups = classes_of(found, level)
    if sum(map(len, groups)) < _SEVERAL:
        return f"level {level} ran on {sum(map(len, groups))} processor: no comparison"
    if Level(level).is_portable and len(groups) > 1:
        listed = "; ".join(", ".join(cpus) for cpus in groups)
        return f"level {level} does not give one result: {listed}"
    if not Level(level).is_portable and len(groups) == 1:
        return (
            f"the control shows no difference at the level {level}: all of these processors are of"
            " one class, or the bench does not work"
        )
    return ""


def report_networks(
    way: Mask | Emulation, cpus: Sequence[str], levels: Sequence[str], jobs: int
) -> int:
    """Train the networks, print which processors agree on each, and return the exit status."""
    found = trained_networks(way, cpus, levels, jobs)
    for level in levels:
        _render(
            level, {cell.cpu: digests for cell, digests in found.items() if cell.level == level}
        )
        if below := [cpu for cpu in cpus if is_below(cpu, level)]:
            output.say(f"below this level: {', '.join(below)}")
        output.say()
    problems = [text for level in levels if (text := problem_of(found, level))]
    for problem in problems:
        output.say(f"{output.toned('different')}: {problem}")
    if not problems:
        counts = ", ".join(f"{level} {len(classes_of(found, level))}" for level in levels)
        output.say(f"{output.toned('holds')}: classes of equal bits: {counts}")
    return ExitCode.FINDING if problems else ExitCode.HOLDS


def _render(level: str, columns: Mapping[str, Digests]) -> None:
    output.say(output.bold(f"networks of PyTorch, level {level}"))
    networks = next(iter(columns.values()), {})
    rows = []
    for name in networks:
        values = [digests[name] for digests in columns.values()]
        distinct = [*dict.fromkeys(values)]
        rows.append([name, *(chr(ord("A") + distinct.index(each)) for each in values)])
    output.table(("", *columns), rows)


def _run(way: Mask | Emulation, cell: Cell, arguments: Sequence[str]) -> str:
    command = [sys.executable, *arguments]
    if cell.cpu != NATIVE:
        command = way.command(by_name(cell.cpu), command)
    environ = {**clean(os.environ), **Level(cell.level).variables}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise PreconditionError(f"PyTorch on {cell.cpu} at the level {cell.level}: {last}")
    return done.stdout


def _parsed(text: str) -> Digests:
    found: Digests = {}
    for network, _, digest in map(str.split, text.splitlines()):
        found[network] = (*found.get(network, ()), digest)
    return found
