"""``repro runs``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import find, json_option, project_option, runs_of, runs_option
from repro.cli.telling import line
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from repro.core.stability import Band, GroupStability
    from repro.store import RunEntry


@click.group()
def command() -> None:
    """List, show, group and remove runs."""


@command.command(name="list")
@runs_option
@json_option
@project_option
def list_(project_folder: Path | None, runs_folder: Path | None, *, as_json: bool) -> int:
    """List the complete runs, newest first."""
    from repro.store import list_runs

    entries = list_runs(runs_of(find(project_folder), runs_folder))
    if as_json:
        output.say_json([_entry_json(entry) for entry in entries])
        return ExitCode.HOLDS
    if not entries:
        output.say("no runs yet: repro train")
        return ExitCode.HOLDS
    output.table(
        ("run", "experiment", "seed", "model", "metric", "value", "findings"),
        [_entry_row(entry) for entry in entries],
        right="seed value",
    )
    return ExitCode.HOLDS


def _entry_row(entry: RunEntry) -> tuple[str, ...]:
    if entry.summary is None:
        return (entry.run_id, output.toned("tampered"), "", "", "", "", entry.damage)
    metrics, name = entry.summary.metrics, entry.summary.metrics.selection_metric
    return (
        entry.run_id,
        entry.summary.lineage.experiment,
        str(entry.summary.config.get("seed")),
        metrics.model,
        name,
        output.number(metrics.test[name].value) if name in metrics.test else "",
        ", ".join(finding.kind for finding in metrics.findings),
    )


def _entry_json(entry: RunEntry) -> dict[str, object]:
    if entry.summary is None:
        return {"run_id": entry.run_id, "damage": entry.damage}
    return {
        "run_id": entry.run_id,
        "created": entry.summary.lineage.created,
        "experiment": entry.summary.lineage.experiment,
        "seed": entry.summary.config.get("seed"),
        "keys": entry.summary.snapshot.keys.model_dump(mode="json"),
        "metrics": entry.summary.metrics.model_dump(mode="json", by_alias=True),
    }


@command.command()
@click.argument("run", required=False)
@runs_option
@json_option
@project_option
def show(
    run: str | None, project_folder: Path | None, runs_folder: Path | None, *, as_json: bool
) -> int:
    """Show one run; the newest by default."""
    from repro.app.subjects.intact import read_intact
    from repro.store import find_run

    stored = read_intact(find_run(runs_of(find(project_folder), runs_folder), run))
    if as_json:
        output.say_json(
            {
                "lineage": stored.lineage.model_dump(mode="json", by_alias=True),
                "keys": stored.snapshot.keys.model_dump(mode="json"),
                "metrics": stored.metrics.model_dump(mode="json", by_alias=True),
                "threshold": stored.threshold.model_dump(mode="json", by_alias=True),
            }
        )
    else:
        output.say(output.plain(stored.report))
    return ExitCode.HOLDS


@command.command()
@click.option(
    "--stability", is_flag=True,
    help="Judge each group by the limits in configs/base.yaml: STABLE, DRIFTING or DIVERGED.",
)  # fmt: skip
@runs_option
@json_option
@project_option
def groups(
    project_folder: Path | None, runs_folder: Path | None, *, stability: bool, as_json: bool
) -> int:
    """Group runs that differ only in the seed: mean and spread of every metric.

    The last column says whether seeds move a metric by more than the width of its bootstrap
    interval. With --stability the spread over all runs is divided by that width and compared with
    the limits in the section stability. Runs of one seed in one environment must not differ at all.

    With --stability the exit status is 1 if a group has diverged or if no group has two runs.
    """
    from dataclasses import asdict

    from repro.app.runs import groups as group_runs

    if stability:
        return _judge(find(project_folder), runs_folder, as_json=as_json)
    found = group_runs(runs_of(find(project_folder), runs_folder))
    if as_json:
        output.say_json([asdict(group) for group in found])
        return ExitCode.HOLDS
    if not found:
        output.say("no runs yet: repro train")
    for group in found:
        again = {None: "", True: ", repeated seeds: the same bits", False: ""}[group.reproduced]
        output.say(
            f"{output.bold(line(group.name))}: {_counted(group.runs, 'run')},"
            f" {_counted(len(group.seeds), 'seed')},"
            f" {line(' or '.join(group.models))}{again}"
        )
        if group.reproduced is False:
            output.warn(f"{group.name}: runs of one seed do not have the same bits")
        rows = [
            (
                line(name),
                output.number(spread.mean),
                output.number(spread.std) if len(group.seeds) > 1 else "",
                f"{output.number(spread.low)} … {output.number(spread.high)}",
                _over_seeds(len(group.seeds), within=spread.within),
            )
            for name, spread in group.metrics.items()
        ]
        output.table(("metric", "mean", "std", "range", "over seeds"), rows, right="mean std")
        output.say()
    return ExitCode.HOLDS


def _judge(project: Path, runs_folder: Path | None, *, as_json: bool) -> int:
    from repro.app.runs import stability

    report = stability(project, runs_of(project, runs_folder))
    for run in report.damaged:
        output.warn(f"run {run} is damaged and was left out")
    if as_json:
        output.say_json(report.model_dump(mode="json", by_alias=True))
    elif not report.groups:
        output.say("no runs yet: repro train")
    else:
        for group in report.groups:
            _say_group(group)
    return ExitCode.HOLDS if report.holds else ExitCode.FINDING


def _say_group(group: GroupStability) -> None:
    told = f"{_toned(group.band)}: {group.sentence}" if group.band else group.sentence
    output.say(
        f"{output.bold(line(group.name))}: {_counted(group.runs, 'run')},"
        f" {_counted(len(group.seeds), 'seed')}"
    )
    rows = [
        (
            line(name),
            f"{output.number(found.low)} … {output.number(found.high)}",
            output.number(found.spread),
            output.number(found.interval),
            "" if found.ratio is None else f"{found.ratio:.2f}",
            _toned(found.band) if found.band else "one run",
        )
        for name, found in group.metrics.items()
    ]
    if group.band:
        headings = ("metric", "range", "spread", "interval", "ratio", "band")
        output.table(headings, rows, right="spread interval ratio")
    output.field("stability", told)
    output.say()


def _toned(band: Band) -> str:
    tones = {"STABLE": "stable", "DRIFTING": "warning", "DIVERGED": "different"}
    return output.toned(tones[band], str(band))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _over_seeds(seeds: int, *, within: bool) -> str:
    if seeds == 1:
        return "one seed"
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
    from repro.store import plan_prune, remove

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
