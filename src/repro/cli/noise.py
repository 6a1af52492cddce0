"""``repro noise``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import PATH, find, json_option, project_option, runs_of, runs_option
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from repro.core.noise import Noise, NoiseTraining

_SHOWN = 8


@click.command()
@click.argument("subject", metavar="[RUN|REFERENCE]", required=False)
@click.option(
    "-o", "--output", "file", type=PATH,
    help="Write the measurement to this file, for --tolerance auto.",
)  # fmt: skip
@runs_option
@json_option("noise")
@project_option
def command(
    subject: str | None,
    file: Path | None,
    runs_folder: Path | None,
    project_folder: Path | None,
    *,
    as_json: bool,
) -> int:
    """Measure how far the numbers of a run or reference move between processors.

    It trains again with the recorded configuration at each level that this machine can run: with
    the processor as it is, and on the code paths of two older generations, which gives the bits of
    those processors. The spread of a metric or of the predictions is the greatest difference among
    the trainings.

    The exit status is 1 if a spread shows that the model is numerically unstable.

    \b
    repro noise reference/credit.json -o noise.json
    repro compare reference/credit.json RUN --tolerance auto --noise noise.json
    """
    from repro.app.configuration import noise_rules
    from repro.app.files import check_targets
    from repro.app.noise import ENSEMBLE, measure_noise
    from repro.app.subjects.recorded import read_recorded
    from repro.app.subjects.subject import find_subject

    project = find(project_folder)
    rules = noise_rules(project)
    runs = runs_of(project, runs_folder)
    check_targets([file], [find_subject(project, runs, subject).path])
    recorded = read_recorded(project, runs, subject)

    def listen(number: int, level: str) -> None:
        """Print the progress, unless JSON is asked for."""
        if not as_json:
            click.echo(f"training {number} of {len(ENSEMBLE)}: {level}", err=True)

    noise = measure_noise(project, recorded, rules.unstable, listen)
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
