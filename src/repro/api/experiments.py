"""``train`` and ``load_config``: experiments of a project."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.api.calls import Choice, TrainCall, Trained, checked
from repro.api.children import ask
from repro.api.requests import absolute, project_of, request_of
from repro.api.results import TrainingResult
from repro.api.wording import errors_in_python
from repro.app.configuration import resolve_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import JsonValue

    from repro.app.configuration import Resolved


def train(  # noqa: PLR0913 - as many arguments as the command has options
    experiment: str | None = None,
    *,
    profile: str = "default",
    overlays: Sequence[str | Path] = (),
    settings: Mapping[str, JsonValue] | None = None,
    seed: int | None = None,
    models: Sequence[str] = (),
    variants: Mapping[str, str] | None = None,
    target: str | None = None,
    level: str | None = None,
    workers: int | None = None,
    runs: str | Path | None = None,
    project: str | Path | None = None,
    progress: Callable[[str], object] | None = None,
) -> TrainingResult:
    """Train an experiment and keep the evidence in a run folder, as ``repro train`` does.

    It trains in a process of its own, which is at the determinism level from its start: the
    calling process may have loaded NumPy, and nothing in it changes.

    Parameters
    ----------
    experiment : str, optional
        A name under ``configs/experiments``; the project's default if omitted.
    profile : str
        A named set of values, such as ``debug``.
    overlays : sequence of str or Path
        YAML files that override values; the last one wins.
    settings : mapping of str to plain value, optional
        Values by dotted key, such as ``{"split.test_size": 0.3}``.
    seed : int, optional
        The base seed; the configured one if omitted.
    models : sequence of str
        The families to train; those of the experiment if empty.
    variants : mapping of str to str, optional
        Named variants by family.
    target : str, optional
        One of the targets of the data set; the usual one if omitted.
    level : str, optional
        ``seeded``, ``strict``, ``portable`` or ``portable-v2``.
    workers : int, optional
        Worker processes; the result is the same.
    runs : str or Path, optional
        Folder of the runs.
    project : str or Path, optional
        The nearest folder with ``configs/base.yaml``, from the current one up, if omitted.
    progress : callable, optional
        Receives a sentence for each thing that begins, such as ``print``.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ConfigError
        If an argument or the configuration is wrong.
    DataError
        If the data is not what was declared, or cannot be trained on.
    PreconditionError
        If there is no project, or something that the training needs is missing.
    """
    choice = _choice(
        experiment=experiment,
        profile=profile,
        overlays=overlays,
        settings=settings,
        seed=seed,
        models=models,
        variants=variants,
        target=target,
        level=level,
        workers=workers,
        runs=runs,
    )
    call = TrainCall(project=str(project_of(project)), choice=choice)
    return TrainingResult.of(ask("train", call, Trained, progress))


def load_config(  # noqa: PLR0913 - those of ``train``
    experiment: str | None = None,
    *,
    profile: str = "default",
    overlays: Sequence[str | Path] = (),
    settings: Mapping[str, JsonValue] | None = None,
    seed: int | None = None,
    models: Sequence[str] = (),
    variants: Mapping[str, str] | None = None,
    target: str | None = None,
    level: str | None = None,
    workers: int | None = None,
    runs: str | Path | None = None,
    project: str | Path | None = None,
) -> Resolved:
    """Compose and validate a configuration, as ``repro config show`` does; nothing is trained.

    Parameters
    ----------
    experiment, profile, overlays, settings, seed, models, variants, target, level, workers, runs,
    project
        As in ``train``.

    Returns
    -------
    Resolved
        ``config`` is the typed configuration, ``values`` has every value by dotted key, and
        ``origins`` the file and line behind each, or the option of ``repro train``.

    Raises
    ------
    ConfigError
        With every problem that was found.
    PreconditionError
        If there is no project.
    """
    choice = _choice(
        experiment=experiment,
        profile=profile,
        overlays=overlays,
        settings=settings,
        seed=seed,
        models=models,
        variants=variants,
        target=target,
        level=level,
        workers=workers,
        runs=runs,
    )
    with errors_in_python():
        return resolve_request(project_of(project), request_of(choice))


def _choice(**arguments: Any) -> Choice:
    """Check the arguments of a caller, and write paths as a different process reads them."""
    given = {
        **arguments,
        "overlays": tuple(map(absolute, _several(arguments["overlays"]))),
        "models": _several(arguments["models"]),
        "settings": arguments["settings"] or {},
        "variants": arguments["variants"] or {},
        "runs": absolute(arguments["runs"]),
    }
    return checked(Choice, **given)


def _several(value: Any) -> Any:
    """Take one name for a list of it, since text is a sequence of letters."""
    if isinstance(value, str | Path):
        return (value,)
    return tuple(value) if isinstance(value, Iterable) else value
