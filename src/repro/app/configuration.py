"""Use cases of the configuration: resolve it, say where values come from, compare two."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.app.bounds import check_bounds
from repro.app.limits import check_families
from repro.config.compose import Composition, Request, compose
from repro.config.experiment import ExperimentConfig
from repro.config.project import BASE, DATASETS, read_source
from repro.config.resolve import resolve, resolved_tree, validate
from repro.config.tree import subtree
from repro.config.verification import Stability, Verification
from repro.core.errors import ConfigError, SchemaError
from repro.core.jsonfile import load
from repro.divergence.structure import flatten
from repro.store.disk import read_limited

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Resolved:
    """A request, composed and validated."""

    config: ExperimentConfig
    composition: Composition

    @property
    def origins(self) -> dict[str, str]:
        """The file and line, or the flag, behind every value, by dotted key."""
        return {
            ".".join(path): leaf.origin for path, leaf in resolved_tree(self.composition).items()
        }

    @property
    def overrides(self) -> dict[str, str]:
        """The values that a flag, an overlay or the profile set, each with which of them did."""
        experiment = f"configs/experiments/{self.composition.experiment}.yaml"
        usual = ("repro", BASE, DATASETS, "configs/models/", experiment)
        found = {
            key: origin for key, origin in self.origins.items() if not origin.startswith(usual)
        }
        families = self.composition.tree.get(("families",))
        if families is not None and not families.origin.startswith(usual):
            found["families"] = families.origin
        return found

    @property
    def sources(self) -> dict[str, str]:
        """SHA-256 of every configuration file that was read."""
        return {source.name: source.sha256 for source in self.composition.sources}


def resolve_request(project: Path, request: Request) -> Resolved:
    """Compose and validate what a caller asks for.

    Raises
    ------
    ConfigError
        With every problem that was found.
    """
    composition = compose(project, request)
    return Resolved(resolve(composition), composition)


def parse_config(value: Mapping[str, object], where: str) -> ExperimentConfig:
    """Read a recorded configuration strictly.

    Raises
    ------
    SchemaError
        If it is not a configuration of this version.
    PreconditionError
        If it asks for more work than any honest one.
    """
    try:
        config = ExperimentConfig.model_validate_json(json.dumps(value))
    except ValueError as error:
        raise SchemaError(
            f"{where}: not a configuration that this program reads: {error}",
            advice="use the version of repro that wrote it",
        ) from error
    check_bounds(config, where)
    return config


def values_of(config: ExperimentConfig) -> dict[str, object]:
    """Give every value of a configuration its dotted key."""
    return flatten(config.model_dump(mode="json", by_alias=True))


def allowed_modules(project: Path) -> tuple[str, ...]:
    """Return the modules that this project lets estimators come from."""
    leaf = read_source(project, project / BASE, "base").tree.get(("security", "allowed_modules"))
    value = leaf.value if leaf else None
    return tuple(str(name) for name in value) if isinstance(value, list) else ()


def verification_settings(project: Path) -> Verification:
    """Return how this project holds records against trainings, from ``configs/base.yaml``.

    Raises
    ------
    ConfigError
        If the section is missing or not valid, or names a family that the project has not.
    """
    base = read_source(project, project / BASE, "base")
    settings = validate(subtree(base.tree, ("verification",)), Verification)
    check_families(project, settings)
    return settings


def stability_settings(project: Path) -> Stability:
    """Return when this project calls the metrics of replicates drifting, and diverged.

    Raises
    ------
    ConfigError
        If the section is missing from ``configs/base.yaml`` or not valid.
    """
    base = read_source(project, project / BASE, "base")
    return validate(subtree(base.tree, ("stability",)), Stability)


def recorded_or_named(project: Path, runs: Path, reference: str) -> ExperimentConfig:
    """Return the configuration of a record file, a run by folder or id, or an experiment.

    Raises
    ------
    ConfigError, SchemaError
    """
    places = [Path(reference), project / reference, runs / reference]
    files = [path / "config.json" if path.is_dir() else path for path in places]
    file = next((path for path in files if path.is_file()), None)
    if file is None:
        return resolve_request(project, Request(experiment=reference)).config
    try:
        value = load(read_limited(file, reference), reference)
    except OSError as error:
        raise ConfigError(f"{reference}: cannot be read: {error.strerror}") from error
    inner = value.get("config")
    return parse_config(inner if isinstance(inner, dict) else value, reference)
