"""``repro record``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import (
    LEVELS,
    PATH,
    debug_option,
    find_if_any,
    json_option,
    runs_of,
    runs_option,
)
from repro.cli.rendering import line
from repro.core.errors import ExitCode
from repro.launch import Level, check_processor

if TYPE_CHECKING:
    from repro.app.record import RecordedRun
    from repro.core.observed import Observed
    from repro.core.record import RunRecord

_SHOWN = 8


@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("words", metavar="-- COMMAND [ARGS]...", nargs=-1, type=click.UNPROCESSED)
@click.option("--name", help="Name of the record; by default that of the script.")
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default=str(Level.PORTABLE),
    show_default=True,
    help="What is fixed before the command starts; seeded leaves its threads and code paths.",
)
@click.option(
    "--input", "inputs", multiple=True, type=PATH,
    help="A file or folder that the command reads without being observed, such as in C++.",
)  # fmt: skip
@click.option(
    "--output", "outputs", multiple=True, metavar="GLOB",
    help="Pattern of the files that are results; by default all written files.",
)  # fmt: skip
@click.option(
    "--sealed", "is_sealed", is_flag=True,
    help="Let the command read only its sources and each --input, and reach no network.",
)  # fmt: skip
@runs_option
@json_option("record/v2")
@debug_option
def command(
    words: tuple[str, ...],
    name: str | None,
    level: str,
    inputs: tuple[Path, ...],
    outputs: tuple[str, ...],
    runs_folder: Path | None,
    *,
    is_sealed: bool,
    as_json: bool,
) -> int:
    """Run any command, unchanged, and keep the evidence.

    No project and no configuration are needed. Every Python that the command starts is observed:
    the files that it reads and writes, the code that it loads, the calls that read, split, fit,
    predict and measure, with a digest of every input and output, and the states of the global
    random generators. Exit status, signals and output are the command's own; the exit status is 3
    if the command succeeded and changed a code path that the level pins.

    \b
    repro record -- python train.py
    repro record --level seeded -- train.py     with its own threads and code paths
    repro record --input data -- ./pipeline.sh  with data that C++ code reads
    repro verify                                run the newest one again and compare
    """
    from repro.app.record import RecordRequest, record

    if not words or not words[0]:
        raise click.UsageError("name a command, after two dashes: repro record -- python train.py")
    check_processor(Level(level))
    missing = next((path for path in inputs if not path.exists()), None)
    if missing is not None:
        raise click.BadParameter(f"there is no file or folder {missing}", param_hint="--input")
    here = Path.cwd()
    base = find_if_any(None) or here
    request = RecordRequest(
        words=words,
        folder=here,
        base=base,
        runs=runs_of(base, runs_folder),
        level=level,
        name=name,
        inputs=inputs,
        outputs=outputs,
        sealed=is_sealed,
    )
    # With --json, standard output has only the record.
    stream = sys.stderr.buffer if as_json else sys.stdout.buffer
    run = record(request, lambda block: (stream.write(block), stream.flush()))
    if as_json:
        output.say_record(run.record)
    else:
        _render(run)
    return _status(run.record.observed)


def _status(observed: Observed | None) -> int:
    """Return the status of the command; an error if it changed what the level fixes."""
    if observed is None or observed.status:
        return observed.status if observed else ExitCode.HOLDS
    if any(remark.kind == "not pinned" for remark in observed.remarks):
        output.note(
            "error: the command changed what the level fixes, as the warnings say; the run is kept"
        )
        return ExitCode.PRECONDITION
    return ExitCode.HOLDS


def _render(run: RecordedRun) -> None:
    made, observed = run.record, run.record.observed
    if observed is None:
        return
    say = output.note
    say()
    say(f"{output.bold(made.name)}: {_ended(observed)}, level {made.environment.level},"
        f" {run.seconds:.1f} s")  # fmt: skip
    say(f"read {_names([each.name for each in made.materials.data])}")
    say(f"code {_names(list(made.materials.code))}")
    if made.environment.variables:
        say(f"environment variables {_names(list(made.environment.variables))}")
    say(f"wrote {_names(list(made.evidence.files))}")
    say(f"{len(made.steps)} steps, {len(made.evidence.numbers)} numbers to compare")
    _render_numbers(made)
    for remark in observed.remarks:
        where = f"{remark.site}: " if remark.site else ""
        output.warn(f"{line(where + remark.message)}; {line(remark.fix)}")
    if observed.programs:
        output.warn(f"started but not observed: {line(', '.join(observed.programs))}")
    if observed.skipped:
        output.warn(f"no digest, so not compared: {_names(list(observed.skipped))}")
    inside = run.path.is_relative_to(Path.cwd())
    shown = run.path.relative_to(Path.cwd()).as_posix() if inside else str(run.path)
    say(f"run {output.bold(shown)}")
    if observed.status == 0:
        say(f"check it: repro verify {run.run_id}")


def _ended(observed: Observed) -> str:
    if observed.status == 0:
        return "recorded"
    return f"the command failed with status {observed.status}, so verify cannot pass"


def _render_numbers(made: RunRecord) -> None:
    shown = [(n, v) for n, v in made.evidence.numbers.items() if "[" not in n][:_SHOWN]
    for name, value in shown:
        output.note(f"  {line(name)}  {output.number(value)}")


def _names(names: list[str]) -> str:
    if not names:
        return "nothing"
    shown = ", ".join(map(line, names[:_SHOWN]))
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
