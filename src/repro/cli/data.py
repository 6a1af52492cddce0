"""``repro data``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from repro.cli import output
from repro.cli.options import PATH, find, json_option, project_option
from repro.core.errors import ExitCode

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
        (name, entry.source.kind, entry.target, entry.licence, entry.description)
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
@click.argument("file", type=PATH)
@click.option("--target", required=True, help="The column to predict.")
@click.option("--positive", help="The positive label of a binary target.")
@click.option("--missing", multiple=True, help="A text that means missing; can be repeated.")
@click.option("--licence", required=True, help="The licence of the data.")
@click.option("--origin", required=True, help="Where the data comes from.")
@click.option("--description", default="", help="One sentence.")
@project_option
def add(
    name: str,
    file: Path,
    project_folder: Path | None,
    *,
    target: str,
    positive: str | None,
    missing: tuple[str, ...],
    licence: str,
    origin: str,
    description: str,
) -> int:
    """Register a file of the project, with roles guessed from its columns.

    The entry is appended to configs/datasets.yaml. Read it and correct the roles in that file.
    """
    from repro.app.data import add as add_entry
    from repro.datasets.drafting import Proposal

    path = Path.cwd() / file
    proposal = Proposal(name, path, target, positive, missing, licence, origin, description)
    entry, task = add_entry(find(project_folder), proposal)
    output.say(entry.rstrip())
    output.say(f"added '{name}' to configs/datasets.yaml: read it and correct the roles")
    output.say(f"next: write configs/experiments/{name}.yaml, then: repro train {name}\n")
    output.say(_experiment(name, task, description))
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
