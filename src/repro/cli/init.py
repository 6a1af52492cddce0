"""``repro init``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from repro.cli import output
from repro.cli.options import PATH, debug_option, json_option
from repro.cli.tables import given_by, written_options
from repro.core.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from repro.app.init.making import Made
    from repro.datasets.drafting import Given

# So many columns fit a screen; the registry has all of them.
_SHOWN = 40


@click.command()
@click.argument("folder", type=PATH, default=".")
@click.option("--data", type=PATH, help="A table to train on; it is copied into the project.")
@click.option("--target", help="The column to predict.")
@click.option("--positive", help="The label to detect, of a target with two.")
@click.option("--missing", multiple=True, help="A text that means missing; can be repeated.")
@written_options
@click.option("--script", type=PATH, help="A script in the folder, to be recorded unchanged.")
@click.option("--name", default="", help="Name of the experiment; by default that of the file.")
@click.option("--licence", default="not stated", help="The licence of the data.")
@click.option("--origin", default="not stated", help="Where the data comes from.")
@click.option("--description", default="", help="One sentence about the project.")
@click.option("--dvc", is_flag=True, help="Add dvc.yaml, so that dvc repro trains.")
@json_option("init")
@debug_option
def command(
    folder: Path,
    data: Path | None,
    target: str | None,
    positive: str | None,
    missing: tuple[str, ...],
    script: Path | None,
    name: str,
    licence: str,
    origin: str,
    description: str,
    *,
    dvc: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Make a project of a table or a script.

    FOLDER is made where it is missing; by default it is the current one. It gets configuration with
    guessed roles of the columns, a lock with hashes, a Makefile, an image, a flake and a workflow.
    A file that exists is never changed. Needs no network.

    \b
    repro init churn --data churn.csv --target left
    repro init --script train.py
    """
    from repro.app.init.making import Wish, make

    # Later commands are about these files, wherever they are called from.
    place = Path.cwd() / folder
    if data is None and script is None:
        data = _asked_file(as_json=as_json)
    if data is not None and target is None and script is None:
        target = _asked_target(data, given_by(options), as_json=as_json)
    wish = Wish(
        place, None if data is None else Path.cwd() / data, target or "", positive, missing,
        None if script is None else _of_script(script, place), name, licence, origin, description,
        given_by(options), dvc,
    )  # fmt: skip
    made = make(wish)
    if as_json:
        from repro.app.answers import Init

        answer = {"schema": "repro.init/v1", "folder": str(folder)}
        output.say_record(Init.model_validate(answer | _facts(made)))
    else:
        _say(made, folder)
    return ExitCode.HOLDS


def _of_script(script: Path, folder: Path) -> Path:
    """Return the path of a script, named from the current folder or from the project's."""
    here = Path.cwd() / script
    return here if here.exists() else folder / script


def _asked_file(*, as_json: bool) -> Path:
    if as_json or not sys.stdin.isatty():
        raise ConfigError(
            "a project is about a table or about a script: name one of them",
            advice="repro init FOLDER --data FILE --target COLUMN, or: repro init --script FILE",
        )
    return Path(click.prompt("Table to train on (a .csv or .parquet file)", err=True))


def _asked_target(data: Path, given: Given, *, as_json: bool) -> str:
    from repro.app.init.experiment import columns_of

    names = columns_of(Path.cwd() / data, given)
    listed = ", ".join(names[:_SHOWN]) + (", …" if names[_SHOWN:] else "")
    if as_json or not sys.stdin.isatty():
        raise ConfigError(
            f"no --target: which column of {data.name} is to be predicted?",
            advice=f"name one: --target COLUMN, of: {listed}",
        )
    click.echo(f"columns: {listed}", err=True)
    return str(click.prompt("Column to predict", type=click.Choice(names), err=True,
                            show_choices=False))  # fmt: skip


def _facts(made: Made) -> dict[str, object]:
    return {
        "name": made.name, "placed": made.placed, "kept": made.kept, "roles": made.roles,
        "warnings": made.doubts,
    }  # fmt: skip


def _say(made: Made, folder: Path) -> None:
    for line in made.roles[:_SHOWN]:
        output.say(line)
    if made.roles[_SHOWN:]:
        output.say(f"and {len(made.roles) - _SHOWN} more columns")
    if made.roles:
        output.say("these are guesses: correct them in configs/datasets.yaml\n")
    for name in made.kept:
        output.say(f"kept {name}: it exists, and was not changed")
    for doubt in made.doubts:
        output.warn(doubt)
    output.say(f"made the project '{made.name}': {len(made.placed)} files; README.md explains them")
    there = "" if str(folder) == "." else f"cd {shlex.quote(str(folder))} && "
    output.say(f"next: {there}make train verify")
