"""``repro reference``."""

from __future__ import annotations

from pathlib import Path

import click

from repro.cli import output
from repro.cli.options import PATH, find_if_any, project_option, runs_of, runs_option
from repro.core.errors import ExitCode
from repro.core.targets import target_of


@click.command()
@click.argument("run", required=False)
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    type=PATH,
    help="The file to write.",
)
@runs_option
@project_option
def command(
    run: str | None, file: Path, project_folder: Path | None, runs_folder: Path | None
) -> int:
    """Export the record of a run to one file that you can commit or hand over.

    The file has the configuration, keys, stage digests, metrics, environment and at most 256
    predictions, including those nearest to a decision boundary. Check it on any machine with:
    repro verify FILE.

    RUN is a folder, an id or the beginning of one; the newest run by default.
    """
    from repro.app.files import check_targets, write_whole
    from repro.app.reference import check_replaceable, export
    from repro.core.jsonfile import dump_record

    project = find_if_any(project_folder) or Path.cwd()
    check_targets([file])
    record = export(project, runs_of(project, runs_folder), run)
    target = target_of(record.config)
    check_replaceable(file, record.experiment, target)
    write_whole(file, dump_record(record))
    if record.is_command:
        output.say(
            f"{file}: {record.name}, {len(record.evidence.numbers)} numbers,"
            f" {len(record.evidence.files)} files, {len(record.steps)} steps"
        )
        return ExitCode.HOLDS
    total = record.predictions.total if record.predictions else 0
    name = record.name if target is None else f"{record.name}, target {output.plain(target)}"
    output.say(
        f"{file}: {name}, {len(record.evidence.test_metrics)} metrics,"
        f" {len(record.rows)} of {total} predictions, {len(record.steps)} stages"
    )
    return ExitCode.HOLDS
