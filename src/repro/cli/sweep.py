"""``repro sweep``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from repro.cli import output
from repro.cli.options import (
    PATH,
    find,
    jobs_option,
    json_option,
    level_option,
    make_request,
    project_option,
    runs_option,
    workers_option,
)
from repro.cli.rendering import line
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from repro.app.sweep import Cell
    from repro.core.swept import Sweep, SweptRun

# More seeds than anybody waits for are a slip.
_SEEDS = 10_000


class Seeds(click.ParamType[tuple[int, ...]]):
    """Seeds and ranges of seeds, such as ``1-10`` or ``3,7,20-24``."""

    name = "seeds"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read a list; every seed counts once, in the order of the list."""
        if isinstance(value, tuple):
            return value
        found: dict[int, None] = {}
        for part in str(value).split(","):
            first, dash, last = part.strip().partition("-")
            if not first.isdecimal() or (dash and not last.isdecimal()):
                self.fail(f"expected seeds such as 1-10 or 3,7, found '{part.strip()}'", param, ctx)
            low, high = int(first), int(last or first)
            if high < low or high - low >= _SEEDS:
                self.fail(f"expected 1 to {_SEEDS} seeds in '{part.strip()}'", param, ctx)
            found |= dict.fromkeys(range(low, high + 1))
        return tuple(found)


@click.command()
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT]...")
@click.option("--seeds", type=Seeds(), metavar="SEEDS", help="Such as 1-10 or 3,7,20-24.")
@click.option(
    "-f", "--overlay", "overlays", multiple=True, type=PATH,
    help="A YAML file that overrides values; each one is a column of trainings.",
)  # fmt: skip
@click.option(
    "-p", "--profile", default="default", show_default=True,
    help="A named set of values, such as debug.",
)  # fmt: skip
@click.option(
    "-s", "--set", "settings", multiple=True, metavar="KEY=VALUE",
    help="Set one value in every training.",
)  # fmt: skip
@click.option("--fresh", is_flag=True, help="Train again what has a run already.")
@click.option(
    "-o", "--output", "page", type=PATH, help="Write one page: HTML, or Markdown for .md."
)
@jobs_option
@level_option
@workers_option
@runs_option
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@json_option("sweep")
@project_option
def command(
    experiments: tuple[str, ...],
    seeds: tuple[int, ...] | None,
    overlays: tuple[Path, ...],
    page: Path | None,
    jobs: int,
    project_folder: Path | None,
    *,
    fresh: bool,
    quiet: bool,
    as_json: bool,
    **common: Any,
) -> int:
    """Train many experiments, overlays and seeds, and show one table.

    Every combination is one training in a process of its own, with the run folder that repro train
    makes. A combination that has a run already, with the same configuration, code, packages and
    processor, is not trained again: the same command continues a sweep that was interrupted. A
    training that fails stops no other; the exit status is then 1.

    \b
    repro sweep wine digits --seeds 1-5
    repro sweep credit --seeds 1-10 -f small.yaml -f large.yaml --jobs 2
    """
    from repro.app.files import check_targets
    from repro.app.sweep import sweep

    check_targets([page], overlays)
    project = find(project_folder)
    axes = _Axes(project, experiments, overlays, seeds, common)
    result = sweep(
        project,
        list(axes.cells()),
        _say_nothing if quiet or as_json else _say_progress,
        jobs=jobs,
        fresh=fresh,
    )
    if page is not None:
        from repro.app.files import write_whole
        from repro.report.sweep import sweep_page

        write_whole(page, sweep_page(result, html=page.suffix.lower() != ".md").encode())
    if as_json:
        output.say_record(result)
    else:
        _render(result)
    return ExitCode.HOLDS if result.holds else ExitCode.FINDING


@dataclass(frozen=True)
class _Axes:
    """What is combined, and what all trainings share."""

    project: Path
    experiments: tuple[str, ...]
    overlays: tuple[Path, ...]
    seeds: tuple[int, ...] | None
    common: dict[str, Any]

    def cells(self) -> Iterator[Cell]:
        """Resolve every combination, so that a mistake ends the sweep before it begins."""
        for experiment in dict.fromkeys(self.experiments) or (None,):
            for overlay in dict.fromkeys(self.overlays) or (None,):
                for seed in self.seeds or (None,):
                    yield self._cell(experiment, overlay, seed)

    def _cell(self, experiment: str | None, overlay: Path | None, seed: int | None) -> Cell:
        from repro.app.configuration import resolve_request
        from repro.app.sweep import Cell

        overlays = () if overlay is None else (overlay,)
        request = make_request(experiment=experiment, overlays=overlays, seed=seed, **self.common)
        config = resolve_request(self.project, request).config
        given = {
            "-p": self.common["profile"],
            "-f": overlay,
            "--seed": seed,
            "--level": self.common["level"],
            "--workers": self.common["workers"],
            "--runs": self.common["runs_folder"],
            "--project": self.project,
        }
        arguments = [f"{part}" for pair in given.items() if pair[1] is not None for part in pair]
        arguments += [part for each in self.common["settings"] for part in ("-s", each)]
        return Cell(str(overlay or ""), config, (*arguments, "--", config.experiment))


def _say_nothing(_number: int, _total: int, _run: SweptRun) -> None:
    pass


def _say_progress(number: int, total: int, run: SweptRun) -> None:
    name = " ".join(filter(None, (run.experiment, run.overlay)))
    value = f"{run.metric} {output.number(run.metrics[run.metric])}" if run.metric else run.failure
    click.echo(f"{number} of {total}: {line(name)}, seed {run.seed}: {line(value)}", err=True)


def _render(result: Sweep) -> None:
    rows = [
        (
            run.experiment,
            run.overlay,
            str(run.seed),
            run.run_id or output.toned("different", "failed"),
            run.model,
            run.metric,
            output.number(run.metrics[run.metric]) if run.metric in run.metrics else "",
            ", ".join(run.findings),
        )
        for run in result.runs
    ]
    headings = ("experiment", "overlay", "seed", "run", "model", "metric", "value", "findings")
    output.table(headings, rows, right="seed value")
    output.say()
    groups = [
        (
            group.experiment,
            group.overlay,
            str(len(group.seeds)),
            group.metric,
            output.number(group.mean),
            "" if group.std is None else output.number(group.std),
            f"{output.number(group.low)} … {output.number(group.high)}",
            " or ".join(group.models),
        )
        for group in result.groups
    ]
    headings = ("experiment", "overlay", "seeds", "metric", "mean", "std", "range", "models")
    output.table(headings, groups, right="seeds mean std")
    failed = [run for run in result.runs if run.failure]
    for run in failed:
        output.warn(f"{run.experiment} {run.overlay} seed {run.seed}: {run.failure}")
    found = sum(run.state == "found" for run in result.runs)
    output.say()
    output.say(
        f"{len(result.runs) - found - len(failed)} trained, {found} found, {len(failed)} failed"
    )
