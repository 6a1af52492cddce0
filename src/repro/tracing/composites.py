"""The parts of composed estimators, so that a difference is named one level deeper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 32
_LISTS = ("steps", "transformers_", "transformer_list", "estimators", "estimators_")
_SINGLE = ("best_estimator_", "estimator_", "regressor_", "transformer_", "final_estimator_")


def parts_of(owner: Any) -> Iterator[tuple[str, object]]:
    """Yield name and value of each part of a fitted composite; nothing for other estimators.

    Composites are pipelines, column transformers, unions, searches and votes. An ensemble of many
    equal members has no named parts, since the name of one member explains no more than the whole.
    """
    held = getattr(owner, "__dict__", {})
    found = 0
    for attribute in _LISTS:
        for part in held.get(attribute) or () if isinstance(held.get(attribute), list) else ():
            named = isinstance(part, tuple) and len(part) >= 2 and isinstance(part[0], str)
            if named and hasattr(part[1], "fit") and found < _MOST:
                found += 1
                yield part[0], part[1]
        if found:
            break
    for attribute in _SINGLE:
        part = held.get(attribute)
        if part is not None and hasattr(part, "__dict__"):
            yield attribute, part
