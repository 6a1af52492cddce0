"""What differs between two executions of a command at the level of its source: lines, arguments."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING

from repro.core.observed import BLANK
from repro.core.record import RunRecord
from repro.core.verdict import Suspect
from repro.divergence.aligned import steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.core.record import AnyRecord

_MOST = 20
"""Number of changed lines of one file that are named."""

Line = tuple[int, str]


def changed_lines(expected: AnyRecord, actual: AnyRecord) -> dict[str, tuple[object, object]]:
    """Return the changed lines of files of code, as ``code.train.py:11``, with their two numbers.

    A line that only one side has is None on the other. The name has the number of the reference's
    line, or that of this run for a line that the reference lacks.
    """
    left, right = _lines(expected), _lines(actual)
    found: dict[str, tuple[object, object]] = {}
    for name in left:
        if name in right and left[name] != right[name]:
            pairs = list(_pairs(_numbered(left[name]), _numbered(right[name])))
            for before, after in pairs[:_MOST]:
                found[f"code.{name}:{before or after}"] = (_titled(before), _titled(after))
    return found


def changed_parameters(expected: AnyRecord, actual: AnyRecord, name: str) -> Suspect | None:
    """Return the parameters of one step that differ; None if none is known to.

    Parameters
    ----------
    name : str
        Of the step, as the reference has it.
    """
    before, after = steps_of(expected, actual, name)
    if before is None or after is None:
        return None
    # A record of an earlier version knows no parameters.
    if before.parameters is None or after.parameters is None:
        return None
    left, right = before.parameters, after.parameters
    names = dict.fromkeys([*left, *right])
    pairs = {f"{name} {key}": (left.get(key), right.get(key)) for key in names}
    differing = {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
    if not differing:
        return None
    return Suspect.model_validate(
        {
            "cause": "a parameter",
            "differences": differing,
            "rule": "the divergent call takes it",
            "can_act": True,
        }
    )


def _lines(record: AnyRecord) -> dict[str, str]:
    observed = record.observed if isinstance(record, RunRecord) else None
    return (observed.lines if observed else None) or {}


def _numbered(lines: str) -> list[Line]:
    return [(n, digest) for n, digest in enumerate(lines.split(), 1) if digest != BLANK]


def _titled(number: int | None) -> str | None:
    return None if number is None else f"line {number}"


def _pairs(left: list[Line], right: list[Line]) -> Iterator[tuple[int | None, int | None]]:
    texts = [[digest for _, digest in side] for side in (left, right)]
    matcher = SequenceMatcher(None, *texts, autojunk=False)
    for kind, start, end, other, last in matcher.get_opcodes():
        if kind != "equal":
            numbers = ([number for number, _ in left[start:end]],
                       [number for number, _ in right[other:last]])  # fmt: skip
            yield from zip_longest(*numbers)
