"""The use case of ``scripts/validate_reproducibility.py``: one training, compared or kept.

A question is prepared before the determinism level is entered, and judged by ``verify`` afterwards.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.app.configuration import resolve_request, verification_settings
from repro.app.files import check_targets, write_whole
from repro.app.reference import check_replaceable
from repro.app.subjects.question import prepare as prepare_question
from repro.app.subjects.question import prepare_subject
from repro.app.subjects.recorded import recorded_config
from repro.app.subjects.records import sampled
from repro.app.subjects.subject import Subject, check_integrity
from repro.app.subjects.trust import check_trust
from repro.app.subjects.verification import build_verification
from repro.config.compose import Request
from repro.core.errors import PreconditionError
from repro.core.jsonfile import dump_record, load, load_record
from repro.core.records import Metrics
from repro.core.verdict import Outcome
from repro.execution.places import Here, recipe_of
from repro.store.disk import read_limited

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.verdict import Check, Verification
    from repro.divergence.tolerance import ToleranceRequest
    from repro.training.fold import Observer

_ALONE = "a second training beside the first"


@dataclass(frozen=True)
class Wanted:
    """The training that a caller wants; None leaves a choice to the reference or the project."""

    experiment: str | None = None
    profile: str | None = None
    model_type: str | None = None
    seed: int | None = None

    @property
    def is_own(self) -> bool:
        """True if a reference is trained by its own configuration."""
        return not (self.experiment or self.profile or self.model_type)


@dataclass(frozen=True)
class Validation:
    """A training, and what it is compared with.

    Attributes
    ----------
    config : ExperimentConfig or None
        None where nothing is trained, since the reference is not intact.
    against : Subject or Metrics or None
        None compares a second training with the first.
    """

    config: ExperimentConfig | None
    against: Subject | Metrics | None = None
    integrity: tuple[Check, ...] = ()


def prepare(project: Path, wanted: Wanted, file: Path | None) -> Validation:
    """Read the reference, if one is given, and resolve what is trained.

    Raises
    ------
    ConfigError, PreconditionError, SchemaError
        If there is no such file, it is not a record, or the project does not trust it.
    """
    if file is None:
        return Validation(configure(project, wanted))
    if (metrics := read_metrics(file)) is not None:
        return Validation(configure(project, wanted), metrics)
    subject = Subject(file, is_run=False)
    integrity = check_integrity(subject)
    intact = all(check.outcome is Outcome.SAME for check in integrity)
    config = _recorded(project, subject, wanted) if intact else None
    return Validation(config, subject, integrity)


def configure(
    project: Path, wanted: Wanted, own: ExperimentConfig | None = None
) -> ExperimentConfig:
    """Resolve what is wanted by today's project; the rest is as in a reference's configuration.

    Raises
    ------
    ConfigError
    """
    experiment, seed = wanted.experiment, wanted.seed
    families = [wanted.model_type] if wanted.model_type else [*own.models] if own else []
    if own is not None:
        experiment, seed = experiment or own.experiment, own.seed if seed is None else seed
    asked = [("--seed", "seed", str(seed))] if seed is not None else []
    asked += [("--model-type", "families", json.dumps(families))] if families else []
    request = Request(experiment, wanted.profile or "default", assignments=tuple(asked))
    return resolve_request(project, request).config


def _recorded(project: Path, subject: Subject, wanted: Wanted) -> ExperimentConfig:
    own = recorded_config(subject)
    if not wanted.is_own:
        return configure(project, wanted, own)
    check_trust(project, subject, own)
    return own if wanted.seed is None else own.model_copy(update={"seed": wanted.seed})


def judge(
    project: Path, asked: Validation, observer: Observer, tolerance: ToleranceRequest
) -> Verification:
    """Train and compare, as ``repro verify`` does.

    Raises
    ------
    PreconditionError, DataError, ConfigError
        As ``verify``.
    """
    from repro.app.verify import verify, verify_metrics  # noqa: PLC0415 - imports NumPy

    config, against = asked.config, asked.against
    if config is None:
        name = against.name if isinstance(against, Subject) else ""
        return build_verification(name, asked.integrity, None)
    if isinstance(against, Metrics):
        return verify_metrics(project, against, config, observer, tolerance)
    if against is None:
        first = Here().execute(project, recipe_of(config), observer).record
        question = prepare_question(project, _ALONE, first, config, tolerance)
        return verify(project, question, observer, Here())
    question = prepare_subject(project, against, asked.integrity, config, tolerance)
    return verify(project, question, observer, Here(shut=True))


def check_reference(file: Path, experiment: str) -> None:
    """Refuse a file that no reference of an experiment may replace, before anything is trained.

    Raises
    ------
    ConfigError, PreconditionError
    """
    check_targets([file])
    check_replaceable(file, experiment)


def save_reference(project: Path, config: ExperimentConfig, observer: Observer, file: Path) -> None:
    """Train and write the record as a reference.

    Raises
    ------
    PreconditionError, DataError, ConfigError
    """
    record = Here().execute(project, recipe_of(config), observer).record
    sample = verification_settings(project, config.experiment).sample
    write_whole(file, dump_record(sampled(record, sample)))


def read_metrics(path: Path) -> Metrics | None:
    """Read the ``metrics.json`` of a run; None for a file of any other kind.

    Raises
    ------
    PreconditionError
        If there is no such file.
    SchemaError
        If it is not JSON, or not what its schema says.
    """
    try:
        content = read_limited(path, path.name)
    except FileNotFoundError as error:
        raise PreconditionError(
            f"no reference file {path}", advice="make one with --save-reference"
        ) from error
    except OSError as error:
        raise PreconditionError(f"{path}: cannot be read: {error.strerror}") from error
    if load(content, path.name).get("schema") != "repro.metrics/v1":
        return None
    return load_record(content, path.name, Metrics)
