"""The configuration that a run or a reference was trained with, and whether to trust it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.configuration import allowed_modules, parse_config
from repro.config.models import UrlSource
from repro.core.errors import PreconditionError
from repro.core.jsonfile import load
from repro.datasets.registry import registry

if TYPE_CHECKING:
    from pathlib import Path

    from repro.app.subject import Subject
    from repro.config.models import ExperimentConfig


def recorded_config(subject: Subject) -> ExperimentConfig:
    """Read the configuration that the subject was trained with.

    Raises
    ------
    PreconditionError, SchemaError
    """
    path = subject.path / "config.json" if subject.is_run else subject.path
    try:
        value = load(path.read_bytes(), path.name)
    except OSError as error:
        raise PreconditionError(f"{path.name}: cannot be read: {error.strerror}") from error
    inner = value if subject.is_run else value.get("config")
    return parse_config(inner if isinstance(inner, dict) else {}, path.name)


def check_trust(project: Path, config: ExperimentConfig) -> None:
    """Refuse a recorded configuration that reaches further than this project's own.

    Raises
    ------
    PreconditionError
        If it allows a module that ``configs/base.yaml`` does not, or names a URL that is not that
        data set's in ``configs/datasets.yaml``: a record from somebody else opens nothing here.
    """
    _check_url(project, config)
    allowed = allowed_modules(project)
    beyond = sorted(set(config.security.allowed_modules) - set(allowed))
    if beyond:
        raise PreconditionError(
            f"the record allows estimators from '{beyond[0]}', and this project does not",
            advice=f"if you trust it, add '{beyond[0]}' to security.allowed_modules in base.yaml",
        )


def _check_url(project: Path, config: ExperimentConfig) -> None:
    dataset = config.dataset
    if not isinstance(dataset.source, UrlSource):
        return
    declared = registry(project).get(dataset.name)
    if declared is None or declared.source != dataset.source:
        raise PreconditionError(
            f"the record's data set '{dataset.name}' is at a URL that is not declared here",
            advice="if you trust it, declare the data set in configs/datasets.yaml",
        )
