"""``repro train``."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from repro.cli import output
from repro.cli.options import (
    enter,
    find,
    is_here,
    json_option,
    make_request,
    project_option,
    request_options,
    runs_of,
)
from repro.cli.progress import Progress, Quiet
from repro.cli.several import ALL, ONE_OF_SEVERAL, option_words, train_each
from repro.core.errors import ExitCode
from repro.launch import Level, ensure_early

if TYPE_CHECKING:
    from repro.app.answers import TrainAnswer
    from repro.app.train import TrainedRun
    from repro.core.records import Metrics


@click.command()
@request_options
@click.option(
    "--target", "targets", multiple=True,
    help="Predict this target of the data set; one run for each of several; all for every target.",
)  # fmt: skip
@click.option(
    "--executor", metavar="NAME",
    help="What runs the tasks: loky, dask, ray or tcp://HOST:PORT; the result is the same.",
)  # fmt: skip
@click.option(ONE_OF_SEVERAL, is_flag=True, hidden=True)
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.option("--fresh", is_flag=True, help="Do not continue an interrupted training.")
@json_option("train", "train-targets")
@project_option
@click.pass_context
def command(
    context: click.Context,
    /,
    project_folder: Path | None,
    targets: tuple[str, ...],
    *,
    quiet: bool,
    fresh: bool,
    as_json: bool,
    one_of_several: bool,
    **options: Any,
) -> int:
    """Train an experiment and keep the evidence in a run folder.

    EXPERIMENT is a name under configs/experiments; the project's default experiment if omitted.

    \b
    repro train                             the default experiment
    repro train wine --seed 7               a different experiment and seed
    repro train houses --target all         a run for each target of the data set
    repro train --profile debug             in seconds, to check that everything runs
    repro train -m random_forest -s models.random_forest.params.max_depth=8

    Families that are fitted in steps take checkpoints (execution.checkpoint_every). The same
    command continues a training that was interrupted, and gives the same bits.
    """
    Path.cwd()  # one that no longer exists is an error, and no place to restart in
    if not targets:
        # Several are processes of their own, which restart themselves.
        ensure_early(Level(options["level"] or Level.PORTABLE))
    from repro.app.configuration import resolve_request

    project = find(project_folder)
    names = _names(project, targets, options)
    if len(names) > 1:
        return train_each(option_words(context), names, as_json=as_json)
    target = names[0] if names else None
    resolved = resolve_request(project, make_request(**options, target=target))
    observer = Quiet() if quiet or (as_json and not one_of_several) else Progress()
    enter(resolved.config.determinism.level)
    from repro.app.checking import check_candidates  # imports NumPy: after the level is fixed
    from repro.app.train import train

    observer.preparing("checking the model families")
    check_candidates(project, resolved)
    left_out = {ONE_OF_SEVERAL, "--json"} if one_of_several else set()
    line = ["repro", *(_printable(word) for word in sys.argv[1:] if word not in left_out)]
    run = train(project, resolved, line, observer, fresh=fresh)
    observer.finish()
    findings = run.execution.training.metrics.findings
    for sentence in (*run.execution.influences, *run.execution.damaged):
        output.warn(sentence)
    if as_json:
        output.say_record(_as_json(run))
    else:
        _render(run, project)
    failed = resolved.config.safety.fails(findings)
    if failed:
        output.warn("exit status 1: safety.on_finding is fail, and there are findings")
    return ExitCode.FINDING if failed else ExitCode.HOLDS


def _names(project: Path, targets: tuple[str, ...], options: dict[str, Any]) -> list[str]:
    """Return the targets that were asked for; several are checked before any is trained.

    Raises
    ------
    ConfigError
        If the data set has no such target, or its configuration is wrong.
    """
    from repro.app.configuration import resolve_request

    names = list(dict.fromkeys(targets))
    if ALL in names:
        config = resolve_request(project, make_request(**options)).config
        names = list(config.dataset.all_targets)
    if len(names) > 1:
        for name in names:
            resolve_request(project, make_request(**options, target=name))
    return names


def _as_json(run: TrainedRun) -> TrainAnswer:
    from repro.app.answers import TrainAnswer

    return TrainAnswer(
        schema_="repro.train/v1",
        run_id=run.run_id,
        path=_display(run.path),
        seconds=round(run.seconds, 3),
        keys=run.execution.keys,
        metrics=run.execution.training.metrics,
        threshold=run.execution.training.threshold,
        target=_target(run),
    )


def _target(run: TrainedRun) -> str | None:
    """Return the target of a run whose data set has several."""
    dataset = run.execution.config.dataset
    return dataset.target if dataset.targets else None


def _printable(argument: str) -> str:
    """Escape what a file name may hold and a record may not: bytes that are not UTF-8."""
    return argument.encode("utf-8", "backslashreplace").decode()


def _display(path: Path) -> str:
    """Write a path so that it can be used from the current folder."""
    inside = path.is_relative_to(Path.cwd())
    return path.relative_to(Path.cwd()).as_posix() if inside else str(path)


def _how_to_check(run: TrainedRun, project: Path) -> str:
    """Return a command that can be run as it stands, from the current folder."""
    usual = run.path.parent == runs_of(project, None)
    subject = run.run_id if usual else _display(run.path)
    elsewhere = [] if is_here(project) else ["--project", _display(project)]
    command = ["repro", "verify", subject, *elsewhere]
    if not shutil.which("repro") and Path(sys.argv[0]).name == "repro":
        command[0] = _display(Path(sys.argv[0]).absolute())
    return shlex.join(command)


def _render(run: TrainedRun, project: Path) -> None:
    config, training = run.execution.config, run.execution.training
    table, metrics = run.execution.table, training.metrics
    output.say()
    used = training.baseline.rows + len(training.test_rows)
    of_all = "" if used == table.rows else f" of {table.rows}"
    output.say(
        f"{output.bold(config.experiment)}: {_of_target(run)}{used}{of_all} rows,"
        f" seed {config.seed}, level {config.determinism.level}, {run.seconds:.1f} s"
    )
    output.say()
    if metrics.cross_validation:
        _render_selection(metrics)
        output.say()
    _render_metrics(metrics)
    removed = (metrics.removed or {}).get(metrics.model)
    if removed is not None:
        output.say()
        output.say(f"removed rows: {removed.train} of {removed.rows} training rows are outliers")
    limit = training.threshold
    if limit.threshold is not None and limit.precision is not None and limit.recall is not None:
        output.say()
        missed = "" if limit.reached else "; the target precision was NOT reached"
        output.say(
            f"threshold {output.number(limit.threshold)} ({limit.rule}): out of fold, precision"
            f" {output.number(limit.precision)}, recall {output.number(limit.recall)}{missed}"
        )
    if limit.cost is not None:
        output.say(f"costs decide: out of fold, the mean cost is {output.number(limit.cost)}")
    output.say()
    for finding in metrics.findings:
        output.warn(finding.message)
    for hint in run.hints:
        output.warn(hint)
    _warn_of_code(run)
    if steps := run.execution.resumed.values():
        fits = "1 fit" if len(steps) == 1 else f"{len(steps)} fits"
        output.say(f"resumed: {fits} continued from checkpoints (environment.json, resumed)")
    output.say(f"run {output.bold(_display(run.path))}")
    output.say(f"check it: {_how_to_check(run, project)}")


def _of_target(run: TrainedRun) -> str:
    target = _target(run)
    return "" if target is None else f"target {output.plain(target)}, "


def _warn_of_code(run: TrainedRun) -> None:
    environment = run.execution.environment
    if environment.commit is None:
        output.warn("no git commit is recorded, so nothing identifies the code")
    elif environment.dirty:
        output.warn("files differ from the recorded git commit; lineage.json has their hashes")


def _render_selection(metrics: Metrics) -> None:
    rows = [
        (
            output.bold(family) if family == metrics.model else family,
            output.number(scores.mean),
            output.number(scores.std),
            "selected" if family == metrics.model else "",
        )
        for family, scores in metrics.cross_validation.items()
    ]
    headings = ("candidate", metrics.selection_metric, "std", "")
    output.table(headings, rows, right=f"{metrics.selection_metric} std")
    if metrics.differences:
        output.say()
        differences = [
            (family, output.number(each.value), " … ".join(map(output.number, each.interval or ())))
            for family, each in metrics.differences.items()
        ]
        output.table((f"{metrics.model} less", "difference", "interval"), differences)


def _render_metrics(metrics: Metrics) -> None:
    rows = [
        (
            name,
            output.number(estimate.value),
            " … ".join(map(output.number, estimate.interval or ())),
            output.number(metrics.constant[name]) if name in metrics.constant else "",
            *_nested(metrics, name),
        )
        for name, estimate in metrics.test.items()
    ]
    headings = ("held out", "value", "interval", "constant")
    more = () if metrics.nested is None else ("nested", "std")
    output.table((*headings, *more), rows, right="value constant nested std")
    if metrics.nested is not None:
        output.say()
        chosen = ", ".join(metrics.nested.selected)
        output.say(f"nested: {len(metrics.nested.selected)} outer folds chose {chosen}")


def _nested(metrics: Metrics, name: str) -> tuple[str, ...]:
    """Return the mean and the spread of a metric over the outer folds, if there are any."""
    if metrics.nested is None:
        return ()
    scores = metrics.nested.metrics.get(name)
    return ("", "") if scores is None else (output.number(scores.mean), output.number(scores.std))
