"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from repro.core.errors import ConfigError, PreconditionError
from repro.core.pathname import pathname_problem
from repro.launch import KNOWN, Level, dropped, ensure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from repro.app.tolerances import ToleranceRequest
    from repro.config.compose import Request

_F = TypeVar("_F", bound="Callable[..., Any]")


class PathName(click.Path):
    """The name of a file or folder; an empty one would be the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty name, as an unset variable of a shell leaves it."""
        if isinstance(value, str) and (problem := pathname_problem(value)):
            self.fail(f"expected the name of a file or folder; {problem}", param, ctx)
        return super().convert(value, param, ctx)


PATH = PathName(path_type=Path)

debug_option = click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
workers_option = click.option(
    "--workers", type=click.IntRange(min=1), help="Worker processes; the result is the same."
)
jobs_option = click.option(
    "-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True,
    help="How many run at a time, each in a process of its own.",
)  # fmt: skip
runs_option = click.option("--runs", "runs_folder", type=PATH, help="Folder of the runs.")
LEVELS = tuple(map(str, Level))


def json_option(*kinds: str) -> Callable[[_F], _F]:
    """Return the option ``--json`` of a command that prints values of these kinds.

    The help names them, since ``repro config schema KIND`` prints the schema of each. A kind
    without a version has the first.
    """
    schemas = " or ".join(f"repro.{kind}" if "/" in kind else f"repro.{kind}/v1" for kind in kinds)
    return click.option("--json", "as_json", is_flag=True, help=f"Print JSON: {schemas}.")


