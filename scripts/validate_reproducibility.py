#!/usr/bin/env python3
"""Train one family and compare with a reference, or with a second training.

The verdict and the exit status are those of ``repro verify``: it is the same code.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

try:
    import click
except ImportError:
    sys.exit("run it in the project's environment: .venv/bin/python scripts/" + Path(__file__).name)

from repro.cli import guarded, output
from repro.cli.options import PATH, enter, find, project_option
from repro.cli.progress import Progress
from repro.cli.verify import render
from repro.core.errors import ConfigError, ExitCode

_MODE = click.Choice(["strict", "relaxed", "legacy"])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--experiment", help="The reference's or the project's default if omitted.")
@click.option("--profile", help="'default' if omitted.")
@click.option("--model-type", help="The family; those of the reference or experiment if omitted.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="The recorded one if omitted.")
@click.option("--save-reference", type=PATH, help="Write a reference here.")
@click.option(
    "--reference-metrics-file", type=PATH,
    help="Compare with this reference, or with this metrics.json under --mode legacy.",
)  # fmt: skip
@click.option("--tolerance", type=float, help="Absolute and relative; 0 requires the same bits.")
@click.option(
    "--mode", type=_MODE,
    help="What a missing key does: fail, be overlooked, or leave metrics alone to compare.",
)  # fmt: skip
@project_option
def command(
    save_reference: Path | None,
    reference_metrics_file: Path | None,
    tolerance: float | None,
    mode: str | None,
    project_folder: Path | None,
    **options: Any,
) -> int:
    """Train one model family and compare the result with a reference.

    A reference is trained by its own configuration where neither --experiment, --profile nor
    --model-type is given, and by today's configuration of this project otherwise. Without a
    reference it trains twice and compares the second result with the first.
    """
    from repro.app import validate
    from repro.divergence.tolerance import Tolerance, ToleranceRequest

    if save_reference is not None and reference_metrics_file is not None:
        raise ConfigError("--save-reference and --reference-metrics-file exclude each other")
    project, wanted = find(project_folder), validate.Wanted(**options)
    if save_reference is not None:
        config = validate.configure(project, wanted)
        validate.check_reference(save_reference, config.experiment)
        enter(config.determinism.level)
        validate.save_reference(project, config, Progress(), save_reference)
        output.say(f"wrote {save_reference}")
        return ExitCode.HOLDS
    question = validate.prepare(project, wanted, reference_metrics_file)
    if question.config is not None:
        enter(question.config.determinism.level)
    both = None if tolerance is None else Tolerance.both(tolerance)
    found = validate.judge(project, question, Progress(), ToleranceRequest(both, mode=mode))
    render(found)
    return ExitCode.HOLDS if found.holds else ExitCode.FINDING


if __name__ == "__main__":
    sys.exit(guarded(command, sys.argv[1:]))
