"""``repro train`` of several targets: one run for each, and one table over them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from repro.cli import output
from repro.core.errors import ExitCode
from repro.launch import module_command, without_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.app.answers import TargetResult, TargetsAnswer, TrainAnswer

ONE_OF_SEVERAL = "--one-of-several"
ALL = "all"
# Those that the runs do not share with the command.
_OWN = {"targets", "as_json", "one_of_several"}


def option_words(context: click.Context) -> list[str]:
    """Return what a person gave a command, as words that give it the same again.

    What only the table over several targets needs is left out.
    """
    words: list[str] = []
    for param in context.command.params:
        name = str(param.name)
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if not given or name in _OWN or name not in context.params:
            continue
        words += _words(param, context.params[name])
    return words


def _words(param: click.Parameter, value: object) -> Iterable[str]:
    if isinstance(param, click.Argument):
        return [str(value)]
    if getattr(param, "is_flag", False):
        return [param.opts[-1]]
    values = value if isinstance(value, tuple) else (value,)
    return [word for each in values for word in (param.opts[-1], str(each))]


def train_each(words: Sequence[str], targets: Sequence[str], *, as_json: bool) -> int:
    """Train every target by a command of its own; return the exit status of them all.

    Each is a process: what one training has imported must not be in the record of the next. The
    first that fails ends them.
    """
    from pydantic import ValidationError

    from repro.app.answers import TargetsAnswer, TrainAnswer

    found = []
    for target in targets:
        if not as_json:
            output.say(f"target {output.bold(output.plain(target))}")
        done = subprocess.run(
            module_command(
                sys.executable, "repro", "train", *words, "--target", target, "--json",
                *([] if as_json else [ONE_OF_SEVERAL]),
            ),
            env=without_folder(os.environ),
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )  # fmt: skip
        try:
            answer = TrainAnswer.model_validate_json(done.stdout)
        except ValidationError:
            # It has said what is wrong.
            return done.returncode or ExitCode.PRECONDITION
        found.append((result_of(target, answer), done.returncode))
    results = tuple(result for result, _ in found)
    answer_of_all = TargetsAnswer(schema_="repro.train-targets/v1", targets=results)
    if as_json:
        output.say_record(answer_of_all)
    else:
        _render(answer_of_all)
    return max(status for _, status in found)


def result_of(target: str, run: TrainAnswer) -> TargetResult:
    """Return the row of a target: its metric of selection beside that of a constant guess."""
    from repro.app.answers import TargetResult

    metrics, name = run.metrics, run.metrics.selection_metric
    kinds = dict.fromkeys(each.kind for each in metrics.findings if not each.is_note)
    if "no_better_than_constant" in kinds:
        verdict = "no better than a constant guess"
    else:
        verdict = f"doubtful: {', '.join(kinds)}" if kinds else "no finding"
    return TargetResult(
        target=target,
        task=metrics.task,
        metric=name,
        value=metrics.test[name].value if name in metrics.test else None,
        baseline=metrics.constant.get(name),
        verdict=verdict,
        run=run,
    )


def _render(answer: TargetsAnswer) -> None:
    rows = [
        (
            output.plain(each.target),
            each.task,
            each.run.metrics.model,
            each.metric,
            "" if each.value is None else output.number(each.value),
            "" if each.baseline is None else output.number(each.baseline),
            each.verdict,
            output.plain(each.run.run_id),
        )
        for each in answer.targets
    ]
    headings = ("target", "task", "model", "metric", "value", "constant", "verdict", "run")
    output.say()
    output.table(headings, rows, right="value constant")
