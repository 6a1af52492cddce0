#!/usr/bin/env python3
"""Train one model family and compare with a reference, or with a second training.

The verdict and the exit status are those of ``repro verify``: it is the same code.
"""

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
from repro.cli.verify import render
from repro.core.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from repro.app.subjects.subject import Subject
    from repro.config.experiment import ExperimentConfig
    from repro.core.records import Metrics
    from repro.core.verdict import Verification
    from repro.divergence.tolerance import ToleranceRequest

_LARGEST_SEED = 2**32 - 1
_ALONE = "a second training beside the first"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--experiment", help="An experiment; the reference's or the project's default where left out."
)
@click.option("--profile", help="A profile; 'default' where left out.")
@click.option(
    "--model-type",
    help="The model family to train; those of the reference or experiment otherwise.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, _LARGEST_SEED),
    help="The base seed; the reference's or the experiment's otherwise.",
)
@click.option("--save-reference", type=click.Path(path_type=Path), help="Write a reference here.")
@click.option(
    "--reference-metrics-file",
    type=click.Path(path_type=Path),
    help="Compare with this reference, or with this metrics.json under --mode legacy.",
)
@click.option(
    "--tolerance",
    type=float,
    help="Absolute and relative together, instead of the configured one; 0 asks for the same bits.",
)
@click.option(
    "--mode",
    type=click.Choice(["strict", "relaxed", "legacy"]),
    help="What a missing key does: fail, be overlooked, or leave metrics alone to compare.",
)
@project_option
def command(
    save_reference: Path | None,
    reference_metrics_file: Path | None,
    tolerance: float | None,
    mode: str | None,
    project_folder: Path | None,
    **wanted: str | int | None,
) -> int:
    """Train one model family and compare the result with a reference.

    A reference is trained by its own configuration where neither --experiment, --profile nor
    --model-type is given, and by today's configuration of this project otherwise. Without a
    reference it trains twice and compares the second result with the first.
    """
    from repro.divergence.tolerance import Tolerance, ToleranceRequest

    if save_reference is not None and reference_metrics_file is not None:
        raise ConfigError("--save-reference and --reference-metrics-file exclude each other")
    project = find(project_folder)
    asked = ToleranceRequest(None if tolerance is None else Tolerance.both(tolerance), mode=mode)
    if save_reference is not None:
        return _save(project, _configuration(project, wanted), save_reference)
    if reference_metrics_file is None:
        found = _twice(project, _configuration(project, wanted), asked)
    else:
        found = _against(project, reference_metrics_file, wanted, asked)
    render(found)
    return ExitCode.HOLDS if found.holds else ExitCode.FINDING


def _configuration(
    project: Path, wanted: dict[str, str | int | None], own: ExperimentConfig | None = None
) -> ExperimentConfig:
    """Resolve what is asked for; what is left out is as in the configuration of a reference."""
    from repro.app.configuration import resolve_request

    experiment, profile, family, seed = (
        wanted[name] for name in ("experiment", "profile", "model_type", "seed")
    )
    families = (str(family),) if family else tuple(own.models) if own else ()
    if own is not None:
        experiment, seed = experiment or own.experiment, own.seed if seed is None else seed
    request = make_request(
        experiment=None if experiment is None else str(experiment),
        profile=str(profile or "default"),
        models=families,
        seed=None if seed is None else int(seed),
    )
    return resolve_request(project, request).config


def _recorded(
    project: Path, subject: Subject, wanted: dict[str, str | int | None]
) -> ExperimentConfig:
    """Return what a reference is trained by: its own configuration, or today's where asked for."""
    from repro.app.subjects.recorded import recorded_config
    from repro.app.subjects.trust import check_trust

    own = recorded_config(subject)
    if any(wanted[name] for name in ("experiment", "profile", "model_type")):
        return _configuration(project, wanted, own)
    check_trust(project, subject, own)
    seed = wanted["seed"]
    return own if seed is None else own.model_copy(update={"seed": seed})


def _save(project: Path, config: ExperimentConfig, file: Path) -> int:
    from repro.app.files import check_targets, write_whole
    from repro.app.reference import check_replaceable
    from repro.app.validate import make_reference
    from repro.core.jsonfile import dump_record

    # Before anything is trained for it.
    check_targets([file])
    check_replaceable(file, config.experiment)
    enter(config.determinism.level)
    write_whole(file, dump_record(make_reference(project, config, Progress())))
    output.say(f"wrote {file}")
    return ExitCode.HOLDS


def _twice(project: Path, config: ExperimentConfig, asked: ToleranceRequest) -> Verification:
    enter(config.determinism.level)
    from repro.app.validate import make_record
    from repro.app.verify import Question, verify  # imports NumPy: after the level is fixed
    from repro.execution.places import Here

    first = make_record(project, config, Progress())
    return verify(project, Question(_ALONE, first, config), Progress(), asked, Here())


def _against(
    project: Path, file: Path, wanted: dict[str, str | int | None], asked: ToleranceRequest
) -> Verification:
    from repro.app.subjects.recorded import record_of
    from repro.app.subjects.subject import Subject, check_integrity
    from repro.app.validate import read_metrics
    from repro.core.verdict import Outcome
    from repro.divergence.verification import build_verification

    metrics = read_metrics(file)
    if metrics is not None:
        return _against_metrics(project, metrics, _configuration(project, wanted), asked)
    subject = Subject(file, is_run=False)
    integrity = check_integrity(subject)
    if any(check.outcome is not Outcome.SAME for check in integrity):
        return build_verification(subject.name, integrity, None)
    config = _recorded(project, subject, wanted)
    enter(config.determinism.level)
    from repro.app.verify import Question, verify  # imports NumPy: after the level is fixed
    from repro.execution.places import Here

    question = Question(subject.name, record_of(subject), config, integrity)
    return verify(project, question, Progress(), asked, Here(shut=True))


def _against_metrics(
    project: Path, metrics: Metrics, config: ExperimentConfig, asked: ToleranceRequest
) -> Verification:
    enter(config.determinism.level)
    from repro.app.verify import verify_metrics  # imports NumPy: after the level is fixed

    return verify_metrics(project, metrics, config, Progress(), asked)


if __name__ == "__main__":
    sys.exit(guarded(command, sys.argv[1:]))
