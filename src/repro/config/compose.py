"""Composition: base < models < experiment < variants < profile < overlays < flags."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repro.config.project import (
    DATASETS,
    SourceFile,
    names_in,
    read_base,
    read_named,
    read_source,
    shipped_base,
)
from repro.config.targets import is_one_of, of_target, with_dataset
from repro.config.tree import merge, merge_all, planted, subtree, without_description
from repro.config.yaml import Leaf, read_value
from repro.core.errors import ConfigError
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from repro.config.tree import Tree


_FAMILY_KEYS = (
    "estimators",
    "params",
    "variants",
    "preprocessing",
    "labels",
    "early_stopping",
    "search",
)
_TASK_KINDS = ("classification", "regression")


@dataclass(frozen=True)
class Request:
    """The request of a caller.

    Attributes
    ----------
    experiment : str or None
        A name under ``configs/experiments``; None for the project's default.
    profile : str
        A name under ``configs/profiles``.
    overlays : tuple of Path
        Files laid over it, the last wins.
    assignments : tuple of (str, str, str)
        Flag as typed, dotted key, YAML text; such as ``("--seed", "seed", "7")``.
    max_iter, n_estimators : int or None
        The limit on iterations, and the number of trees, of every chosen family that has one.
    """

    experiment: str | None = None
    profile: str = "default"
    overlays: tuple[Path, ...] = ()
    assignments: tuple[tuple[str, str, str], ...] = ()
    max_iter: int | None = None
    n_estimators: int | None = None


@dataclass(frozen=True)
class Composition:
    """A merged tree, not yet validated, and the files it came from."""

    experiment: str
    tree: Tree
    sources: tuple[SourceFile, ...] = field(repr=False)


def compose(project: Path, request: Request) -> Composition:
    """Merge everything that a request names.

    Raises
    ------
    ConfigError
        For an unknown experiment, profile, family, variant or data set, or an unreadable file.
    """
    base = read_base(project)
    families, unreadable = _read_families(project)
    name = _default_experiment(base) if request.experiment is None else request.experiment
    experiment = read_named(project, "experiments", name)
    profile = read_named(project, "profiles", request.profile)
    overlays = [read_source(project, path, "overlay") for path in request.overlays]
    flags = _flags(request.assignments)

    models = merge_all(tree for _, tree in families)
    lower = merge_all([base.tree, models, experiment.tree])
    upper = merge_all([without_description(profile.tree), *(o.tree for o in overlays), flags])
    datasets = read_source(project, project / DATASETS, "datasets")
    lower = merge(lower, of_target(merge(lower, upper), datasets))
    wanted = merge(lower, upper)
    _check_readable(wanted, unreadable)
    tree = merge_all([lower, _chosen_variants(wanted), upper])
    tree = merge(tree, _shared(tree, "max_iter", request.max_iter))
    tree = merge(tree, _shared(tree, "n_estimators", request.n_estimators))
    _check_families(tree)
    _check_nothing_is_lost(flags, tree)
    tree = with_dataset(tree, datasets)
    used = {str(family) for family in _families(tree)}
    chosen = [source for source, _ in families if _stem(source) in used]
    usual = [each for each in [shipped_base()] if _is_used(each, tree)]
    read = [*usual, base, *chosen, experiment, profile, *overlays]
    return Composition(name, tree, (*read, datasets))


def _is_used(source: SourceFile, tree: Tree) -> bool:
    return any(leaf.origin.startswith(f"{source.name}:") for leaf in tree.values())


def _read_families(
    project: Path,
) -> tuple[list[tuple[SourceFile, Tree]], dict[str, ConfigError]]:
    """Read every family; one that cannot be read matters only where it is asked for."""
    found, unreadable = [], {}
    for name in names_in(project, "models"):
        try:
            source = read_named(project, "models", name)
            found.append((source, family_tree(source)))
        except ConfigError as error:
            unreadable[name] = error
    return found, unreadable


def _check_readable(wanted: Tree, unreadable: Mapping[str, ConfigError]) -> None:
    named = {path[1] for path in wanted if path[0] in {"models", "variants"} and path[1:]}
    for name in (*map(str, _families(wanted)), *sorted(named)):
        if name in unreadable:
            raise unreadable[name]


def _default_experiment(base: SourceFile) -> str:
    leaf = base.tree.get(("default_experiment",))
    if leaf is None or not isinstance(leaf.value, str):
        raise ConfigError(f"{base.name}: no 'default_experiment'", advice="name an experiment")
    return leaf.value


def _stem(source: SourceFile) -> str:
    return source.name.rpartition("/")[2].removesuffix(".yaml")


def family_tree(source: SourceFile) -> Tree:
    """Return what the file of a model family says, where it belongs in a composition.

    Raises
    ------
    ConfigError
        If it has a key that no family has.
    """
    tree = planted(without_description(source.tree), ("models", _stem(source)))
    for path, leaf in subtree(tree, ("models",)).items():
        _check_family_key(path, leaf)
    return tree


def _flags(assignments: Iterable[tuple[str, str, str]]) -> Tree:
    tree: Tree = {}
    for flag, key, text in assignments:
        path = tuple(key.split("."))
        if not all(path):
            raise ConfigError(f"{flag}: '{key}' is not a dotted key", advice="write --set a.b=1")
        origin = f"--set {key}" if flag == "--set" else flag
        tree = merge(tree, _spread(path, read_value(text, origin), origin))
    return tree


def _spread(path: tuple[str, ...], value: object, origin: str) -> Tree:
    if not isinstance(value, dict) or not value:
        return {path: Leaf(value, origin)}
    return merge_all(_spread((*path, key), child, origin) for key, child in value.items())


def _families(tree: Tree) -> list[object]:
    leaf = tree.get(("families",))
    return leaf.value if leaf is not None and isinstance(leaf.value, list) else []


def _known_families(tree: Tree) -> set[str]:
    return {path[1] for path in tree if path[0] == "models" and path[2:3] == ("estimators",)}


def _check_families(tree: Tree) -> None:
    known = _known_families(tree)
    for path, leaf in subtree(tree, ("models",)).items():
        if path and path[0] not in known:
            raise ConfigError(
                f"{leaf.origin}: unknown model family '{path[0]}'",
                advice=did_you_mean(path[0], known),
            )
        _check_family_key(path, leaf)
    named = tree.get(("families",))
    if named is not None:
        _check_chosen(named, known)
        _check_flags_have_effect(tree, _families(tree))


def _check_nothing_is_lost(flags: Tree, tree: Tree) -> None:
    """Refuse a flag that lays an empty mapping over keys: mappings are merged key by key."""
    for path, leaf in flags.items():
        if leaf.value == {} and subtree(tree, path) and tree.get(path) is not leaf:
            key = ".".join(path)
            below = next(".".join((*path, *inner)) for inner in subtree(tree, path))
            raise ConfigError(
                f"{leaf.origin}: setting '{key}' to an empty mapping has no effect: mappings are"
                " merged key by key",
                advice=f"set one of its keys, such as {below}",
            )


def _check_family_key(path: tuple[str, ...], leaf: Leaf) -> None:
    levels: list[tuple[tuple[str, ...], tuple[str, ...]]] = [(path[1:2], _FAMILY_KEYS)]
    if path[1:2] == ("estimators",):
        levels.append((path[2:3], _TASK_KINDS))
    for depth, (found, known) in enumerate(levels, start=2):
        if found and found[0] not in known:
            raise ConfigError(
                f"{leaf.origin}: unknown key 'models.{'.'.join(path[:depth])}'",
                advice=did_you_mean(found[0], known),
            )


def _check_flags_have_effect(tree: Tree, chosen: list[object]) -> None:
    """Refuse a flag about a family that is not trained; files may speak of all of them."""
    for path, leaf in tree.items():
        about_family = path[0] in {"models", "variants"} and len(path) > 1
        if about_family and leaf.origin.startswith("--") and path[1] not in chosen:
            raise ConfigError(
                f"{leaf.origin}: the family '{path[1]}' is not trained",
                advice=f"the trained families are: {', '.join(map(str, chosen))}; choose with"
                " --model",
            )
        if path[0] == "models" and leaf.origin.startswith("--"):
            _check_part_is_used(tree, path, leaf)


def _check_part_is_used(tree: Tree, path: tuple[str, ...], leaf: Leaf) -> None:
    """Refuse a flag about a variant, or a kind of task, that was not chosen."""
    family, part, name = path[1], path[2:3], path[3:4]
    variant, task = tree.get(("variants", family)), tree.get(("task",))
    if part == ("variants",) and name and (variant is None or variant.value != name[0]):
        raise ConfigError(
            f"{leaf.origin}: the variant '{name[0]}' of {family} is not chosen",
            advice=f"choose it: --variant {family}={name[0]}",
        )
    kind = "regression" if task is not None and task.value == "regression" else "classification"
    if part == ("labels",) and kind == "regression":
        raise ConfigError(
            f"{leaf.origin}: the task is a regression: labels of {family} have no effect",
            advice="remove the flag",
        )
    if part == ("estimators",) and name and name[0] != kind:
        raise ConfigError(
            f"{leaf.origin}: the task is a {kind}: an estimator for {name[0]} has no effect",
            advice=f"set models.{family}.estimators.{kind}",
        )


def _check_chosen(leaf: Leaf, known: set[str]) -> None:
    chosen = leaf.value
    if not isinstance(chosen, list) or not chosen or not all(isinstance(f, str) for f in chosen):
        raise ConfigError(f"{leaf.origin}: families: expected a list of names, found {chosen!r}")
    for position, family in enumerate(chosen):
        if family not in known:
            raise ConfigError(
                f"{leaf.origin}: unknown model family '{family}'",
                advice=did_you_mean(family, known),
            )
        if family in chosen[:position]:
            raise ConfigError(f"{leaf.origin}: families: '{family}' is named twice")


def _chosen_variants(tree: Tree) -> Tree:
    """Return the parameters of the variants that are asked for, where they belong."""
    _check_families(tree)
    asked = {path: leaf for path, leaf in subtree(tree, ("variants",)).items() if path}
    return merge_all(_variant(tree, path, leaf) for path, leaf in asked.items())


def _variant(tree: Tree, path: tuple[str, ...], leaf: Leaf) -> Tree:
    family, known_families = path[0], _known_families(tree)
    if family not in known_families:
        raise ConfigError(
            f"{leaf.origin}: variants: unknown model family '{family}'",
            advice=did_you_mean(family, known_families),
        )
    if leaf.value is None:
        return {}
    variants = subtree(tree, ("models", family, "variants"))
    known = {key[0] for key in variants if key}
    if len(path) > 1 or not is_one_of(leaf.value, known):
        raise ConfigError(
            f"{leaf.origin}: unknown variant {leaf.value!r} of {family}",
            advice=did_you_mean(str(leaf.value), known),
        )
    params = subtree(variants, (str(leaf.value),))
    return planted(params, ("models", family, "params"))


def _shared(tree: Tree, name: str, value: int | None) -> Tree:
    """Set a parameter of every chosen family that has it."""
    if value is None:
        return {}
    flag = f"--{name.replace('_', '-')}"
    owners = [path[1] for path in tree if path[0] == "models" and path[2:] == ("params", name)]
    chosen = [str(family) for family in _families(tree) if family in owners]
    if not chosen:
        raise ConfigError(
            f"{flag}: no chosen family has '{name}'",
            advice=f"choose one that has: {', '.join(sorted(owners))}" if owners else "",
        )
    return {("models", family, "params", name): Leaf(value, flag) for family in chosen}
