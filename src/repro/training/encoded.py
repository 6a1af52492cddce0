"""Names of the features that declared transformers made, for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.core.encoded import Encoded
from repro.training.columns import ColumnSteps, names_of_group

if TYPE_CHECKING:
    from collections.abc import Sequence

THEN = "then"
# As in the drift baseline, where a column of more categories is written without their names.
_LEVELS = 20
_SHOWN = 100


def encoded_features(preprocessor: Any) -> dict[str, Encoded] | None:
    """Return the features by the group of columns that they were made of; the common steps last.

    Names are left out where a column makes more than twenty: they may be names of people, or words
    that people wrote. None without declared transformers.
    """
    if not isinstance(preprocessor, ColumnSteps):
        return None
    found: dict[str, Encoded] = {}
    hidden: set[str] = set()
    for name, columns, steps in preprocessor.groups_:
        names = names_of_group(name, columns, steps)
        many = len(names) > _LEVELS * len(columns)
        hidden.update(names if many else ())
        found[name] = _described(columns, names, () if many else names)
    if preprocessor.then_:
        found[THEN] = _at_the_end(preprocessor.names_, hidden)
    return found


def _at_the_end(names: Sequence[str], hidden: set[str]) -> Encoded:
    """Describe what the common steps made, without names that contain a hidden one."""
    few = names if len(names) <= _SHOWN else ()
    return _described((), names, [n for n in few if not any(each in n for each in hidden)])


def _described(columns: Sequence[str], names: Sequence[str], shown: Sequence[str]) -> Encoded:
    return Encoded(columns=tuple(columns), made=len(names), names=tuple(shown))
