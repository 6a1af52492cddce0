"""Checks of everything that a configuration says of models, before anything is trained."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from repro.app.configuration import own_trees, resolve_request
from repro.config.compose import Request, family_tree
from repro.config.named_metrics import functions_of
from repro.config.preprocessing import REMOVAL
from repro.config.project import names_in, read_base, read_named
from repro.config.resolve import origin_of, resolved_tree, validate
from repro.config.training import Model
from repro.config.tree import merge, planted, subtree
from repro.config.yaml import Leaf
from repro.core.errors import ConfigError, PreconditionError, ReproError
from repro.execution.own_modules import own_modules
from repro.training.estimators import build_detector, build_part, check
from repro.training.measures import find_function

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from repro.app.configuration import Resolved
    from repro.config.experiment import ExperimentConfig
    from repro.config.preprocessing import Transform
    from repro.config.tree import Tree


# Of a family, beside its classes and parameters.
_SETTINGS = ("labels", "early_stopping")


def check_candidates(project: Path, resolved: Resolved) -> None:
    """Check that an estimator can be made of every candidate, and own metrics have functions.

    Raises
    ------
    ConfigError
        With every candidate and metric that is wrong, by file and line.
    PreconditionError
        If nothing is wrong, and a package is missing.
    """
    config, tree = resolved.config, resolved_tree(resolved.composition)
    weights, allowed, errors = config.weights, config.security.allowed_modules, []
    weighted = weights is not None and weights.metrics
    with own_modules(project, allowed):
        for family, model in config.models.items():
            try:
                check(family, model, config.task.kind, allowed, weighted=weights is not None)
            except ReproError as error:
                errors.append(_placed(tree, error))
        for where, step in _transformers(config):
            try:
                make = build_detector if where.endswith(f".{REMOVAL}") else build_part
                make(where, step, 0, allowed)
            except ReproError as error:
                errors.append(_placed(tree, error))
        for position, metric in functions_of(config.metrics):
            try:
                find_function(f"metrics.{position}", metric, allowed, weighted=weighted)
            except ReproError as error:
                errors.append(_placed(tree, error))
    _raise_all(errors)


def _transformers(config: ExperimentConfig) -> Iterator[tuple[str, Transform]]:
    """Yield every declared class with its key; what families share comes once."""
    shared = dict(config.preprocessing.transforms())
    yield from ((".".join(("preprocessing", *path)), step) for path, step in shared.items())
    for family, model in config.models.items():
        for path, step in model.preprocessing.transforms() if model.preprocessing else ():
            if shared.get(path) != step:
                yield ".".join(("models", family, "preprocessing", *path)), step


def _placed(tree: Tree, error: ReproError) -> ReproError:
    """Put the file and line in front of a message that begins with a key."""
    origin = origin_of(tree, error.message.partition(":")[0])
    return type(error)(f"{origin}: {error.message}", advice=error.advice)


def _raise_all(errors: Sequence[ReproError]) -> None:
    if len(errors) == 1:
        raise errors[0]
    if errors:
        wrong = [error for error in errors if isinstance(error, ConfigError)]
        kind = ConfigError if wrong else PreconditionError
        raise kind("\n".join(map(_sentence, errors)))


def _sentence(error: ReproError) -> str:
    return "; ".join(part for part in (error.message, error.advice) if part)


def check_all(project: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Resolve experiments, all of them by default, and build their estimators.

    Returns
    -------
    dict of str to str
        The problem of each experiment, or an empty text. If no experiment is named, also that of
        every wrong model family, chosen by an experiment or not, as ``models/NAME``.
    """
    found = {}
    for name in names or names_in(project, "experiments"):
        found[name] = "\n".join(_of_experiment(project, name))
    return found if names else found | dict(_wrong_families(project))


