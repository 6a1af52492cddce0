"""Differences between two executions of a command in its source: lines and arguments."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import islice, takewhile, zip_longest
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
            for before, after in islice(paired_lines(left[name], right[name]), _MOST):
                found[f"code.{name}:{before or after}"] = (_titled(before), _titled(after))
    return found


def paired_lines(expected: str, actual: str) -> Iterator[tuple[int | None, int | None]]:
    """Yield the numbers of lines that differ between two versions of a file.

    Parameters
    ----------
    expected, actual : str
        Digests of lines, as ``Observed.lines`` has them.
    """
    left, right = _without_ends(_numbered(expected), _numbered(actual))
    matcher = SequenceMatcher(None, [d for _, d in left], [d for _, d in right], autojunk=False)
    for kind, start, end, other, last in matcher.get_opcodes():
        if kind != "equal":
            before = [number for number, _ in left[start:end]]
            after = [number for number, _ in right[other:last]]
            yield from zip_longest(before, after)


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


def _without_ends(left: list[Line], right: list[Line]) -> tuple[list[Line], list[Line]]:
    """Leave out the lines at both ends that agree, so that one of several equal lines is found."""
    start = _agreeing(left, right)
    left, right = left[start:], right[start:]
    end = _agreeing(left[::-1], right[::-1])
    return left[: len(left) - end], right[: len(right) - end]


def _agreeing(left: list[Line], right: list[Line]) -> int:
    pairs = takewhile(lambda pair: pair[0][1] == pair[1][1], zip(left, right, strict=False))
    return sum(1 for _ in pairs)