def tolerance_options(function: _F) -> _F:
    """Add ``--tolerance`` and ``--noise``, which together make an ``ToleranceRequest``."""
    options = (
        click.option(
            "--tolerance",
            metavar="NUMBER|auto",
            help="Absolute and relative together; 0 requires the same bits; auto derives it from"
            " the two environments and the noise.",
        ),
        click.option(
            "--noise",
            "noise_file",
            type=PATH,
            help="The file that repro noise wrote, for --tolerance auto.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


map_option = click.option(
    "--map",
    "mapped",
    multiple=True,
    metavar="NAME=METRIC",
    help="NAME in a report of metrics is METRIC of the record; NAME= leaves it out.",
)


def mapping_of(mapped: tuple[str, ...]) -> dict[str, str]:
    """Read the options ``--map``: the metric of a record, by the name that a report uses."""
    found: dict[str, str] = {}
    for each in mapped:
        # Names of reports may have such signs, and those of metrics have none.
        name, equals, metric = each.rpartition("=")
        if not equals or not name:
            raise click.BadParameter(f"expected NAME=METRIC, found '{each}'", param_hint="--map")
        if name in found:
            raise click.BadParameter(f"'{name}' is mapped twice", param_hint="--map")
        found[name] = metric
    return found


def tolerance_request(tolerance: str | None, noise_file: Path | None) -> ToleranceRequest:
    """Read the options of ``tolerance_options``.

    Raises
    ------
    ConfigError
        If the tolerance is invalid.
    PreconditionError, SchemaError
        If the noise cannot be read.
    """
    from repro.app.tolerances import requested

    if noise_file is not None and tolerance != "auto":
        raise click.UsageError("--noise needs --tolerance auto")
    if tolerance == "auto":
        return requested(auto=True, noise_file=noise_file)
    if tolerance is None:
        return requested()
    try:
        value = float(tolerance)
    except ValueError:
        raise click.BadParameter(
            f"expected a number or auto, found '{tolerance}'", param_hint="--tolerance"
        ) from None
    return requested(value)


level_option = click.option(
    "--level", type=click.Choice(LEVELS), help="What is fixed before Python starts."
)

run_command_option = click.option(
    "--run-command",
    is_flag=True,
    help="Run a command that was recorded elsewhere, without asking.",
)


def project_option(function: _F) -> _F:
    """Add ``--project`` and ``--debug``."""
    option = click.option(
        "--project",
        "project_folder",
        type=PathName(exists=True, file_okay=False, path_type=Path),
        help="Project folder; the nearest one with configs/base.yaml by default.",
    )
    return option(debug_option(function))


_OF_A_REQUEST = (
    click.argument("experiment", required=False),
    click.option(
        "-p",
        "--profile",
        default="default",
        show_default=True,
        help="A named set of values, such as debug.",
    ),
    click.option(
        "-f",
        "--overlay",
        "overlays",
        multiple=True,
        type=PATH,
        help="A YAML file that overrides values; the last one wins.",
    ),
    click.option(
        "-s", "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Set one value."
    ),
    click.option("--seed", "--random-state", "seed", type=int, help="The base seed."),
    click.option("--test-size", type=float, help="Share of rows held out."),
    click.option("--max-iter", type=int, help="max_iter of every family that has one."),
    click.option("--n-estimators", type=int, help="n_estimators of every family that has one."),
    click.option(
        "-m", "--model", "--model-type", "models", multiple=True, help="Train this family only."
    ),
    click.option(
        "--variant",
        "variants",
        multiple=True,
        metavar="FAMILY=NAME",
        help="Use a named variant of a family.",
    ),
    level_option,
    workers_option,
    runs_option,
)


def request_options(function: _F) -> _F:
    """Add the options that choose and change an experiment."""
    for option in reversed(_OF_A_REQUEST):
        function = option(function)
    return function


def find(project_folder: Path | None) -> Path:
    """Return the project that a command is about."""
    from repro.config.project import find_project

    return find_project(project_folder or Path.cwd())


def find_if_any(project_folder: Path | None) -> Path | None:
    """Return the project of a command; None if none was named and the folder is in no project."""
    from repro.config.project import find_project

    try:
        return find_project(project_folder or Path.cwd())
    except PreconditionError:
        if project_folder is not None:
            raise
        return None


def is_here(project: Path) -> bool:
    """Return whether a project is the one found from the current folder."""
    return project in {Path.cwd(), *Path.cwd().parents}


def runs_of(project: Path, runs_folder: Path | None) -> Path:
    """Return the folder of the runs: as given, or as ``configs/base.yaml`` says."""
    from repro.config import project as configured

    named = None if runs_folder is None else Path.cwd() / runs_folder
    return configured.runs_folder(project, named)


def make_request(
    *,
    experiment: str | None = None,
    profile: str = "default",
    overlays: tuple[Path, ...] = (),
    settings: tuple[str, ...] = (),
    seed: int | None = None,
    test_size: float | None = None,
    max_iter: int | None = None,
    n_estimators: int | None = None,
    models: tuple[str, ...] = (),
    variants: tuple[str, ...] = (),
    target: str | None = None,
    level: str | None = None,
    workers: int | None = None,
    executor: str | None = None,
    runs_folder: Path | None = None,
) -> Request:
    """Turn the options of ``request_options`` into a request."""
    from repro.config.compose import Request

    folder = None if runs_folder is None else _utf8(str(Path.cwd() / runs_folder))
    flags = {
        ("--seed", "seed"): seed,
        ("--test-size", "split.test_size"): test_size,
        ("--level", "determinism.level"): level,
        ("--workers", "execution.workers"): workers,
        ("--executor", "execution.executor"): None if executor is None else _quoted(executor),
        ("--runs", "execution.runs"): None if folder is None else _quoted(folder),
        ("--target", "target"): None if target is None else _quoted(target),
        ("--model", "families"): f"[{', '.join(map(_quoted, models))}]" if models else None,
    }
    named = tuple((*name, str(value)) for name, value in flags.items() if value is not None)
    return Request(
        experiment=experiment,
        profile=profile,
        overlays=tuple(Path.cwd() / path for path in overlays),
        assignments=(*_assigned(settings, variants), *named),
        max_iter=max_iter,
        n_estimators=n_estimators,
    )


def _assigned(
    settings: tuple[str, ...], variants: tuple[str, ...]
) -> Iterator[tuple[str, str, str]]:
    """Yield the option, key and text of each value that is set, and of each variant."""
    for setting in settings:
        yield "--set", *_pair(setting)
    for key, name in map(_pair, variants):
        yield "--variant", f"variants.{key}", _quoted(name)


def enter(level: str) -> None:
    """Restart at a determinism level if needed; warn of unknown variables that were kept out.

    Raises
    ------
    PreconditionError
    """
    from repro.cli import output

    ensure(Level(level))
    for name in sorted(dropped().keys() - KNOWN):
        output.warn(
            f"{name} can change results and is unknown to repro: it was kept out and recorded"
        )


def _utf8(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"--runs: {name!a}: the name is not UTF-8, so no record can contain it",
            advice="choose a different folder",
        ) from error
    return name


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise click.BadParameter(f"expected KEY=VALUE, found '{text}'")
    return key, value
