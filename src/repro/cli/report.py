"""``repro report``."""

from __future__ import annotations

from pathlib import Path

import click

from repro.cli import output
from repro.cli.options import PATH, find_if_any, project_option, runs_of, runs_option
from repro.core.errors import ExitCode


@click.command()
@click.argument("run", required=False)
@click.option(
    "-o", "--output", "file", type=PATH,
    help="The file to write; RUN.html in the current folder by default.",
)  # fmt: skip
@runs_option
@project_option
def command(
    run: str | None, file: Path | None, project_folder: Path | None, runs_folder: Path | None
) -> int:
    """Write a run as one self-contained HTML page with pictures.

    It shows what report.html in the run folder shows, and pictures: metrics with intervals,
    precision against recall or predicted against actual, and the candidates fold by fold. The run
    is checked first and only read; nothing is executed or unpickled. The exit status is 1 if the
    run is damaged.

    RUN is a folder, an id or the beginning of one; the newest run by default.
    """
    from repro.app.files import check_targets, write_whole
    from repro.app.report import run_page

    # A run may have been handed over alone, without a project.
    alone = run is not None and Path(run).is_dir()
    runs = Path.cwd() if alone else runs_of(find_if_any(project_folder) or Path.cwd(), runs_folder)
    page = run_page(runs, run)
    for detail in page.damage:
        output.warn(f"tampered or damaged: {detail}")
    if page.content is None:
        output.say(f"run {page.run.name} is damaged: no page was written")
        return ExitCode.FINDING
    file = file or Path(f"{page.run.name}.html")
    check_targets([file], [page.run])
    write_whole(file, page.content.encode())
    if page.undrawn is not None:
        output.warn(f"no pictures: {page.undrawn.message}; {page.undrawn.advice}")
    output.say(f"{output.plain(file)}: run {page.run.name}")
    return ExitCode.FINDING if page.damage else ExitCode.HOLDS
