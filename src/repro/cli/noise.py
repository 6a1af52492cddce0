"""``repro noise``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import (
    PATH,
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
    from repro.core.noise import Noise, NoiseTraining

_SHOWN = 8


@click.command()
@click.argument("subject", metavar="[RUN|REFERENCE]", required=False)
@click.option(
    "-o", "--output", "file", type=PATH,
    help="Write the measurement to this file, for --tolerance auto.",
)  # fmt: skip
@run_command_option
@runs_option
@json_option("noise")
@project_option
def command(
    subject: str | None,
    file: Path | None,
    runs_folder: Path | None,
    project_folder: Path | None,
    *,
    run_command: bool,
    as_json: bool,
) -> int:
    """Measure how far the numbers of a run or reference move between processors.

    It trains again with the recorded configuration at each level that this machine can run: with
    the processor as it is, and on the code paths of two older generations, which gives the bits of
    those processors. The spread of a metric or of the predictions is the greatest difference among
    the trainings. A recorded command runs in a copy of its folder, twice at the first level: if
    these two runs differ, it leaves something to chance, and nothing is measured.

    The exit status is 1 if a spread shows that the model is numerically unstable.

    \b
    repro noise reference/credit.json -o noise.json
    repro compare reference/credit.json RUN --tolerance auto --noise noise.json
    """
    from repro.app.configuration import noise_rules
    from repro.app.files import check_targets
    from repro.app.noise import noise_of_command, noise_of_experiment
    from repro.app.subjects.commands import command_of
    from repro.app.subjects.recorded import find_intact, read_recorded, record_of

    def listen(number: int, total: int, level: str) -> None:
        """Print the progress, unless JSON is asked for."""
        if not as_json:
            click.echo(f"training {number} of {total}: {level}", err=True)

    base = find_if_any(project_folder) or Path.cwd()
    runs = runs_of(base, runs_folder)
    limit = noise_rules(base).unstable
    found = find_intact(base, runs, subject)
    check_targets([file], [found.path])
    record = record_of(found)
    if command_of(record) is not None:
        question = Rerun.exact(base, runs).question(found, record, agreed=run_command)
        noise = noise_of_command(question, limit, listen)
    else:
        project = find(project_folder)
        noise = noise_of_experiment(project, read_recorded(project, found), limit, listen)
    if file is not None:
        from repro.app.files import write_whole
        from repro.core.jsonfile import dump_record

        write_whole(file, dump_record(noise))
    if as_json:
        output.say_record(noise)
    else:
        _render(noise)
    return ExitCode.FINDING if noise.unstable else ExitCode.HOLDS


def _render(noise: Noise) -> None:
    output.say(output.bold(noise.subject))
    headings = ("level", "bits", "stages as in the first", "seconds")
    output.table(headings, [_row(training) for training in noise.trainings])
    output.say()
    moving = {name: width for name, width in noise.spreads.items() if width}
    widest = sorted(moving, key=lambda name: -moving[name])[:_SHOWN]
    if widest:
        output.table(("number", "spread"), [(name, f"{moving[name]:.3g}") for name in widest])
        output.say()
    output.field("spread", f"{len(moving)} of {len(noise.spreads)} numbers move")
    output.field("labels", f"{noise.flips} rows change their class")
    if noise.network is not None:
        output.field("network", noise.network.sentence)
    tone = "different" if noise.unstable else "holds"
    output.field("noise", output.toned(tone, noise.sentence))


def _row(training: NoiseTraining) -> tuple[str, ...]:
    if training.failure:
        return (training.level, "-", output.plain(training.failure), "-")
    agreeing = f"{training.agreeing} of {training.outputs}"
    return (training.level, training.bits or "unknown", agreeing, f"{training.seconds:.1f}")
