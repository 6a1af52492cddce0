"""Equality and differences of nested values, such as configurations and environments."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def same_value(left: object, right: object) -> bool:
    """Return whether two JSON values are the same, as ``typed_json`` has them.

    Python has ``True == 1 == 1.0`` and ``0.0 == -0.0``. The order of keys does not count.

    Examples
    --------
    >>> same_value({"a": [1]}, {"a": [1]}), same_value(1, 1.0), same_value(True, 1)
    (True, False, False)
    """
    if type(left) is str and type(right) is str:
        return left == right
    if isinstance(left, dict) and isinstance(right, dict):
        same_keys = left.keys() == right.keys()
        return same_keys and all(same_value(child, right[key]) for key, child in left.items())
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same_value, left, right))
    if isinstance(left, float) and isinstance(right, float):
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    numbers = [isinstance(value, bool | float) for value in (left, right)]
    return left == right and (type(left) is type(right) or not any(numbers))


def flatten(value: Mapping[str, object]) -> dict[str, object]:
    """Give every leaf of nested mappings its dotted key; a list of plain values is one leaf.

    Examples
    --------
    >>> flatten({"a": {"b": 1}, "c": [2, 3], "d": [{"e": 4}]})
    {'a.b': 1, 'c': [2, 3], 'd.0.e': 4}
    """
    return dict(_leaves(value, ""))


def differences(
    left: Mapping[str, object], right: Mapping[str, object]
) -> dict[str, tuple[object, object]]:
    """Return the leaves that differ, by dotted key; None stands for a missing leaf."""
    if same_value(left, right):
        return {}
    ours, theirs = flatten(left), flatten(right)
    keys = [*ours, *(key for key in theirs if key not in ours)]
    pairs = {key: (ours.get(key), theirs.get(key)) for key in keys}
    # An empty mapping beside a missing one, or one whose keys are listed one by one.
    nothing: tuple[object, ...] = ({}, None)
    return {
        key: pair
        for key, pair in pairs.items()
        if not same_value(*pair) and not (pair[0] in nothing and pair[1] in nothing)
    }


def _leaves(value: object, prefix: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        items = [(str(key), child) for key, child in value.items()]
    elif isinstance(value, list | tuple) and any(isinstance(child, dict) for child in value):
        items = [(str(position), child) for position, child in enumerate(value)]
    else:
        yield prefix, value
        return
    for key, child in items:
        yield from _leaves(child, f"{prefix}.{key}" if prefix else key)
