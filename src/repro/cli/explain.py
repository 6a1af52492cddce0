"""``repro explain``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import (
    find,
    find_if_any,
    json_option,
    project_option,
    run_command_option,
    runs_of,
    runs_option,
)
from repro.cli.rerun import Rerun
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from repro.app.explain.counterfactuals import Effort
    from repro.app.subjects.subject import Subject
    from repro.core.explanation import Counterfactual, Explanation

_SHOWN = 2


@click.command()
@click.argument("subject", metavar="[RUN|REFERENCE]", required=False)
@click.option(
    "--against", metavar="RUN|REFERENCE",
    help="Start from the configuration and the settings of this record instead.",
)  # fmt: skip
@click.option(
    "--max-runs", type=click.IntRange(min=1), default=8, show_default=True,
    help="The most trainings after the first one.",
)  # fmt: skip
@click.option(
    "--packages", is_flag=True,
    help="Also fetch and try the recorded versions of packages, and the recorded Debian.",
)  # fmt: skip
@run_command_option
@runs_option
@json_option("explanation")
@project_option
def command(
    subject: str | None,
    against: str | None,
    max_runs: int,
    runs_folder: Path | None,
    project_folder: Path | None,
    *,
    packages: bool,
    run_command: bool,
    as_json: bool,
) -> int:
    """Find out by training why the bits of a record differ from this machine's.

    It trains again with the recorded settings, one difference at a time: BLAS kernel, NumPy's code
    paths, maths functions, threads, hash seed; with --packages also versions of packages, from
    wheels, and the C library, in a tree of the recorded Debian (as root, with mmdebstrap); with
    --against also seed, seed scheme, data and every other section of the configuration. A
    difference is confirmed if it brings back the record's bits at the first divergent stage; one
    that could not be tried stays suspected. The records are only read.

    A recorded command runs again in a copy of its folder. Besides, it is given a seed for a global
    generator that was never seeded, and a hash seed: such a cause is confirmed if two runs with the
    same one agree, and a run with a different one does not.

    The exit status is 0 if the cause is confirmed or there is nothing to explain, and 1 otherwise.

    \b
    repro explain reference/credit.json
    repro explain A.json --against B.json
    """
    from repro.app.explain.counterfactuals import Effort
    from repro.app.subjects.commands import command_of
    from repro.app.subjects.recorded import find_intact, record_of

    def notify(what: str) -> None:
        """Print the progress, unless JSON is asked for."""
        if not as_json:
            click.echo(output.plain(what), err=True)

    effort = Effort(max_runs, packages, notify)
    base = find_if_any(project_folder) or Path.cwd()
    runs = runs_of(base, runs_folder)
    found = find_intact(base, runs, subject)
    other = find_intact(base, runs, against) if against else None
    if command_of(record_of(found)) is not None:
        explanation = _of_command(Rerun.exact(base, runs), found, other, effort, agreed=run_command)
    else:
        explanation = _of_experiment(find(project_folder), found, other, effort)
    if as_json:
        output.say_record(explanation)
    else:
        _render(explanation)
    return ExitCode.HOLDS if explanation.explained else ExitCode.FINDING


def _of_command(
    run: Rerun, found: Subject, other: Subject | None, effort: Effort, *, agreed: bool
) -> Explanation:
    from repro.app.explain.commands import explain_command
    from repro.app.subjects.recorded import Named, record_of

    question = run.question(found, record_of(found), agreed=agreed)
    against = Named(other.name, record_of(other)) if other else None
    return explain_command(question, against, effort)


def _of_experiment(
    project: Path, found: Subject, other: Subject | None, effort: Effort
) -> Explanation:
    from repro.app.explain.explain import explain
    from repro.app.subjects.recorded import read_recorded

    against = read_recorded(project, other) if other else None
    return explain(project, read_recorded(project, found), against, effort)


def _render(explanation: Explanation) -> None:
    against = f" against {explanation.against}" if explanation.against else ""
    output.say(output.bold(output.plain(explanation.subject + against)))
    start = f"as {explanation.against} was" if explanation.against else "as it is"
    rows = [_row(trial, start) for trial in explanation.trials]
    if rows:
        output.table(("training", "same bits", "at divergence", "seconds"), rows)
        output.say()
    if explanation.network is not None:
        output.field("network", explanation.network.sentence)
    if explanation.seal is not None:
        output.field("seal", output.plain(explanation.seal))
    tone = "holds" if explanation.explained else "different"
    output.field("explanation", output.toned(tone, output.plain(explanation.sentence)))
    for suspect in explanation.suspected:
        output.field("suspected", output.plain(f"{suspect.cause}: {suspect.rule}"))
    for cause, reason in explanation.untried.items():
        output.field("not tried", output.plain(f"{cause}: {reason}"))


def _row(trial: Counterfactual, start: str) -> tuple[str, ...]:
    done = [
        *(
            f"{n} not set" if value is None else f"{n}={value}"
            for n, value in trial.settings.items()
        ),
        *([f"Debian {trial.release}"] if trial.release else []),
        *(f"{name} {version}" for name, version in trial.packages.items()),
        *(f"{name} seeded with {value}" for name, value in (trial.seeds or {}).items()),
        # A whole section is too much for a line; a seed is not.
        *(f"{n}: {value}" for n, value in trial.sections.items() if isinstance(value, int)),
    ]
    done = [*done[:_SHOWN], *([f"{len(done) - _SHOWN} more"] if len(done) > _SHOWN else [])]
    what = " and ".join(trial.causes) or start
    what = f"{what}: {', '.join(done)}" if done else what
    if trial.failure:
        return (output.plain(what), output.plain(trial.failure), "", f"{trial.seconds:.1f}")
    bits = f"{trial.agreeing} of {trial.outputs}"
    there = ("yes" if trial.confirms else "no") if trial.causes else ""
    if trial.repeats:
        there = "agrees" if trial.confirms else "differs"
    return (output.plain(what), bits, there, f"{trial.seconds:.1f}")
