"""From a merged tree to the typed configuration; every problem is collected, then raised once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from repro.config.data import DatasetEntry
from repro.config.experiment import ExperimentConfig
from repro.config.named_metrics import ALIASES
from repro.config.splits import resolved_split
from repro.config.tree import merge, nested, planted, subtree
from repro.config.yaml import Leaf
from repro.core.errors import ConfigError
from repro.core.lookalike import equivalents
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from repro.config.compose import Composition
    from repro.config.project import SourceFile
    from repro.config.tree import Tree

# A key of the configuration itself, or of one of its sections, is the experiment's to give; one
# deeper inside belongs where its neighbours stand.
_INSIDE = 3
_NOT_RESOLVED = ("families", "variants", "default_experiment", "models", "targets")
# Keys of a resolved configuration that no file gives, and those that files give instead.
_DERIVED, _COMPOSED = ("schema", "experiment", "models"), ("families", "variants", "targets")
# A pattern says little to a person.
_PATTERNS = {
    "estimator": "expected module:Class, such as sklearn.svm:SVC",
    "function": "expected module:function, such as sklearn.metrics:jaccard_score",
    "name": "expected a name of letters, digits and _",
    "sha256": "expected 64 hexadecimal digits in lower case",
}
# An error of pydantic about a name that none of several models has.
_TAGGED = "union_tag_invalid"
# More problems than people read.
_SHOWN = 20
_M = TypeVar("_M", bound=BaseModel)


def resolve(composition: Composition) -> ExperimentConfig:
    """Validate a composition.

    Raises
    ------
    ConfigError
        One error that lists every problem with file, line, key, what was found and expected.
    """
    return validate(resolved_tree(composition), ExperimentConfig)


def resolved_tree(composition: Composition) -> Tree:
    """Return the tree in the shape of ``ExperimentConfig``, each leaf with its origin."""
    tree = composition.tree
    here = f"configs/experiments/{composition.experiment}.yaml"
    resolved: Tree = {
        ("schema",): Leaf("repro.config/v1", "repro"),
        ("experiment",): Leaf(composition.experiment, here),
    }
    _check_regression_flags(tree)
    tree = resolved_split(given := tree)
    unused = (*_NOT_RESOLVED, "experiment", "schema", *_idle_decision_keys(tree))
    resolved |= {
        path: leaf
        for path, leaf in tree.items()
        if ".".join(path[:2]) not in unused and path[0] not in unused
    }
    task = tree.get(("task",), Leaf("", here))
    families = tree.get(("families",))
    if families is None:
        raise ConfigError(f"{here}: missing key 'families'", advice="list the families to train")
    for family in families.value if isinstance(families.value, list) else []:
        resolved |= _model(tree, str(family), task)
    _check_every_flag_counts(given, resolved)
    return resolved


def _check_every_flag_counts(tree: Tree, resolved: Tree) -> None:
    """Refuse a flag that sets nothing, such as the threshold of a rule that was not chosen."""
    for path, leaf in tree.items():
        reserved = path in {("experiment",), ("schema",), ("default_experiment",)}
        # A kind of split may be resolved into different keys.
        idle = path not in resolved and path[0] not in _NOT_RESOLVED and path != ("split", "kind")
        if (reserved or idle) and leaf.origin.startswith("--"):
            raise ConfigError(
                f"{leaf.origin}: setting '{'.'.join(path)}' has no effect",
                advice="see the settings that have one: repro config show --origins",
            )


def _check_regression_flags(tree: Tree) -> None:
    """Refuse flags about classes in a regression; files may speak of all tasks."""
    task, leaf = tree.get(("task",)), tree.get(("split", "stratify"))
    regression = task is not None and task.value == "regression"
    if regression and leaf is not None and leaf.origin.startswith("--"):
        raise ConfigError(
            f"{leaf.origin}: setting 'split.stratify' has no effect: a regression has no classes",
            advice="remove the flag",
        )


def _idle_decision_keys(tree: Tree) -> tuple[str, ...]:
    """Name the settings of the decision rules that were not chosen."""
    rule = tree.get(("decision", "rule"))
    settings = {
        "fixed": "decision.threshold",
        "target_precision": "decision.precision",
        "cost": "decision.matrix",
    }
    return tuple(key for name, key in settings.items() if rule and rule.value != name)


def _model(tree: Tree, family: str, task: Leaf) -> Tree:
    kind = "regression" if task.value == "regression" else "classification"
    estimator = tree.get(("models", family, "estimators", kind))
    if estimator is None:
        raise ConfigError(
            f"{task.origin}: the family '{family}' has no estimator for {kind}",
            advice=f"remove it from {_where_families(tree)}, or add one in"
            f" configs/models/{family}.yaml",
        )
    model: Tree = {
        ("models", family, "estimator"): estimator,
        ("models", family, "variant"): tree.get(("variants", family), Leaf(None, "repro")),
    }
    where, searched = ("models", family, "params"), ("models", family, "search")
    params = {path: leaf for path, leaf in tree.items() if path[: len(where)] == where}
    search = {path: leaf for path, leaf in tree.items() if path[: len(searched)] == searched}
    model |= search | (params or {where: Leaf({}, "repro")})
    # The labels of a regression are numbers already, and files speak of all tasks.
    names = ("early_stopping",) if kind == "regression" else ("early_stopping", "labels")
    model |= {
        path: leaf
        for path, leaf in tree.items()
        if path[:2] == where[:2] and path[2:3] and path[2] in names
    }
    own = ("models", family, "preprocessing")
    if changes := subtree(tree, own):
        # The whole of it: what a family does not change is as the experiment has it.
        model |= planted(merge(subtree(tree, ("preprocessing",)), changes), own)
    return model


def _where_families(tree: Tree) -> str:
    target = tree.get(("target",))
    named = None if target is None else target.value
    return "'families'" if named is None else f"'families' (or give targets.{named}.families)"


def read_registry(source: SourceFile) -> dict[str, DatasetEntry]:
    """Validate every entry of the data set registry.

    Raises
    ------
    ConfigError
        As in ``resolve``.
    """
    entries: dict[str, Tree] = {}
    for path, leaf in subtree(source.tree, ("datasets",)).items():
        if path:
            entries.setdefault(path[0], {})[path[1:]] = leaf
    for sentence in equivalents(entries):
        raise ConfigError(
            f"{source.name}: data sets {sentence}", advice="give every data set a name of its own"
        )
    return {name: validate(tree, DatasetEntry) for name, tree in entries.items()}


def validate(tree: Mapping[tuple[str, ...], Leaf], model: type[_M]) -> _M:
    """Read a tree strictly as a model.

    Raises
    ------
    ConfigError
        One error that lists every problem, up to more than people read.
    """
    try:
        return model.model_validate_json(json.dumps(nested(tree)))
    except ValidationError as error:
        found = error.errors()
        # Each looks for its place in the whole tree.
        problems = [_problem(tree, model, detail) for detail in _once(found)[:_SHOWN]]
        more = [f"and {len(found) - _SHOWN} more problems"] if len(found) > _SHOWN else []
        raise ConfigError("\n".join(problems + more)) from error


def _once(found: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out what families repeat, since their preprocessing has all that is shared."""
    shared = {(*detail["loc"], detail["type"]) for detail in found}
    return [
        detail
        for detail in found
        if detail["loc"][:1] != ("models",)
        or detail["loc"][2:3] != ("preprocessing",)
        or (*detail["loc"][2:], detail["type"]) not in shared
    ]


