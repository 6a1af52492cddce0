"""Seeds that two executions of a command gave to global generators."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE = re.compile(r":\d+ ")
_OCCURRENCE = re.compile(r" \(\d+\)$")


def differing_seeds(
    expected: Mapping[str, str] | None, actual: Mapping[str, str] | None
) -> dict[str, tuple[str | None, str | None]]:
    """Return the seeds that differ, by the line and function that gave them.

    The calls of one file are matched in their order, since an edit above a call moves its line. A
    record of an earlier version has no seeds, and nothing is said of it.

    Examples
    --------
    >>> differing_seeds({"a.py:3 random.seed": "7"}, {"a.py:4 random.seed": "8"})
    {'a.py:3 random.seed': ('7', '8')}
    >>> differing_seeds({"a.py:3 random.seed": "7"}, {"a.py:4 random.seed": "7"})
    {}
    """
    if expected is None or actual is None:
        return {}
    left, right = _by_call(expected), _by_call(actual)
    found: dict[str, tuple[str | None, str | None]] = {}
    for call in dict.fromkeys([*left, *right]):
        for one, other in zip_longest(left.get(call, ()), right.get(call, ())):
            before, after = one and expected[one], other and actual[other]
            if before != after:
                found[one or other or call] = before, after
    return found


def _by_call(seeds: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in seeds:
        call = _OCCURRENCE.sub("", _LINE.sub(" ", name, count=1))
        found.setdefault(call, []).append(name)
    return found
