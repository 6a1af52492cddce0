"""The arguments of a function as the request of a use case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from repro.app.tolerances import requested
from repro.config.compose import Request
from repro.config.project import find_project
from repro.core.errors import ConfigError, PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.api.calls import Choice
    from repro.app.tolerances import ToleranceRequest

_PLAIN = "pass text, a number, True, False, None, or a list or dict of these"
_AUTO = "auto"


def project_of(named: str | Path | None) -> Path:
    """Return the project that is named, or that the current folder is in.

    Raises
    ------
    PreconditionError
        If there is no project.
    """
    try:
        return find_project(Path.cwd() if named is None else Path(named))
    except PreconditionError as error:
        advice = "change to a folder inside a project, or pass project=FOLDER"
        raise PreconditionError(error.message, advice=advice) from error


def project_if_any(named: str | Path | None) -> Path | None:
    """Return the project as ``project_of``; None if none is named and the folder is in no project.

    Raises
    ------
    PreconditionError
        If a folder is named and is in no project.
    """
    try:
        return project_of(named)
    except PreconditionError:
        if named is not None:
            raise
        return None


def absolute(path: object) -> object:
    """Write a path as a process that starts elsewhere reads it; leave anything else as it is."""
    return str(Path.cwd() / path) if isinstance(path, str | Path) else path


def request_of(choice: Choice) -> Request:
    """Turn the choice of an experiment into a request, as the options of ``repro train`` do.

    Raises
    ------
    ConfigError
        If a value is not plain data.
    """
    return Request(
        experiment=choice.experiment,
        profile=choice.profile,
        overlays=tuple(Path.cwd() / path for path in choice.overlays),
        assignments=tuple(_assignments(choice)),
    )


def _assignments(choice: Choice) -> Iterator[tuple[str, str, str]]:
    # The names of the options, since the use case says by them what had no effect.
    for key, value in choice.settings.items():
        yield "--set", key, as_yaml(f"settings['{key}']", value)
    for family, variant in choice.variants.items():
        yield "--variant", f"variants.{family}", as_yaml("variants", variant)
    runs = None if choice.runs is None else str(Path.cwd() / choice.runs)
    named = {
        ("--seed", "seed"): choice.seed,
        ("--target", "target"): choice.target,
        ("--level", "determinism.level"): choice.level,
        ("--workers", "execution.workers"): choice.workers,
        ("--runs", "execution.runs"): runs,
        ("--model", "families"): list(choice.models) or None,
    }
    for (option, key), given in named.items():
        if given is not None:
            yield option, key, as_yaml(option, given)


def as_yaml(name: str, value: object) -> str:
    """Write a value as YAML that reads back to the same value.

    Raises
    ------
    ConfigError
        If it is not plain data.

    Examples
    --------
    >>> as_yaml("settings['models.svm.params.tol']", 1e-07), as_yaml("settings['a']", "yes")
    ('1e-07', '"yes"')
    """
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"{name}: expected plain data, found {type(value).__name__}: {error}", advice=_PLAIN
        ) from error


def words_of(choice: Choice) -> list[str]:
    """Return the command that trains the same, for the run's lineage.

    Raises
    ------
    ConfigError
        As ``request_of``.

    Examples
    --------
    >>> from repro.api.calls import Choice
    >>> words_of(Choice(experiment="wine", seed=7, settings={"split.test_size": 0.3}))
    ['repro', 'train', 'wine', '--set', 'split.test_size=0.3', '--seed=7']
    """
    words = ["repro", "train", *([choice.experiment] if choice.experiment else [])]
    words += [] if choice.profile == "default" else [f"--profile={choice.profile}"]
    words += [f"--overlay={path}" for path in choice.overlays]
    for option, key, text in _assignments(choice):
        if option == "--set":
            words += [option, f"{key}={text}"]
        elif option == "--variant":
            words.append(f"{option}={key.removeprefix('variants.')}={json.loads(text)}")
        elif option == "--model":
            words += [f"{option}={name}" for name in json.loads(text)]
        else:
            words.append(f"{option}={json.loads(text)}")
    return words


def tolerance_of(tolerance: float | str | None, noise: str | Path | None) -> ToleranceRequest:
    """Turn the arguments of ``verify`` and ``compare`` into a request for a tolerance.

    Raises
    ------
    ConfigError
        If the tolerance is invalid, or noise is given without ``tolerance="auto"``.
    PreconditionError, SchemaError
        If the noise cannot be read.
    """
    if noise is not None and tolerance != _AUTO:
        raise ConfigError("noise= needs tolerance='auto'", advice="pass tolerance='auto' too")
    if tolerance == _AUTO:
        return requested(auto=True, noise_file=None if noise is None else Path(noise))
    if tolerance is None:
        return requested()
    if isinstance(tolerance, str | bool) or not isinstance(tolerance, float | int):
        raise ConfigError(f"tolerance={tolerance!r}: expected a number or 'auto'")
    return requested(float(tolerance))
