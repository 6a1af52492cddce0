"""The target of a recorded configuration, where its data set has more than one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def target_of(config: Mapping[str, object]) -> str | None:
    """Return the target that is predicted; None if the data set has no other one.

    Examples
    --------
    >>> target_of({"dataset": {"target": "sold", "targets": {"sold": {"task": "regression"}}}})
    'sold'
    >>> target_of({"dataset": {"target": "price"}}) is None
    True
    """
    dataset = config.get("dataset")
    if not isinstance(dataset, dict) or not dataset.get("targets"):
        return None
    return str(dataset.get("target"))
