"""Train on many processors at every determinism level, and set the digests side by side.

The processors are this one, as it is, and those of the test bench in ``tools/cpu_bench``. At a
portable level all of them must give one digest for each stage output. At the level ``strict`` they
must fall into several classes: that is the control, which shows that the bench works. And the
fingerprint must sort them as training does.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.app.configuration import resolve_request
from repro.app.files import check_targets
from repro.app.known import check_file, remember
from repro.cli import guarded, output
from repro.config.compose import Request
from repro.core.errors import ExitCode, PreconditionError
from repro.core.fingerprint import Fingerprint
from repro.execution.places import Silent, recipe_of
from tools.cpu_bench import bench
from tools.cpu_bench.networks import check_torch, report_networks
from tools.cpu_bench.place import Processor

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from repro.core.environment import Environment
    from repro.core.record import RunRecord

ROOT = Path(__file__).resolve().parent.parent
LEVELS = ("strict", "portable-v2", "portable")
_SEVERAL = 2
NATIVE = "native"
_CLASSIFIERS = (
    "logistic_regression", "knn", "svm", "decision_tree", "random_forest",
    "hist_gradient_boosting", "lightgbm",
)  # fmt: skip
# Every family that the task allows; other experiments train the families that they declare.
FAMILIES = {
    "credit": _CLASSIFIERS,
    "digits": _CLASSIFIERS,
    "breast_cancer": _CLASSIFIERS,
    "diabetes": ("ridge", "knn", "random_forest", "hist_gradient_boosting"),
}
# Its rule is a probability, and support vectors give none.
OPTIONS = {"breast_cancer": (("--set", "decision.rule", "argmax"),)}


@dataclass(frozen=True)
class Cell:
    """One training: where, at which level, and what."""

    cpu: str
    level: str
    experiment: str


@dataclass(frozen=True)
class Trained:
    """What a training left.

    Attributes
    ----------
    outputs : dict of str to str
        The digest of every stage output, by ``stage.output``.
    """

    environment: Environment
    bits: str
    fingerprint: str
    groups: dict[str, str]
    outputs: dict[str, str]


@dataclass(frozen=True)
class Refused:
    """Why a processor did not train at a level: it is below it."""

    reason: str


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-e", "--experiment", "experiments", multiple=True, help="Several may be given.")
@click.option(
    "-c", "--cpu", "cpus", multiple=True, type=click.Choice([cpu.name for cpu in bench.CPUS]),
    help="Instead of all of these; this processor is always in.",
)  # fmt: skip
@click.option("-l", "--level", "levels", multiple=True, type=click.Choice(LEVELS))
@click.option("-p", "--profile", default="default", show_default=True)
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1)
@click.option("--qemu", is_flag=True, help="Emulate by qemu-user instead: the second way, slowly.")
@click.option("--torch", is_flag=True, help="Train networks of PyTorch, and no experiment.")
@click.option("--all", "everything", is_flag=True, help="Show outputs that all agree on too.")
@click.option("--json", "report", type=click.Path(path_type=Path), help="Write every digest here.")
@click.option(
    "--known", type=click.Path(path_type=Path),
    help="Add the fingerprints to this file of known ones, if the promise holds.",
)  # fmt: skip
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
def command(
    experiments: tuple[str, ...],
    cpus: tuple[str, ...],
    levels: tuple[str, ...],
    profile: str,
    jobs: int,
    report: Path | None,
    known: Path | None,
    *,
    qemu: bool,
    torch: bool,
    everything: bool,
) -> int:
    """Print processors by levels by stage digests; exit 1 where the promise does not hold."""
    if torch:
        check_torch(experiments, report, known)
    check_targets([report])
    if known is not None:
        check_file(known)
    way = bench.Emulation() if qemu else bench.Mask(bench.default_folder())
    names = [NATIVE, *_present(way, cpus)]
    if len(names) == 1:
        raise PreconditionError(
            "no other processor can be presented here, so that there is nothing to compare",
            advice="the lines above say why for each of them",
        )
    if torch:
        return report_networks(way, names, levels or LEVELS, jobs)
    experiments = experiments or ("credit", "digits", "breast_cancer")
    cells = [Cell(*one) for one in product(names, levels or LEVELS, experiments)]
    found = _all_trained(way, cells, profile, jobs)
    if report is not None:
        report.write_text(json.dumps(_as_json(found), indent=2) + "\n", encoding="utf-8")
    for level, experiment in product(levels or LEVELS, dict.fromkeys(c.experiment for c in cells)):
        _render(level, experiment, _of(found, level, experiment), everything=everything)
    problems = [*_problems(found), *_unlike(found)]
    for problem in problems:
        output.say(f"{output.toned('different')}: {problem}")
    if known is not None and not problems:
        remember(known, (r.environment for r in found.values() if isinstance(r, Trained)))
    if not problems:
        output.say(f"{output.toned('holds')}: {_held(found)}")
    return ExitCode.FINDING if problems else ExitCode.HOLDS


def _all_trained(
    way: bench.Mask | bench.Emulation, cells: Sequence[Cell], profile: str, jobs: int
) -> dict[Cell, Trained | Refused]:
    train = partial(_train, way, profile)
    with ThreadPoolExecutor(jobs) as at:
        found = {}
        for cell, result in zip(cells, at.map(train, cells), strict=True):
            found[cell] = result
            if sys.stderr.isatty():
                click.echo(f"\r{len(found)} of {len(cells)} trained", nl=False, err=True)
    return found


def _present(way: bench.Mask | bench.Emulation, wanted: Sequence[str]) -> list[str]:
    names = []
    for cpu in bench.CPUS:
        if wanted and cpu.name not in wanted:
            continue
        reason = way.reason_to_skip(cpu)
        if reason:
            output.say(f"{output.toned('skipped')}: {cpu.name}: {reason}")
        else:
            names.append(cpu.name)
    return names


def _train(way: bench.Mask | bench.Emulation, profile: str, cell: Cell) -> Trained | Refused:
    families = FAMILIES.get(cell.experiment, ())
    asked = [("--level", "determinism.level", cell.level), *OPTIONS.get(cell.experiment, ())]
    asked += [("--model", "families", f"[{', '.join(families)}]")] if families else []
    request = Request(experiment=cell.experiment, profile=profile, assignments=tuple(asked))
    recipe = recipe_of(resolve_request(ROOT, request).config)
    place = Processor(way, None if cell.cpu == NATIVE else bench.by_name(cell.cpu))
    try:
        return _read(place.execute(ROOT, recipe, Silent()).record)
    except PreconditionError as error:
        if "needs a processor of" in error.message:
            return Refused(error.message.split("lacks ", 1)[-1])
        where = f"{cell.experiment} on {cell.cpu} at the level {cell.level}"
        raise PreconditionError(f"{where}: {error.message}") from error


def _read(record: RunRecord) -> Trained:
    environment = record.environment
    fingerprint = environment.fingerprint or Fingerprint.over({})
    return Trained(
        environment=environment,
        bits=environment.bits or "",
        fingerprint=fingerprint.digest,
        groups=fingerprint.groups,
        outputs={
            f"{step.name}.{name}": digest
            for step in record.steps
            for name, digest in step.outputs.items()
        },
    )


Found = dict[Cell, Trained | Refused]


def _of(found: Found, level: str, experiment: str) -> dict[str, Trained | Refused]:
    return {c.cpu: r for c, r in found.items() if (c.level, c.experiment) == (level, experiment)}


def _letters(values: Iterable[Hashable]) -> list[str]:
    """Name equal values by one letter, in the order of their first appearance."""
    seen: dict[Hashable, str] = {}
    return [seen.setdefault(value, chr(ord("A") + len(seen))) for value in values]


def _render(
    level: str, experiment: str, results: Mapping[str, Trained | Refused], *, everything: bool
) -> None:
    trained = {cpu: result for cpu, result in results.items() if isinstance(result, Trained)}
    output.say(output.bold(f"{experiment}, level {level}"))
    names = list(next(iter(trained.values())).outputs) if trained else []
    rows: list[list[str]] = [
        ["bits", *(result.bits.partition(" ")[0] for result in trained.values())],
        ["fingerprint", *_letters(result.fingerprint for result in trained.values())],
    ]
    agreed = 0
    for name in names:
        letters = _letters(result.outputs[name] for result in trained.values())
        agreed += len(set(letters)) == 1
        if everything or len(set(letters)) > 1:
            digest = next(iter(trained.values())).outputs[name].rpartition(":")[2][:8]
            rows.append([f"{name} (A {digest})", *letters])
    output.table(("", *trained), rows)
    here = _counted(len(trained), "CPU")
    output.say(f"{agreed} of {len(names)} stage outputs have one digest on {here}")
    for cpu, result in results.items():
        if isinstance(result, Refused):
            output.say(f"{cpu} is below this level: it lacks {result.reason}")
    output.say()


def _classes(found: Found, level: str) -> dict[tuple[tuple[str, str], ...], set[str]]:
    """Group the processors by all of their digests over all experiments."""
    digests: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for cell, result in found.items():
        if cell.level == level and isinstance(result, Trained):
            digests[cell.cpu] += [
                (f"{cell.experiment}.{name}", digest) for name, digest in result.outputs.items()
            ]
    groups: dict[tuple[tuple[str, str], ...], set[str]] = defaultdict(set)
    for cpu, values in digests.items():
        groups[tuple(values)].add(cpu)
    return groups


def _problems(found: Found) -> Iterable[str]:
    for level in dict.fromkeys(cell.level for cell in found):
        groups = sorted(sorted(cpus) for cpus in _classes(found, level).values())
        text = "; ".join(", ".join(cpus) for cpus in groups)
        trained = sum(map(len, groups))
        if trained < _SEVERAL:
            yield f"level {level} was trained on {_counted(trained, 'processor')}: no comparison"
        elif level != "strict" and len(groups) > 1:
            yield f"level {level} does not give one result: {text}"
        elif level == "strict" and len(groups) == 1:
            yield (
                "the control shows no difference at the level strict: all of these processors are"
                " of one class, or the bench does not work; name one of another class"
            )


def _unlike(found: Found) -> Iterable[str]:
    """Tell where the fingerprint and training sort the environments differently."""
    prints: dict[tuple[str, str], str] = {}
    digests: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for cell, result in found.items():
        if isinstance(result, Trained):
            where = (cell.cpu, cell.level)
            prints[where] = result.fingerprint
            digests[where] += [(cell.experiment + n, d) for n, d in result.outputs.items()]
    by_print, by_training = defaultdict(set), defaultdict(set)
    for where, fingerprint in prints.items():
        by_print[fingerprint].add(where)
        by_training[tuple(digests[where])].add(where)
    left, right = map(frozenset, by_print.values()), map(frozenset, by_training.values())
    unlike = set(left) ^ set(right)
    if unlike:
        text = " | ".join(
            ", ".join(f"{cpu} {level}" for cpu, level in sorted(group)) for group in unlike
        )
        yield f"the fingerprint and training sort the environments differently: {text}"


def _held(found: Found) -> str:
    text = []
    for level in dict.fromkeys(cell.level for cell in found):
        groups = _classes(found, level)
        trained = _counted(sum(map(len, groups.values())), "processor")
        results = "one result" if len(groups) == 1 else f"{len(groups)} classes, the control,"
        text.append(f"{level} gives {results} on {trained}")
    classes = len({result.fingerprint for result in found.values() if isinstance(result, Trained)})
    sorts = _counted(classes, "class", "classes")
    return f"{'; '.join(text)}; training and the fingerprint sort all of them into the same {sorts}"


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _as_json(found: Found) -> list[dict[str, object]]:
    return [
        vars(cell) | {key: value for key, value in vars(result).items() if key != "environment"}
        for cell, result in found.items()
    ]


if __name__ == "__main__":
    sys.exit(guarded(command, sys.argv[1:]))
