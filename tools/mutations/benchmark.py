"""Runs the benchmark: every mutant of every program, and programs that nothing was changed in."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import cycle, islice
from typing import TYPE_CHECKING

from tools.mutations.judging import Found, Judged, judge_experiment, judge_script
from tools.mutations.operators import PIN, Mutant, mutants_of
from tools.mutations.programs import EXPERIMENTS, PROFILE, PROGRAMS, STAGE_OF_A_PACKAGE, STAGES
from tools.mutations.running import REQUIREMENTS, Folder, build_wheels, make_folder, make_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tools.mutations.programs import Program

_RESULTS = ("metrics.json", "predictions.csv", "threshold.json")
_SHIFT = "# This line moves every other one.\n"


@dataclass(frozen=True)
class Original:
    """A program or an experiment as it is, with its run.

    Attributes
    ----------
    run : str
        Name of the run.
    mutants : tuple of Mutant
    program : Program or None
        None of an experiment.
    plain : str
        Digest of the result files of a run without ``repro``; empty if there are none.
    """

    name: str
    folder: Folder
    run: str
    mutants: tuple[Mutant, ...]
    program: Program | None
    wheels: Path
    plain: str = ""

    def judge(self, mutant: Mutant) -> Judged:
        """Make a mutant, run it, and judge what is said of it."""
        number = self.mutants.index(mutant)
        copy = self.folder.copied(f"{self.folder.path.name}-{self.name}-{number}")
        text = mutant.text
        if self.program and mutant.file.endswith(".py"):
            # No line has the same number as in the reference.
            text = _SHIFT + text
        (copy.path / mutant.file).write_text(text, encoding="utf-8")
        if mutant.operator == PIN:
            copy.install(self.wheels)
        if self.program is None:
            return _judge_experiment(self, mutant, copy)
        return _judge_script(self, self.program, mutant, copy)

    def reproduces(self) -> str:
        """Verify the unchanged original, and return the verdict."""
        found = self.folder.repro("verify", self.run, "--json")
        return str(found["comparison"]["verdict"])


def available(programs: Iterable[Program]) -> list[Program]:
    """Return the programs whose libraries are installed."""
    return [each for each in programs if all(map(find_spec, each.needs))]


def originals(root: Path, names: Iterable[str]) -> Iterator[Original]:
    """Record each program and train each experiment, as they are."""
    wheels, wanted = build_wheels(root / "wheels"), set(names)
    for program in available(PROGRAMS):
        if program.name in wanted:
            yield _recorded(root / program.name, program, wheels)
    chosen = [name for name in EXPERIMENTS if name in wanted]
    if chosen:
        project = make_project(root / "project")
        project.install(wheels)
        for name in chosen:
            yield _trained(project, name, wheels)


def _recorded(path: Path, program: Program, wheels: Path) -> Original:
    folder = make_folder(path, program.folder, program.files)
    folder.install(wheels)
    folder.repro("record", "--json", "--", *program.command, statuses=(0,))
    [run] = (folder.path / "runs").iterdir()
    found = tuple(m for file in program.files for m in mutants_of(file, _text(folder, file)))
    plain = _plain_results(folder, program)
    return Original(program.name, folder, run.name, found, program, wheels, plain)


def _trained(project: Folder, name: str, wheels: Path) -> Original:
    answer = _train(project, name)
    files = ["configs/base.yaml", PROFILE, f"configs/experiments/{name}.yaml"]
    files += [REQUIREMENTS] if name == "wine_pinned" else []
    found = tuple(m for file in files for m in mutants_of(file, _text(project, file)))
    return Original(name, project, answer, found, None, wheels)


def _train(project: Folder, name: str) -> str:
    answer = project.repro("train", name, "--profile", "debug", "--json", statuses=(0,))
    return str(answer["path"]).rpartition("/")[2]


def _text(folder: Folder, file: str) -> str:
    return (folder.path / file).read_text(encoding="utf-8")


def _judge_script(original: Original, program: Program, mutant: Mutant, copy: Folder) -> Judged:
    changes = _plain_results(copy, program) != original.plain if original.plain else None
    copy.repro("record", "--json", "--", *program.command, statuses=(0,))
    [run] = (path for path in (copy.path / "runs").iterdir() if path.name != original.run)
    [candidate] = copy.repro("compare", original.run, run.name, "--json")["candidates"]
    verified = copy.repro("verify", original.run, "--json", statuses=(0, 1, 3))
    doors = {"compare": Found.of(candidate)}
    if "comparison" in verified:
        doors["verify"] = Found.of(verified)
    expected = program.expected[mutant.place]
    wrong = [
        f"{door}: {sentence}"
        for door, found in doors.items()
        for sentence in judge_script(mutant, expected, found, changes=changes)
    ]
    return Judged(original.name, mutant, changes, expected[0], doors, tuple(wrong))


def _plain_results(folder: Folder, program: Program) -> str:
    """Run a program without ``repro`` in a copy, and digest the bytes that it writes."""
    if not program.results:
        return ""
    plain = folder.copied(f"{folder.path.name}-plain")
    for name in program.results:
        (plain.path / name).unlink(missing_ok=True)
    plain.execute(program.command)
    return plain.digest_of(program.results)


def _judge_experiment(original: Original, mutant: Mutant, copy: Folder) -> Judged:
    run = _train(copy, original.name)
    bytes_of = [
        copy.digest_of(f"runs/{each}/{name}" for name in _RESULTS) for each in (original.run, run)
    ]
    changes = bytes_of[0] != bytes_of[1]
    [candidate] = copy.repro("compare", original.run, run, "--json")["candidates"]
    found = Found.of(candidate)
    stage = STAGE_OF_A_PACKAGE if mutant.operator == PIN else STAGES[mutant.key]
    wrong = judge_experiment(mutant, stage, found, candidate["config"], changes=changes)
    return Judged(original.name, mutant, changes, stage, {"compare": found}, tuple(wrong))


def judge_all(
    found: Iterable[Original], seed: int, workers: int, say: Callable[[str], None]
) -> list[Judged]:
    """Judge every mutant, in an order that a seed decides; the result is in the order of places."""
    work = [(original, mutant) for original in found for mutant in original.mutants]
    order = random.Random(seed).sample(range(len(work)), len(work))  # noqa: S311 - no secret

    def judged(number: int) -> tuple[int, Judged]:
        """Judge one mutant."""
        original, mutant = work[number]
        answer = original.judge(mutant)
        say(f"{answer.result:9} {original.name} {mutant.place} {'; '.join(answer.wrong)}")
        return number, answer

    with ThreadPoolExecutor(workers) as pool:
        return [answer for _, answer in sorted(pool.map(judged, order), key=lambda pair: pair[0])]


def rerun(
    found: list[Original], times: int, workers: int, say: Callable[[str], None]
) -> dict[str, dict[str, int]]:
    """Verify unchanged originals in turn, and count the verdicts of each."""

    def verified(original: Original) -> tuple[str, str]:
        """Verify one."""
        verdict = original.reproduces()
        if verdict != "identical":
            say(f"FALSE ALARM {original.name}: {verdict}")
        return original.name, verdict

    counts: dict[str, dict[str, int]] = {original.name: {} for original in found}
    with ThreadPoolExecutor(workers) as pool:
        for name, verdict in pool.map(verified, islice(cycle(found), times)):
            counts[name][verdict] = counts[name].get(verdict, 0) + 1
    return counts
