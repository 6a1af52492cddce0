"""The distinct environments of a comparison, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.divergence.environments import comparable
from repro.divergence.structure import flatten
from repro.report.comparison_page.groups import Bunch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.report.comparison_page.groups import Member

BEGINNING = 4  # how many differences of a suspect are shown
_COLUMNS, _FIELDS = 10, 500


def environments_of(members: Sequence[Member]) -> dict[str, Any]:
    """Part the fields that may be why records differ, other ones that differ, and the rest."""
    distinct: dict[str, list[Member]] = {}
    for member in members:
        distinct.setdefault(repr(comparable(member.record.environment)), []).append(member)
    bunches = [Bunch("", tuple(found)) for found in distinct.values()]
    flat = [flatten(comparable(bunch.first.record.environment)) for bunch in bunches]
    shown, acting = flat[:_COLUMNS], _acting(members)
    keys = list(dict.fromkeys(key for fields in flat for key in fields))[:_FIELDS]
    parted = [key for key in keys if any(fields.get(key) != flat[0].get(key) for fields in flat)]
    table = {key: [fields.get(key) for fields in shown] for key in keys}
    return {
        "columns": bunches[:_COLUMNS],
        "left": len(bunches) - len(shown),
        "suspected": {key: table[key] for key in parted if key in acting},
        "other": {key: table[key] for key in parted if key not in acting},
        "same": {key: table[key][0] for key in keys if key not in parted},
    }


def _acting(members: Iterable[Member]) -> set[str]:
    return {
        key
        for member in members
        if member.candidate
        for suspect in member.candidate.suspects
        if suspect.can_act
        for key in list(suspect.differences)[:BEGINNING]
    }
