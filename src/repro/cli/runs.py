"""``repro runs``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from repro.cli import output
from repro.cli.options import find, find_if_any, json_option, project_option, runs_of, runs_option
from repro.cli.rendering import line
from repro.core.errors import ExitCode
from repro.core.targets import target_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.app.answers import DamagedRun, ListedCommand, ListedRun
    from repro.app.runs import Line, RunEntry
    from repro.core.stability import (
        Band,
        GroupSpread,
        GroupsReport,
        GroupStability,
        StabilityReport,
    )


@click.group()
def command() -> None:
    """List, show, group and remove runs."""


@command.command(name="list")
@click.option(
    "--name", "names", multiple=True, metavar="PATTERN",
    help="Only runs of this experiment or command, such as 'credit*'.",
)  # fmt: skip
@click.option(
    "-m", "--model", "models", multiple=True, metavar="PATTERN", help="Only runs of this model."
)
@click.option("--last", type=click.IntRange(min=1), help="Only this many of the newest.")
@runs_option
@json_option("runs")
@project_option
def list_(
    names: tuple[str, ...],
    models: tuple[str, ...],
    last: int | None,
    project_folder: Path | None,
    runs_folder: Path | None,
    *,
    as_json: bool,
) -> int:
    """List the complete runs, newest first.

    \b
    repro runs list --last 10
    repro runs list --name credit --model 'random*'
    """
    from repro.app.runs import list_runs

    base = find_if_any(project_folder) or Path.cwd()
    folder = runs_of(base, runs_folder)
    lines = list_runs(folder, names=names, models=models, last=last)
    if as_json:
        from repro.app.answers import RunsAnswer
        from repro.app.runs import read_entry

        listed = tuple(_entry_json(read_entry(folder / each.run_id)) for each in lines)
        output.say_record(RunsAnswer(schema_="repro.runs/v1", runs=listed))
        return ExitCode.HOLDS
    if not lines:
        asked = names or models
        output.say(
            "no such runs" if asked else "no runs yet: repro train, or repro record -- COMMAND"
        )
        return ExitCode.HOLDS
    headings: tuple[str, ...] = (
        "run", "experiment", "seed", "model", "metric", "value", "findings"
    )  # fmt: skip
    rows = [_row(each) for each in lines]
    if any(each.target for each in lines):
        # Only of data sets with several targets: a run is named by experiment and target.
        headings = (*headings[:2], "target", *headings[2:])
        targets = [output.plain(each.target or "") for each in lines]
        rows = [(*row[:2], name, *row[2:]) for row, name in zip(rows, targets, strict=True)]
    output.table(headings, rows, right="seed value")
    return ExitCode.HOLDS


def _row(each: Line) -> tuple[str, ...]:
    if each.damage:
        return (each.run_id, output.toned("tampered"), "", "", "", "", each.damage)
    return (
        each.run_id,
        each.name,
        "" if each.seed is None else str(each.seed),
        each.model,
        each.metric,
        "" if each.value is None else output.number(each.value),
        ", ".join(each.findings),
    )


def _entry_json(entry: RunEntry) -> ListedRun | ListedCommand | DamagedRun:
    from repro.app.answers import DamagedRun, ListedCommand, ListedRun

    if entry.recorded is not None:
        record = entry.recorded.record
        return ListedCommand(
            run_id=entry.run_id,
            created=entry.recorded.lineage.created,
            name=record.name,
            command=entry.recorded.lineage.command,
            status=record.observed.status if record.observed else 0,
            keys=record.keys,
            numbers=record.evidence.numbers,
        )
    if entry.summary is None:
        return DamagedRun(run_id=entry.run_id, damage=entry.damage)
    return ListedRun(
        run_id=entry.run_id,
        created=entry.summary.lineage.created,
        experiment=entry.summary.lineage.experiment,
        seed=entry.summary.config.get("seed"),
        keys=entry.summary.snapshot.keys,
        metrics=entry.summary.metrics,
        target=target_of(entry.summary.config),
    )


@command.command()
@click.argument("run", required=False)
@runs_option
@json_option("run", "record/v2")
@project_option
def show(
    run: str | None, project_folder: Path | None, runs_folder: Path | None, *, as_json: bool
) -> int:
    """Show one run; the newest by default."""
    from repro.app.subjects.commands import command_facts, is_command
    from repro.app.subjects.intact import read_intact, read_intact_command
    from repro.app.subjects.subject import find_run_subject
    from repro.report import command_markdown

    base = find_if_any(project_folder) or Path.cwd()
    path = find_run_subject(runs_of(base, runs_folder), run).path
    if is_command(path):
        recorded = read_intact_command(path)
        if as_json:
            output.say_record(recorded.record)
        else:
            facts = command_facts(path.name, recorded.record, recorded.environment)
            output.say(output.plain(command_markdown(facts)))
        return ExitCode.HOLDS
    stored = read_intact(path)
    if as_json:
        from repro.app.answers import RunAnswer

        answer = RunAnswer(
            schema_="repro.run/v1",
            lineage=stored.lineage,
            keys=stored.snapshot.keys,
            metrics=stored.metrics,
            threshold=stored.threshold,
        )
        output.say_record(answer)
    else:
        output.say(output.plain(stored.report))
    return ExitCode.HOLDS


@command.command()
@click.option(
    "--stability", is_flag=True,
    help="Judge each group by the limits in configs/base.yaml: STABLE, DRIFTING or DIVERGED.",
)  # fmt: skip
@runs_option
@json_option("groups", "stability")
@project_option
def groups(
    project_folder: Path | None, runs_folder: Path | None, *, stability: bool, as_json: bool
) -> int:
    """Group runs that differ only in the seed: mean and spread of every metric.

    Mean and std are over seeds, the newest run of each; the range is over all runs. The last column
    says whether it is wider than the bootstrap interval of the metric. With --stability, the range
    is divided by that width and compared with the limits in the section stability. Runs of one seed
    in one environment must not differ at all.

    With --stability the exit status is 1 if a group has diverged or if no group has two runs.
    """
    from repro.app import runs as use_case

    project = find(project_folder)
    folder = runs_of(project, runs_folder)
    if stability:
        judged = use_case.stability(project, folder)
        _say_groups(judged, _say_stability, as_json=as_json)
        return ExitCode.HOLDS if judged.holds else ExitCode.FINDING
    _say_groups(use_case.groups(folder), _say_spread, as_json=as_json)
    return ExitCode.HOLDS


def _say_groups(
    report: GroupsReport | StabilityReport, say_group: Callable[[Any], None], *, as_json: bool
) -> None:
    for run in report.damaged:
        output.warn(f"run {run} is damaged and was left out")
    if as_json:
        output.say_record(report)
    elif not report.groups:
        output.say("no runs yet: repro train, or repro record -- COMMAND")
    else:
        for group in report.groups:
            say_group(group)


def _say_spread(group: GroupSpread) -> None:
    again = ", repeated seeds: the same bits" if group.reproduced else ""
    output.say(
        f"{output.bold(line(group.name))}: {_counted(group.runs, 'run')},"
        f" {_counted(len(group.seeds), 'seed')},"
        f" {line(' or '.join(group.models))}{again}"
    )
    if group.apart:
        seeds = ", ".join(map(str, group.apart))
        output.warn(f"{group.name}: runs of one seed do not have the same bits: seed {seeds}")
    rows = [
        (
            line(name),
            output.number(found.mean),
            output.number(found.std) if len(group.seeds) > 1 else "",
            f"{output.number(found.low)} … {output.number(found.high)}",
            _over_seeds(len(group.seeds), within=found.within),
        )
        for name, found in group.metrics.items()
    ]
    output.table(("metric", "mean", "std", "range", "over seeds"), rows, right="mean std")
    output.say()


def _say_stability(group: GroupStability) -> None:
    shown = f"{_toned(group.band)}: {group.sentence}" if group.band else group.sentence
    output.say(
        f"{output.bold(line(group.name))}: {_counted(group.runs, 'run')},"
        f" {_counted(len(group.seeds), 'seed')}"
    )
    rows = [
        (
            line(name),
            f"{output.number(found.low)} … {output.number(found.high)}",
            output.number(found.spread),
            "" if found.interval is None else output.number(found.interval),
            "" if found.ratio is None else f"{found.ratio:.2f}",
            _toned(found.band) if found.band else "one run",
        )
        for name, found in group.metrics.items()
    ]
    if group.band:
        headings = ("metric", "range", "spread", "interval", "ratio", "band")
        output.table(headings, rows, right="spread interval ratio")
    output.field("stability", shown)
    output.say()


def _toned(band: Band) -> str:
    tones = {"STABLE": "stable", "DRIFTING": "warning", "DIVERGED": "different"}
    return output.toned(tones[band], str(band))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _over_seeds(seeds: int, *, within: bool | None) -> str:
    if seeds == 1:
        return "one seed"
    if within is None:
        return "no intervals"
    return "within its interval" if within else output.toned("warning", "beyond its interval")


@command.command()
@click.option("--keep", type=click.IntRange(min=0), help="Keep this many of the newest runs.")
@click.option("--older-than", type=click.IntRange(min=0), metavar="DAYS", help="Remove older runs.")
@click.option("-n", "--dry-run", is_flag=True, help="Only list what would be removed.")
@runs_option
@project_option
def prune(
    keep: int | None,
    older_than: int | None,
    project_folder: Path | None,
    runs_folder: Path | None,
    *,
    dry_run: bool,
) -> int:
    """Remove old runs and what killed runs left behind.

    Without --keep and --older-than no complete run is removed. With both, a run is removed only if
    both allow it.
    """
    from repro.app.runs import plan_prune, remove

    runs = runs_of(find(project_folder), runs_folder)
    plan = plan_prune(
        runs, keep=keep, older_than_days=older_than, partial=True, now=datetime.now(UTC)
    )
    for path in plan.paths:
        if not dry_run:
            remove([path])
        output.say(f"{'would remove' if dry_run else 'removed'} {line(path.name)}")
    if not plan.paths:
        output.say("nothing to remove")
    return ExitCode.HOLDS