def _of_experiment(project: Path, name: str) -> Iterator[str]:
    """Yield the problem of an experiment, or those of each target beside the usual one."""
    try:
        resolved = resolve_request(project, Request(experiment=name))
        check_candidates(project, resolved)
    except ReproError as error:
        yield _sentence(error)
        return
    chosen = resolved.config.dataset.target
    for target in resolved.config.dataset.all_targets:
        if target == chosen:
            continue
        flags = (("--target", "target", json.dumps(target)),)
        try:
            check_candidates(project, resolve_request(project, Request(name, assignments=flags)))
        except ReproError as error:
            yield f"target {target}: {_sentence(error)}"


def _wrong_families(project: Path) -> Iterator[tuple[str, str]]:
    try:
        tree = read_base(project).tree
    except ReproError:
        return  # every experiment says so
    trees = [tree, *own_trees(project, "experiments"), *own_trees(project, "profiles")]
    # A family may be for the experiments that allow its module.
    allowed = list(dict.fromkeys(name for each in trees for name in _allowed(each)))
    with own_modules(project, allowed):
        for family in names_in(project, "models"):
            problems = dict.fromkeys(_problems(project, family, allowed))
            if problems:
                yield f"models/{family}", "\n".join(problems)


def _allowed(tree: Tree) -> list[str]:
    leaf = tree.get(("security", "allowed_modules"))
    return list(map(str, leaf.value)) if leaf and isinstance(leaf.value, list) else []


def _problems(project: Path, family: str, allowed: Sequence[str]) -> Iterator[str]:
    """Check a family's file on its own: each kind of task, with and without each variant."""
    try:
        tree = family_tree(read_named(project, "models", family))
    except ReproError as error:
        yield _sentence(error)
        return
    own = subtree(tree, ("models", family))
    flat = [path for path, leaf in own.items() if _is_section(path) and leaf.value != {}]
    for path in flat:
        key, leaf = ".".join(("models", family, *path)), own[path]
        yield f"{leaf.origin}: {key}: expected a mapping, found {json.dumps(leaf.value)}"
    if flat:
        return
    variants = {path[1] for path in own if path[:1] == ("variants",) and path[1:]}
    if not any(path[:1] == ("estimators",) for path in own):
        yield f"configs/models/{family}.yaml: missing key 'estimators'"
    kinds = [kind for kind in ("classification", "regression") if ("estimators", kind) in own]
    for kind in kinds:
        yield from _problem(family, kind, own, None, allowed)
    for variant in sorted(variants):
        found = [list(_problem(family, kind, own, variant, allowed)) for kind in kinds]
        # A variant may be for classifiers, or for regressors, alone.
        if all(found):
            yield from (problem for problems in found for problem in problems)


def _is_section(path: tuple[str, ...]) -> bool:
    """Return whether a family has keys and no value at a path."""
    if path[0] in _SETTINGS:
        return False
    return len(path) == 1 or (path[0] == "variants" and len(path) == 2)


def _problem(
    family: str, kind: str, own: Tree, variant: str | None, allowed: Sequence[str]
) -> Iterator[str]:
    try:
        _check_variant(family, kind, own, variant, allowed)
    # A family that no experiment chooses may be for a different machine.
    except PreconditionError:
        return
    except ReproError as error:
        yield _sentence(error)


def _check_variant(
    family: str, kind: str, own: Tree, variant: str | None, allowed: Sequence[str]
) -> None:
    params = subtree(own, ("params",))
    if variant is not None:
        params = merge(params, subtree(own, ("variants", variant)))
    tree = planted(params, ("params",)) or {("params",): Leaf({}, "repro")}
    tree |= {("estimator",): own["estimators", kind], ("variant",): Leaf(variant, "repro")}
    tree |= {path: leaf for path, leaf in own.items() if path[0] in _SETTINGS}
    tree |= planted(subtree(own, ("search",)), ("search",))
    model = validate(tree, Model)
    try:
        check(family, model, kind, allowed)
    except ReproError as error:
        raise _placed(planted(tree, ("models", family)), error) from error
