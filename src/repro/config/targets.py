"""The data set that an experiment names, and which of its targets is predicted.

An experiment predicts the ``target`` of its data set. With ``target: NAME`` (``--target``) it
predicts one of the other ``targets``: the data set says its task, and the section ``targets.NAME``
of the experiment what else is different. The resolved configuration has it as the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.config.project import DATASETS
from repro.config.tree import merge, planted, subtree
from repro.config.yaml import Leaf
from repro.core.errors import ConfigError
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection

    from repro.config.project import SourceFile
    from repro.config.tree import Tree

TARGET, TARGETS = ("target",), ("targets",)
# What all targets of an experiment have in common.
_COMMON = ("dataset", "default_experiment", "determinism", "experiment", "schema", "description")


def is_one_of(value: object, names: Collection[str]) -> bool:
    """Return whether a value of a file is one of some names."""
    # A list, which a file may have where a name is expected, cannot be looked up.
    return isinstance(value, str) and value in names


def of_target(tree: Tree, datasets: SourceFile) -> Tree:
    """Return what is different for the chosen target: its task, and its section.

    Raises
    ------
    ConfigError
        If the data set has no such target, or a section names none.
    """
    leaf = tree.get(("dataset",))
    entries = subtree(datasets.tree, ("datasets",))
    if leaf is None or not is_one_of(leaf.value, {path[0] for path in entries if path}):
        # An error that ``with_dataset`` has the words for.
        return {}
    name = str(leaf.value)
    entry = subtree(entries, (name,))
    _check_sections(tree, entry, name)
    chosen = _chosen(tree, entry, name)
    if chosen is None:
        return {}
    task = entry.get((*TARGETS, chosen, "task"))
    own = subtree(tree, (*TARGETS, chosen))
    return merge({} if task is None else {("task",): task}, own)


def with_dataset(tree: Tree, datasets: SourceFile) -> Tree:
    """Put the data set that an experiment names into its place, with the chosen target.

    Raises
    ------
    ConfigError
        If there is no such data set, or it is not named.
    """
    leaf = tree.get(("dataset",))
    entries = subtree(datasets.tree, ("datasets",))
    known = {path[0] for path in entries if path}
    for path, inner in tree.items():
        if path[0] == "dataset" and len(path) > 1:
            raise ConfigError(
                f"{inner.origin}: '{'.'.join(path)}' cannot be set: an experiment names its data",
                advice="declare a data set in configs/datasets.yaml, and name it: dataset: NAME",
            )
    if leaf is None:
        spelled = next((leaf for path, leaf in tree.items() if path[0] == "dataset"), None)
        if spelled is None:
            return tree
        raise ConfigError(
            f"{spelled.origin}: dataset: expected the name of a data set, found a mapping",
            advice=f"declare the data set in {DATASETS}, and name it",
        )
    if not is_one_of(leaf.value, known):
        raise ConfigError(
            f"{leaf.origin}: unknown data set {leaf.value!r}",
            advice=did_you_mean(str(leaf.value), known),
        )
    name = str(leaf.value)
    entry = subtree(entries, (name,))
    chosen = _chosen(tree, entry, name)
    if chosen is None:
        # The usual target is no choice: the configuration is that of an experiment without one.
        tree = {path: leaf for path, leaf in tree.items() if path != TARGET}
    else:
        entry = _exchanged(tree, entry, chosen)
    placed = planted(entry, ("dataset",))
    return merge(tree, placed | {("dataset", "name"): Leaf(name, leaf.origin)})


def _names(entry: Tree) -> list[str]:
    """Return the targets of a data set, the usual one first."""
    usual = entry.get(TARGET)
    others = dict.fromkeys(path[1] for path in entry if path[:1] == TARGETS and path[1:])
    return [*([] if usual is None else [str(usual.value)]), *others]


def _chosen(tree: Tree, entry: Tree, name: str) -> str | None:
    """Return the target in place of the usual one; None if the usual one is predicted."""
    leaf, known = tree.get(TARGET), _names(entry)
    if leaf is None or leaf.value is None:
        return None
    if not is_one_of(leaf.value, known):
        raise ConfigError(
            f"{leaf.origin}: the data set '{name}' has no target {leaf.value!r}",
            advice=did_you_mean(str(leaf.value), known),
        )
    return None if leaf.value == known[0] else str(leaf.value)


def _check_sections(tree: Tree, entry: Tree, name: str) -> None:
    known = _names(entry)
    for path, leaf in tree.items():
        if path[:1] != TARGETS:
            continue
        if not path[1:] or path[1] not in known[1:]:
            place = path[1] if path[1:] else None
            if place in known:
                advice = "the usual target needs no section: set its values in the experiment"
            else:
                advice = did_you_mean(str(place), known[1:]) if known[1:] else ""
            what = f"the data set '{name}' has no other target '{place}'"
            raise ConfigError(f"{leaf.origin}: targets: {what}", advice=advice)
        if path[2:3] and path[2] in (*_COMMON, *TARGET, *TARGETS):
            raise ConfigError(
                f"{leaf.origin}: targets.{path[1]}.{path[2]}: all targets of an experiment have"
                f" the same '{path[2]}'",
                advice="set it in the experiment, or write a second experiment",
            )


def _exchanged(tree: Tree, entry: Tree, chosen: str) -> Tree:
    """Return the entry with the chosen target in the place of the usual one."""
    own, usual = subtree(entry, (*TARGETS, chosen)), entry[TARGET]
    return entry | {
        TARGET: Leaf(chosen, tree[TARGET].origin),
        ("positive",): own.get(("positive",), Leaf(None, usual.origin)),
        ("usual_target",): usual,
    }
