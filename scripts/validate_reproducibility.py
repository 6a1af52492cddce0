#!/usr/bin/env python3
"""Train one model family and hold the result against a reference, or against a second training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

try:
    import click
except ImportError:
    sys.exit("run it in the project's environment: .venv/bin/python scripts/" + Path(__file__).name)

from repro.cli import guarded, output
from repro.cli.options import enter, find, make_request, project_option
from repro.cli.progress import Progress
from repro.cli.verify import tell
from repro.core.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from repro.config.experiment import ExperimentConfig
    from repro.core.verdict import Check


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--experiment", help="An experiment; the project's default where left out.")
@click.option("--profile", default="default", show_default=True, help="A profile.")
@click.option("--model-type", help="The model family to train; those of the experiment otherwise.")
@click.option("--seed", type=int, help="The base seed; the experiment's otherwise.")
@click.option("--save-reference", type=click.Path(path_type=Path), help="Write a reference here.")
@click.option(
    "--reference-metrics-file",
    type=click.Path(path_type=Path),
    help="Compare with this reference, or with this metrics.json under --mode legacy.",
)
@click.option(
    "--tolerance",
    type=float,
    default=1e-6,
    show_default=True,
    help="Absolute and relative together; 0 asks for the same bits.",
)
@click.option(
    "--mode",
    type=click.Choice(["strict", "relaxed", "legacy"]),
    help="What a missing key does: fail, be overlooked, or leave metrics alone to compare.",
)
@project_option
def command(
    experiment: str | None,
    profile: str,
    model_type: str | None,
    seed: int | None,
    save_reference: Path | None,
    reference_metrics_file: Path | None,
    tolerance: float,
    mode: str | None,
    project_folder: Path | None,
) -> int:
    """Train one model family and hold the result against a reference.

    Without a reference it trains twice and holds the second result against the first.
    """
    from repro.app.configuration import resolve_request

    if save_reference is not None and reference_metrics_file is not None:
        raise ConfigError("--save-reference and --reference-metrics-file exclude each other")
    project = find(project_folder)
    request = make_request(
        experiment=experiment,
        profile=profile,
        models=(model_type,) if model_type else (),
        seed=seed,
    )
    config = resolve_request(project, request).config
    enter(config.determinism.level)
    if save_reference is not None:
        return _save(project, config, save_reference)
    return _compare(project, config, reference_metrics_file, tolerance, mode)


def _save(project: Path, config: ExperimentConfig, file: Path) -> int:
    from repro.app.files import write_whole
    from repro.app.validate import make_reference
    from repro.core.jsonfile import dump_record

    write_whole(file, dump_record(make_reference(project, config, Progress())))
    output.say(f"wrote {file}")
    return ExitCode.HOLDS


def _compare(
    project: Path,
    config: ExperimentConfig,
    reference: Path | None,
    tolerance: float,
    mode: str | None,
) -> int:
    from repro.app.conclusion import conclude
    from repro.app.validate import make_record, read_expected
    from repro.divergence.compare import compare
    from repro.divergence.side import Side
    from repro.divergence.tolerance import Limits, Tolerance

    limits = Limits(Tolerance.both(tolerance))
    if reference is None:
        expected = Side.of(make_record(project, config, Progress()))
        integrity: tuple[Check, ...] = ()
        subject = "a second training beside the first"
    else:
        expected, integrity = read_expected(reference)
        subject = f"reference {reference.name}"
    actual = Side.of(make_record(project, config, Progress()))
    settings = config.verification
    mode, sample = mode or settings.mode, settings.sample.size
    comparison = compare(expected, actual, limits, mode=mode, sample=sample)
    found = conclude(subject, integrity, comparison)
    tell(found)
    return ExitCode.HOLDS if found.holds else ExitCode.FINDING


if __name__ == "__main__":
    sys.exit(guarded(command, sys.argv[1:]))