def _problem(
    tree: Mapping[tuple[str, ...], Leaf], model: type[BaseModel], detail: ErrorDetails
) -> str:
    missing = detail["type"] == "missing"
    path = _path_in(tree, tuple(str(part) for part in detail["loc"]), missing=missing)
    place, key = _origin(tree, path), ".".join(path)
    if detail["type"] == "extra_forbidden":
        known = _siblings(model, tuple(map(str, detail["loc"])))
        return f"{place}: unknown key '{key}'; {did_you_mean(path[-1], known)}"
    if missing:
        return f"{_origin(tree, ()) if len(path) < _INSIDE else place}: missing key '{key}'"
    message = _message(detail, path)
    if not path:
        # A rule over several keys begins its message with the one to look at.
        named = tuple(message.partition(":")[0].split("."))
        return f"{_origin(tree, named if named in tree else ())}: {message}"
    found = json.dumps(detail["input"], default=str)
    # --set names the key already.
    start = place if place == f"--set {key}" else f"{place}: {key}"
    return f"{start}: {message[0].lower() + message[1:]}, found {found}"


def _message(detail: ErrorDetails, path: tuple[str, ...]) -> str:
    """Return a message of pydantic, in the words of YAML."""
    if detail["type"] == "string_pattern_mismatch":
        return _PATTERNS.get(path[-1], detail["msg"])
    if detail["type"] == _TAGGED:
        known = detail["ctx"]
        sentence = f"{known['discriminator']} should be one of {known['expected_tags']}"
        return f"{sentence}{_nearest(known['tag'], known['expected_tags'])}"
    message = detail["msg"].removeprefix("Value error, ")
    return message.replace("an object", "a mapping").replace("a valid array", "a list")


