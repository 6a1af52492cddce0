"""``repro data``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from repro.cli import output
from repro.cli.options import PATH, find, json_option, project_option
from repro.cli.tables import given_by, written_options
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.datasets.drafting import Given

_FACTS = ("target", "positive", "licence", "origin", "description")
# The metric of selection, and the task that the target may also stand for.
_PROPOSED = {
    "binary": ("roc_auc", ""),
    "multiclass": ("f1_macro", "  # or regression, selected by rmse"),
    "regression": ("rmse", "  # or multiclass, selected by f1_macro, if the numbers name classes"),
}


@click.group()
def command() -> None:
    """List, verify, hash and register data sets."""


@command.command(name="list")
@json_option("datasets")
@project_option
def list_(project_folder: Path | None, *, as_json: bool) -> int:
    """List the registered data sets."""
    from repro.app.data import registry

    entries = registry(find(project_folder))
    if as_json:
        from repro.app.answers import Datasets

        output.say_record(Datasets(schema_="repro.datasets/v1", datasets=entries))
        return ExitCode.HOLDS
    rows = [
        (name, entry.source.kind, ", ".join(entry.all_targets), entry.licence, entry.description)
        for name, entry in entries.items()
    ]
    output.table(("name", "source", "target", "licence", "description"), rows)
    return ExitCode.HOLDS


@command.command()
@click.argument("names", nargs=-1)
@json_option("data-verification")
@project_option
def verify(names: tuple[str, ...], project_folder: Path | None, *, as_json: bool) -> int:
    """Check that data sets are what the registry says; all of them by default."""
    from repro.app.data import verify as verify_data

    found = verify_data(find(project_folder), names)
    outcomes = {check.outcome for check in found}
    if as_json:
        from repro.app.answers import DataVerification

        holds = outcomes == {"holds"}
        value = {"schema": "repro.data-verification/v1", "holds": holds}
        checks = tuple(map(vars, found))
        output.say_record(DataVerification.model_validate(value | {"checks": checks}))
    else:
        for check in found:
            output.say(f"{check.dataset} {check.name}: {output.toned(check.outcome)}, {check.text}")
    if "fails" in outcomes:
        return ExitCode.FINDING
    return ExitCode.PRECONDITION if "skipped" in outcomes else ExitCode.HOLDS


@command.command(name="hash")
@click.argument("name")
@json_option("data-hash")
@project_option
def hash_(name: str, project_folder: Path | None, *, as_json: bool) -> int:
    """Print the SHA-256 of a data set or a file, and the digest of a data set's content.

    NAME is a registered data set or a file.
    """
    from repro.app.data import hashes

    found = hashes(find(project_folder), name)
    if as_json:
        from repro.app.answers import DataHash

        output.say_record(DataHash.model_validate({"schema": "repro.data-hash/v1", **found}))
    else:
        for key, value in found.items():
            output.say(f"{key:<8}{value}")
    return ExitCode.HOLDS


@command.command()
@click.argument("name")
@click.argument("files", metavar="[FILE]...", type=PATH, nargs=-1)
@click.option("--target", help="The column to predict.")
@click.option("--positive", help="The positive label of a binary target.")
@click.option("--missing", multiple=True, help="A text that means missing; can be repeated.")
@written_options
@click.option("--outside", is_flag=True, help="The file stays outside the project.")
@click.option("--dvc", is_flag=True, help="DVC keeps the file, and pulls it where it is missing.")
@click.option(
    "--sql", metavar="URL", envvar="REPRO_SQL", help="A database, for --query; or $REPRO_SQL."
)
@click.option("--query", metavar="SQL", help="The query whose answer is kept, as FILE or in data/.")
@click.option("--licence", help="The licence of the data.")
@click.option("--origin", help="Where the data comes from.")
@click.option("--description", help="One sentence.")
@click.option("--replace", is_flag=True, help="Replace the registered data set of this name.")
@click.option("--remove", is_flag=True, help="Remove the registered data set; its file stays.")
@project_option
def add(
    name: str,
    files: tuple[Path, ...],
    project_folder: Path | None,
    *,
    missing: tuple[str, ...],
    replace: bool,
    remove: bool,
    **options: Any,
) -> int:
    """Register a file of the project, with roles guessed from its columns.

    Several files, or a pattern in quotes, are one table: its parts in the order of their names.
    How the file is written, what means missing and what each column is for are guessed where no
    option says it; each guess is printed with its reason. The entry is appended to
    configs/datasets.yaml. Read it and correct the roles in that file, or by --replace.

    With --replace, FILE may be left out, and all that is not said stays as it is declared.
    """
    project, given = find(project_folder), given_by(options)
    path, given = _with_files(files, given, options)
    facts = {key: options[key] for key in _FACTS if options[key] is not None}
    if remove:
        return _remove(project, name, alone=not (files or replace or facts or missing))
    if replace:
        return _replace(project, name, path, facts, missing or None, given)
    from repro.app.data import add as add_entry
    from repro.datasets.drafting import Proposal

    for option in ("target", "licence", "origin"):
        if option not in facts:
            raise click.UsageError(f"Missing option '--{option}'.")
    if path is None and given.query is None:
        raise click.UsageError("Missing argument 'FILE'.")
    facts = {"description": "", "positive": None, **facts}
    entry, task = add_entry(
        project, Proposal(name=name, path=path, missing=missing, given=given, **facts)
    )
    output.say(entry.rstrip())
    output.say(f"added '{name}' to configs/datasets.yaml: read it and correct the roles")
    output.say(f"next: write configs/experiments/{name}.yaml, then: repro train {name}\n")
    output.say(_experiment(name, task, facts["description"]))
    return ExitCode.HOLDS


def _with_files(
    files: tuple[Path, ...], given: Given, options: Mapping[str, Any]
) -> tuple[Path | None, Given]:
    """Return the first file, and the facts with the others, or with the query."""
    from dataclasses import replace

    from repro.datasets.declaring import expanded
    from repro.datasets.sources.sql import Query

    if options["query"] is not None and options["sql"] is None:
        raise click.UsageError("--query needs --sql URL, or the variable REPRO_SQL.")
    paths = expanded(Path.cwd() / file for file in files)
    path, more = (paths[0], tuple(paths[1:])) if paths else (None, ())
    for option in ("outside", "dvc"):
        if options[option] and more:
            raise click.UsageError(f"--{option} takes one file.")
    if options["outside"] and options["dvc"]:
        raise click.UsageError("--dvc is for a file of the project: leave out --outside.")
    query = None if options["query"] is None else Query(options["sql"], options["query"])
    if query is not None and more:
        raise click.UsageError("--query takes one file, for its answer.")
    return path, replace(
        given, more=more, outside=options["outside"], dvc=options["dvc"], query=query
    )


def _remove(project: Path, name: str, *, alone: bool) -> int:
    if not alone:
        raise click.UsageError("--remove takes the name of the data set and nothing else.")
    from repro.app.data import remove as remove_entry

    remove_entry(project, name)
    output.say(f"removed '{name}' from configs/datasets.yaml; its file is where it was")
    return ExitCode.HOLDS


def _replace(
    project: Path,
    name: str,
    path: Path | None,
    facts: Mapping[str, str],
    missing: tuple[str, ...] | None,
    given: Given,
) -> int:
    from repro.app.data import replace as replace_entry
    from repro.datasets.replacing import Replacement

    entry, changes = replace_entry(project, Replacement(name, path, facts, missing, given))
    output.say(entry.rstrip())
    output.say(f"replaced '{name}' in configs/datasets.yaml:")
    for line in changes:
        output.say(f"  {line}")
    return ExitCode.HOLDS


@command.command()
@click.argument("name")
@click.argument("file", type=PATH)
@project_option
def locate(name: str, file: Path, project_folder: Path | None) -> int:
    """Say where this machine has the file of a data set outside the project.

    The file is hashed first. Its path stays in data/cache, on this machine.
    """
    from repro.app.data import locate as locate_file

    locate_file(find(project_folder), name, Path.cwd() / file)
    output.say(f"{name}: {file.name} is the declared file, and is read from its place")
    return ExitCode.HOLDS


def _experiment(name: str, task: str, description: str) -> str:
    """Return the text of an experiment to begin with."""
    metric, other = _PROPOSED[task]
    return (
        f"schema: repro.experiment/v1\n"
        f"description: {json.dumps(description or name, ensure_ascii=False)}\n"
        f"task: {task}{other}\ndataset: {name}\nfamilies: [decision_tree, random_forest]\n"
        f"selection:\n  metric: {metric}"
    )
