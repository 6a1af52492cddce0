"""``repro explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import find, json_option, project_option, runs_of, runs_option
from repro.core.errors import ExitCode, PreconditionError

if TYPE_CHECKING:
    from pathlib import Path

    from repro.core.explanation import Explanation, Trial


@click.command()
@click.argument("subject", metavar="[RUN|REFERENCE]", required=False)
@click.option(
    "--max-runs", type=click.IntRange(min=1), default=8, show_default=True,
    help="Trainings at most, beside the one as it is here.",
)  # fmt: skip
@runs_option
@json_option
@project_option
def command(
    subject: str | None,
    max_runs: int,
    runs_folder: Path | None,
    project_folder: Path | None,
    *,
    as_json: bool,
) -> int:
    """Find out why a run or a reference has other bits than a training here, by training.

    It trains again under the recorded settings, one difference at a time: BLAS kernel, NumPy's code
    paths, maths functions, threads, hash seed. What brings the record's bits at the stage that
    parts is confirmed; what could not be tried stays suspected. The record is only read.

    Exit status 0 where the reason is confirmed or there is nothing to explain, else 1.

    \b
    repro explain reference/credit.json
    """
    from repro.app.explain import explain
    from repro.app.recorded import check_trust, recorded_config
    from repro.app.subject import check_integrity, find_subject
    from repro.app.verify import record_of
    from repro.core.verdict import Outcome

    project = find(project_folder)
    found = find_subject(project, runs_of(project, runs_folder), subject)
    broken = [c.detail for c in check_integrity(found) if c.outcome is not Outcome.SAME]
    if broken:
        raise PreconditionError(
            f"{found.name} is tampered or damaged: {'; '.join(broken)}",
            advice="restore it: what was edited has no cause here",
        )
    config = recorded_config(found)
    check_trust(project, config)

    def listen(number: int, what: str) -> None:
        if not as_json:
            click.echo(f"training {number} of at most {max_runs}: {output.plain(what)}", err=True)

    explanation = explain(project, found.name, record_of(found), config, max_runs, listen)
    if as_json:
        output.say_json(explanation.model_dump(mode="json", by_alias=True))
    else:
        _tell(explanation)
    return ExitCode.HOLDS if explanation.explained else ExitCode.FINDING


def _tell(explanation: Explanation) -> None:
    output.say(output.bold(explanation.subject))
    rows = [_row(trial) for trial in explanation.trials]
    output.table(("training here", "the record's bits", "where they part", "seconds"), rows)
    output.say()
    tone = "holds" if explanation.explained else "different"
    output.field("explanation", output.toned(tone, output.plain(explanation.sentence)))
    for suspect in explanation.suspected:
        output.field("suspected", output.plain(f"{suspect.cause}: {suspect.rule}"))


def _row(trial: Trial) -> tuple[str, ...]:
    settings = ", ".join(
        f"{name} not set" if value is None else f"{name}={value}"
        for name, value in trial.settings.items()
    )
    what = f"{' and '.join(trial.causes)}: {settings}" if trial.causes else "as it is"
    if trial.failure:
        return (output.plain(what), output.plain(trial.failure), "", f"{trial.seconds:.1f}")
    bits = f"{trial.agreeing} of {trial.outputs}"
    there = ("yes" if trial.confirms else "no") if trial.causes else ""
    return (output.plain(what), bits, there, f"{trial.seconds:.1f}")