def _nearest(tag: str, known: str) -> str:
    """Return a suggestion for the name of a kind, if one of the known names is near."""
    names = [name.strip("' ") for name in known.split(",")]
    if tag in ALIASES and ALIASES[tag] in names:
        return f" (did you mean '{ALIASES[tag]}'?)"
    advice = did_you_mean(tag, names)
    return f" ({advice})" if advice.startswith("did you mean") else ""


def origin_of(tree: Mapping[tuple[str, ...], Leaf], key: str) -> str:
    """Return the file and line, or the flag, behind a dotted key or the nearest key above it."""
    return _origin(tree, tuple(key.split(".")))


def _path_in(
    tree: Mapping[tuple[str, ...], Leaf], loc: tuple[str, ...], *, missing: bool
) -> tuple[str, ...]:
    """Drop from pydantic's location the tags of unions, which no file has."""
    path: tuple[str, ...] = ()
    here: object = nested(tree)
    for index, part in enumerate(loc):
        if isinstance(here, dict) and part in here:
            path, here = (*path, part), here[part]
        elif isinstance(here, list) and part.isdigit():
            path, here = (*path, part), here[int(part)]
        elif missing and index == len(loc) - 1:
            path = (*path, part)
    return path


def _origin(tree: Mapping[tuple[str, ...], Leaf], path: tuple[str, ...]) -> str:
    for size in range(len(path), 0, -1):
        exact = tree.get(path[:size])
        if exact is not None:
            return exact.origin
        below = [leaf.origin for known, leaf in tree.items() if known[:size] == path[:size]]
        if below:
            return below[0].rpartition(":")[0] or below[0]
    experiment = tree.get(("experiment",))
    return experiment.origin if experiment else "configuration"


def _siblings(model: type[BaseModel], loc: tuple[str, ...]) -> set[str]:
    """Return the keys that may stand where an unknown one was found."""
    kinds: list[type[BaseModel]] = [model]
    for part in loc[:-1]:
        fields = [kind.model_fields[part] for kind in kinds if part in kind.model_fields]
        inner = [found for field in fields for found in _models_in(field.annotation)]
        # A part that is no field is the tag of a union's member, a name, or a position.
        kinds = inner or [kind for kind in kinds if part in _tags(kind) | {kind.__name__}] or kinds
    names = {field.alias or name for kind in kinds for name, field in kind.model_fields.items()}
    return names - set(_DERIVED) | set(_COMPOSED) if kinds == [ExperimentConfig] else names


def _models_in(annotation: object) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _tags(kind: type[BaseModel]) -> set[object]:
    fields = (field.annotation for field in kind.model_fields.values())
    return {tag for each in fields if get_origin(each) is Literal for tag in get_args(each)}
