"""Use cases of the configuration: resolve it, say where values come from, compare two."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from repro.app.own_metrics import check_tolerances
from repro.app.tolerances import check_families
from repro.config.compose import Composition, Request, compose
from repro.config.project import (
    BASE,
    DATASETS,
    SHIPPED,
    names_in,
    read_base,
    read_named,
    read_source,
    shipped_base,
)
from repro.config.recorded import parse_config
from repro.config.resolve import resolve, resolved_tree, validate
from repro.config.tree import merge_all, subtree
from repro.config.verification import Automatic, Stability, VerificationSettings
from repro.core.errors import ConfigError
from repro.core.jsonfile import load
from repro.divergence.limits import check_measure, rules_of
from repro.divergence.structure import differences, flatten
from repro.store.disk import read_limited

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.config.experiment import ExperimentConfig
    from repro.config.tree import Tree


@dataclass(frozen=True)
class Resolved:
    """A request, composed and validated."""

    config: ExperimentConfig
    composition: Composition

    @property
    def values(self) -> dict[str, object]:
        """Every value by dotted key."""
        return values_of(self.config)

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
        usual = (BASE, DATASETS, "configs/models/", experiment)

        def is_usual(origin: str) -> bool:
            return origin == "repro" or origin.removeprefix(SHIPPED).startswith(usual)

        found = {key: origin for key, origin in self.origins.items() if not is_usual(origin)}
        families = self.composition.tree.get(("families",))
        if families is not None and not is_usual(families.origin):
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
    config = resolve(composition)
    check_tolerances(config.verification, chain(_all_trees(project), [composition.tree]))
    return Resolved(config, composition)


def values_of(config: ExperimentConfig) -> dict[str, object]:
    """Give every value of a configuration its dotted key."""
    return flatten(config.model_dump(mode="json", by_alias=True))


def differing_values(
    left: ExperimentConfig, right: ExperimentConfig
) -> dict[str, tuple[object, object]]:
    """Return the values in which two configurations differ, by dotted key."""
    return differences(left.model_dump(mode="json"), right.model_dump(mode="json"))


def check_verification(project: Path) -> None:
    """Refuse a measure of this project that would accept any accuracy.

    Raises
    ------
    ConfigError
        As ``verification_settings``, or with the key of the tolerance.
    """
    check_measure(verification_settings(project))


def own_trees(project: Path, kind: str) -> Iterator[Tree]:
    """Yield the leaves of ``configs/base.yaml``, or of every file in a folder beside it.

    A file that cannot be read is skipped: whatever composes it reports what is wrong.
    """
    if kind == "base":
        yield read_base(project).tree
        return
    for name in names_in(project, kind):
        try:
            yield read_named(project, kind, name).tree
        except ConfigError:
            continue


def _all_trees(project: Path) -> Iterator[Tree]:
    for kind in ("base", "experiments", "profiles"):
        yield from own_trees(project, kind)


def default_verification() -> VerificationSettings:
    """Return how records are compared where no project says it."""
    return validate(subtree(shipped_base().tree, ("verification",)), VerificationSettings)


def settings_or_default(folder: Path) -> VerificationSettings:
    """Return how a project compares records; of a folder that is no project, the default.

    Raises
    ------
    ConfigError
        As ``verification_settings``.
    """
    if (folder / BASE).is_file():
        return verification_settings(folder)
    return default_verification()


def verification_settings(project: Path, experiment: str = "") -> VerificationSettings:
    """Return how this project compares records with trainings.

    They are those of ``configs/base.yaml``. Only where these are not complete, what this project
    says of an experiment counts too, and then what comes with the package: the author of a record
    does not choose the measure.

    Raises
    ------
    ConfigError
        If the section is not valid.
    """
    own = read_source(project, project / BASE, "base").tree
    try:
        settings = validate(subtree(own, ("verification",)), VerificationSettings)
    except ConfigError:
        is_known = experiment in names_in(project, "experiments")
        composed = compose(project, Request(experiment=experiment)).tree if is_known else {}
        tree = merge_all([shipped_base().tree, composed, own])
        settings = validate(subtree(tree, ("verification",)), VerificationSettings)
    check_tolerances(settings, _all_trees(project))
    return settings


def noise_rules(project: Path) -> Automatic:
    """Return what a project makes of a measured spread; the default without a project.

    Raises
    ------
    ConfigError
        If it does not say.
    """
    return rules_of(settings_or_default(project))


def idle_tolerances(project: Path) -> str:
    """Return which tolerance is for a family that the project does not have; empty if none is.

    It is no error: a project may drop a family that ``configs/base.yaml`` has a tolerance for.
    """
    base = read_base(project)
    if not subtree(base.tree, ("verification",)):
        return ""
    try:
        check_families(project, verification_settings(project))
    except ConfigError as error:
        return "; ".join(part for part in (error.message, error.advice) if part)
    return ""


def stability_settings(project: Path) -> Stability:
    """Return when this project calls the metrics of replicates drifting, and diverged.

    Raises
    ------
    ConfigError
        If the section of ``configs/base.yaml`` is not valid.
    """
    base = read_base(project)
    return validate(subtree(base.tree, ("stability",)), Stability)


def recorded_or_named(project: Path, runs: Path, reference: str) -> ExperimentConfig:
    """Return the configuration of a record file, a run by folder or id, or an experiment.

    Raises
    ------
    ConfigError
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
