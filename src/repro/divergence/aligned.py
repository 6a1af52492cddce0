"""Matches the steps of two recorded commands if their sequences differ.

A step is named by file, line and function (``train.py:17 KMeans.fit``), and from the second
occurrence on by a number (``… (2)``). An edit above a call moves its line, and a branch that only
one side took adds calls, so steps are matched by file and function, in order.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.core.record import AnyRecord
    from repro.core.records import Stages, Step

_LINE = re.compile(r":\d+ ")
_OCCURRENCE = re.compile(r" \(\d+\)$")


class Aligned(NamedTuple):
    """The steps of the second side under the names of the first.

    Attributes
    ----------
    stages : Stages
    only : str
        A sentence with the first call that only one side makes; empty if both make the same.
    step : str
        The name of that call.
    """

    stages: Stages
    only: str = ""
    step: str = ""


def aligned(expected: Stages, actual: Stages) -> Aligned:
    """Rename each step of ``actual`` to the step of ``expected`` that it matches."""
    left, right = expected.stages, actual.stages
    if [step.name for step in left] == [step.name for step in right]:
        return Aligned(actual)
    matcher = SequenceMatcher(None, _calls(left), _calls(right), autojunk=False)
    names = {
        second + offset: left[first + offset].name
        for first, second, size in matcher.get_matching_blocks()
        for offset in range(size)
    }
    taken = {step.name for step in left}
    renamed = []
    for position, step in enumerate(right):
        alone = f"{step.name} (this run)" if step.name in taken else step.name
        renamed.append(step.model_copy(update={"name": names.get(position, alone)}))
    only, first = _first_alone(matcher, left, right)
    return Aligned(actual.model_copy(update={"stages": tuple(renamed)}), only, first)


def steps_of(expected: AnyRecord, actual: AnyRecord, name: str) -> tuple[Step | None, Step | None]:
    """Return the step of each record that has a name of the reference; None without one."""
    matched = actual.stages
    if expected.stages and matched and not (expected.is_pipeline or actual.is_pipeline):
        matched = aligned(expected.stages, matched).stages
    before, after = (
        next((step for step in (stages.stages if stages else ()) if step.name == name), None)
        for stages in (expected.stages, matched)
    )
    return before, after


def _calls(steps: Sequence[Step]) -> list[str]:
    return [_OCCURRENCE.sub("", _LINE.sub(" ", step.name, count=1)) for step in steps]


def _first_alone(
    matcher: SequenceMatcher[str], left: Sequence[Step], right: Sequence[Step]
) -> tuple[str, str]:
    for kind, start, end, other, last in matcher.get_opcodes():
        if kind in {"delete", "replace"} and end > start:
            return f"{left[start].name}: only the reference makes this call", left[start].name
        if kind == "insert" and last > other:
            return f"{right[other].name}: only this run makes this call", right[other].name
    return "", ""
