"""Configuration as a flat map from path to leaf, merged with the origin of every value kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.config.yaml import Leaf, Path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Tree = dict[Path, Leaf]


def merge(lower: Mapping[Path, Leaf], upper: Mapping[Path, Leaf]) -> Tree:
    """Lay one tree over a second one: mappings merge key by key, everything else is replaced whole.

    Laws: ``merge(t, {}) == merge({}, t) == t``; every leaf of ``upper`` survives, except an empty
    mapping laid over a mapping that has keys.
    """
    merged = dict(lower)
    # Most paths have nothing below them: to look through the whole tree for each would take its
    # square.
    above = {known[:length] for known in merged for length in range(len(known))}
    for path, leaf in upper.items():
        size = len(path)
        below = [k for k in merged if len(k) > size and k[:size] == path] if path in above else []
        if leaf.value == {} and below:
            continue
        for known in below:
            del merged[known]
        for length in range(1, size):
            merged.pop(path[:length], None)
        merged[path] = leaf
        above.update(path[:length] for length in range(size))
    return merged


def merge_all(trees: Iterable[Mapping[Path, Leaf]]) -> Tree:
    """Merge trees from the lowest to the highest."""
    merged: Tree = {}
    for tree in trees:
        merged = merge(merged, tree)
    return merged


def subtree(tree: Mapping[Path, Leaf], prefix: Path) -> Tree:
    """Return what lies below a path, with the path taken off."""
    size = len(prefix)
    return {
        path[size:]: leaf
        for path, leaf in tree.items()
        if path[:size] == prefix and (len(path) > size or leaf.value == {})
    }


def planted(tree: Mapping[Path, Leaf], prefix: Path) -> Tree:
    """Put a tree below a path."""
    return {(*prefix, *path): leaf for path, leaf in tree.items()}


def nested(tree: Mapping[Path, Leaf]) -> dict[str, object]:
    """Turn a tree into plain nested mappings, in the order of its leaves."""
    root: dict[str, object] = {}
    for path, leaf in tree.items():
        level = root
        for key in path[:-1]:
            level = level.setdefault(key, {})  # type: ignore[assignment]
        if path:
            level[path[-1]] = leaf.value
    return root


def without_description(tree: Mapping[Path, Leaf]) -> Tree:
    """Leave out the sentence that a file has for people."""
    return {path: leaf for path, leaf in tree.items() if path != ("description",)}
