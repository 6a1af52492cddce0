"""``repro config``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from repro.cli import output
from repro.cli.options import (
    find,
    json_option,
    make_request,
    project_option,
    request_options,
    runs_of,
)
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from repro.app.answers import OriginsAnswer
    from repro.app.configuration import Resolved


@click.group()
def command() -> None:
    """Show, check and compare configuration."""


@command.command()
@request_options
@click.option("--target", help="The target of the data set that is predicted.")
@click.option("--origins", is_flag=True, help="Show which file and line, or flag, set each value.")
@json_option("config", "config-origins")
@project_option
def show(
    project_folder: Path | None,
    *,
    origins: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Show the resolved configuration of an experiment."""
    from repro.app.configuration import resolve_request, values_of

    resolved = resolve_request(find(project_folder), make_request(**options))
    values = values_of(resolved.config)
    if as_json:
        output.say_record(_with_origins(resolved) if origins else resolved.config)
        return ExitCode.HOLDS
    for key, value in values.items():
        origin = f"  # {_origin(key, resolved.origins)}" if origins else ""
        output.say(f"{key} = {json.dumps(value, ensure_ascii=False)}{origin}")
    return ExitCode.HOLDS


def _with_origins(resolved: Resolved) -> OriginsAnswer:
    from repro.app.answers import OriginsAnswer

    return OriginsAnswer(
        schema_="repro.config-origins/v1", config=resolved.config, origins=resolved.origins
    )


def _origin(key: str, origins: dict[str, str]) -> str:
    """Find the origin of a value, or of the list that it stands in."""
    while key and key not in origins:
        key = key.rpartition(".")[0]
    return origins.get(key, "")


@command.command()
@click.argument("experiments", nargs=-1)
@project_option
def check(experiments: tuple[str, ...], project_folder: Path | None) -> int:
    """Check experiments; all of them and every model family by default."""
    from repro.app.checking import check_all
    from repro.app.configuration import check_verification, idle_tolerances

    project = find(project_folder)
    problems = check_all(project, experiments)
    if not any(problems.values()):
        check_verification(project)
    if idle := idle_tolerances(project):
        output.warn(f"has no effect: {idle}")
    for name, problem in problems.items():
        output.say(f"{name}: {output.plain(problem) or 'valid'}")
    return ExitCode.USAGE if any(problems.values()) else ExitCode.HOLDS


@command.command()
@click.argument("left")
@click.argument("right")
@json_option("config-difference")
@project_option
def diff(left: str, right: str, project_folder: Path | None, *, as_json: bool) -> int:
    """Compare the configuration of two experiments, runs or references.

    The exit status is 1 if they differ.
    """
    from repro.app.configuration import differing_values, recorded_or_named

    project = find(project_folder)
    runs = runs_of(project, None)
    ours, theirs = (recorded_or_named(project, runs, name) for name in (left, right))
    found = differing_values(ours, theirs)
    if as_json:
        from repro.app.answers import ConfigDifference

        value = {"schema": "repro.config-difference/v1", "differences": found}
        output.say_record(ConfigDifference.model_validate(value))
    elif found:
        rows = [(key, json.dumps(a), json.dumps(b)) for key, (a, b) in found.items()]
        output.table(("key", left, right), rows)
    else:
        output.say("the same configuration")
    return ExitCode.FINDING if found else ExitCode.HOLDS


@command.command()
@click.argument("kind", required=False)
def schema(kind: str | None) -> int:
    """Print the JSON Schema of a kind of file or of JSON output; list the kinds by default."""
    from repro.app.schemas import KINDS, schema_of

    if kind is None:
        for name in KINDS:
            output.say(name)
    else:
        output.say_json(schema_of(kind))
    return ExitCode.HOLDS
