"""``repro export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import PATH, find_if_any, project_option, runs_of, runs_option
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from repro.app.export.exported import Exported


_verification = click.option(
    "--verification", type=PATH, metavar="FILE", help="What repro verify --output wrote about RUN."
)


@click.group()
def command() -> None:
    """Write a run for a different tool, such as MLflow.

    A run is checked first; one that is damaged is not exported. Nothing is trained again, and the
    run is only read.

    \b
    Example:
      repro export mlflow latest --to sqlite:///mlflow.db
    """


@command.command()
@click.argument("run", required=False)
@click.option("--to", metavar="URI", help="A store of MLflow: sqlite:///FILE, a folder, a server.")
@click.option("--experiment", metavar="NAME", help="Of MLflow; the run's experiment by default.")
@click.option("--again", is_flag=True, help="Make a second run if there is one.")
@_verification
@runs_option
@project_option
def mlflow(
    run: str | None,
    to: str | None,
    experiment: str | None,
    verification: Path | None,
    project_folder: Path | None,
    runs_folder: Path | None,
    *,
    again: bool,
) -> int:
    """Write a run to a store of MLflow.

    It gets the configuration as parameters, the numbers of the record as metrics, keys and digests
    as tags, the data set with its digest, the files of the run, and the model with its signature.
    The same run is written once. Without --to the store is the one that MLFLOW_TRACKING_URI names,
    or mlflow.db or mlruns in the project. The model is a pickle: export runs of people you trust.

    RUN is a folder, an id or the beginning of one; the newest run by default.

    \b
    Example:
      repro export mlflow --to sqlite:///mlflow.db --experiment credit
    """
    from repro.app.export.mlflow_run import export_mlflow

    base = find_if_any(project_folder) or Path.cwd()
    exported = _read(run, base, runs_folder, verification)
    done = export_mlflow(exported, base, to, experiment, again=again)
    what = "run" if done.made else "it was exported before, nothing was written: run"
    output.say(f"{output.plain(done.store)}: {what} {done.run_id}, experiment {done.experiment}")
    return ExitCode.HOLDS


@command.command()
@click.argument("run", required=False)
@click.option(
    "--to", type=PATH, default=Path(), help="Folder for wandb/; the current one by default."
)
@click.option("--wandb-project", metavar="NAME", help="Of W&B; the run's experiment by default.")
@click.option("--again", is_flag=True, help="Write a second run if there is one.")
@_verification
@runs_option
@project_option
def wandb(
    run: str | None,
    to: Path,
    wandb_project: str | None,
    verification: Path | None,
    project_folder: Path | None,
    runs_folder: Path | None,
    *,
    again: bool,
) -> int:
    """Write a run for Weights & Biases, without a network.

    The folder wandb/offline-run-… gets the configuration, the numbers of the record, keys and
    digests, and the files of the run. Nothing is sent: wandb sync FOLDER does that. The same run is
    written once.

    RUN is a folder, an id or the beginning of one; the newest run by default.

    \b
    Example:
      repro export wandb latest --to exports
      wandb sync exports/wandb/offline-run-*
    """
    from repro.app.export.wandb_run import export_wandb

    base = find_if_any(project_folder) or Path.cwd()
    done = export_wandb(_read(run, base, runs_folder, verification), to, wandb_project, again=again)
    what = "run" if done.made else "it was exported before, nothing was written: run"
    output.say(f"{output.plain(done.folder)}: {what} {done.run_id}")
    return ExitCode.HOLDS


@command.command()
@click.argument("run", required=False)
@click.option(
    "-o", "--output", "target", required=True, type=PATH, help="The folder, or FILE.zip, to make."
)
@click.option("--licence", metavar="TEXT", help="Licence of the crate: a URL or a name.")
@_verification
@runs_option
@project_option
def crate(
    run: str | None,
    target: Path,
    licence: str | None,
    verification: Path | None,
    project_folder: Path | None,
    runs_folder: Path | None,
) -> int:
    """Write a run as an RO-Crate, for archives of research data.

    It conforms to Process Run Crate 0.5: the files of the run with their hashes, the program, what
    it was given, when it ran and how it ended. Data is described by its digest and not included;
    predictions.csv has labels and scores of the held-out rows.

    RUN is a folder, an id or the beginning of one; the newest run by default.

    \b
    Example:
      repro export crate latest -o credit.zip --licence https://spdx.org/licenses/CC-BY-4.0
    """
    from repro.app.export.crate import export_crate

    exported = _read(run, find_if_any(project_folder) or Path.cwd(), runs_folder, verification)
    export_crate(exported, target, licence)
    output.say(f"{output.plain(target)}: run {exported.run_id}")
    return ExitCode.HOLDS


@command.command()
@click.argument("run", required=False)
@click.option("-o", "--output", "file", required=True, type=PATH, help="The file to write.")
@click.option("--licence", metavar="ID", help="Licence of the model, as the hub names it: mit.")
@runs_option
@project_option
def card(
    run: str | None,
    file: Path,
    licence: str | None,
    project_folder: Path | None,
    runs_folder: Path | None,
) -> int:
    """Write a model card, with the metadata that Hugging Face reads.

    It has the metrics on the held-out rows, the data set with its digest, the columns, the
    hyper-parameters, and how to check the result. It has no value of any row.

    RUN is a folder, an id or the beginning of one; the newest run by default.

    \b
    Example:
      repro export card latest -o README.md --licence mit
    """
    from repro.app.export.card import export_card
    from repro.app.files import check_targets, write_whole

    exported = _read(run, find_if_any(project_folder) or Path.cwd(), runs_folder)
    check_targets([file], [exported.path])
    write_whole(file, export_card(exported, licence).encode())
    output.say(f"{output.plain(file)}: run {exported.run_id}")
    return ExitCode.HOLDS


def _read(
    run: str | None, base: Path, runs_folder: Path | None, verification: Path | None = None
) -> Exported:
    from repro.app.export.exported import read_exported

    # A run may have been handed over alone, without a project.
    alone = run is not None and Path(run).is_dir()
    runs = Path.cwd() if alone else runs_of(base, runs_folder)
    return read_exported(runs, run, verification)
