"""The points of a space: drawn by seed, number and name, or listed.

A value follows from the seed, the number of its trial and the name of its parameter alone. More
trials, or one more parameter, leave the other values as they are. No random generator of a library
is used, whose stream may change, and logarithms are decimal arithmetic, which rounds the same way
on every processor.
"""

from __future__ import annotations

import itertools
from decimal import Context, Decimal
from typing import TYPE_CHECKING

from repro.config.search import Range
from repro.core.canonical import typed_digest
from repro.core.errors import ConfigError
from repro.seeding import derive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from repro.config.search import Dimension, GridSearch, HalvingSearch, RandomSearch

    Point = dict[str, JsonValue]

_SEEDS = 1 << 32
# More digits than a float has.
_DIGITS = Context(prec=40)
_HALF = Decimal("0.5")
# A point that was drawn before is drawn again. The last of ten thousand takes about as many draws.
_DRAWS = 1_000_000


def grid_points(search: GridSearch) -> list[Point]:
    """List every point; the value of the last name changes fastest."""
    names = sorted(search.space)
    values = [_all(search.space[name]) for name in names]
    return [dict(zip(names, point, strict=True)) for point in itertools.product(*values)]


def drawn_points(search: RandomSearch | HalvingSearch, seed: int) -> list[Point]:
    """Draw as many points as there are trials, each of them once.

    Raises
    ------
    ConfigError
        If so many different points are not found.
    """
    seen: set[str] = set()
    points = []
    for number in range(search.trials):
        for draw in range(_DRAWS):
            point = draw_point(search.space, seed, number, draw)
            if (digest := typed_digest("point", point, version=1)) not in seen:
                break
        else:
            raise ConfigError(
                f"trials: no new point was found for trial {number} in {_DRAWS} draws",
                advice="set fewer trials, or widen the space",
            )
        seen.add(digest)
        points.append(point)
    return points


def draw_point(space: Mapping[str, Dimension], seed: int, number: int, draw: int = 0) -> Point:
    """Draw one point; ``draw`` counts how often that was repeated."""
    return {
        name: value_at(space[name], (derive(seed, number, draw, name) + 0.5) / _SEEDS)
        for name in sorted(space)
    }


def value_at(dimension: Dimension, share: float) -> JsonValue:
    """Return the value of a parameter at a share of its way, above 0 and below 1.

    Examples
    --------
    >>> value_at(("a", "b", "c", "d"), 0.7)
    'c'
    >>> value_at(Range(low=1, high=10), 0.55)
    6
    >>> value_at(Range(low=0.01, high=100.0, log=True), 0.5)
    1.0
    """
    if not isinstance(dimension, Range):
        return dimension[int(share * len(dimension))]
    if dimension.log:
        return _between_logs(dimension, share)
    if dimension.size is not None:
        return dimension.value(int(share * dimension.size))
    low, high = float(dimension.low), float(dimension.high)
    return min(max(low + share * (high - low), low), high)


def _between_logs(dimension: Range, share: float) -> int | float:
    low, high = Decimal(dimension.low), Decimal(dimension.high)
    if dimension.is_integer:
        # Each integer has the numbers that round to it.
        low, high = low - _HALF, high + _HALF
    start, end = low.ln(_DIGITS), high.ln(_DIGITS)
    way = _DIGITS.multiply(Decimal(share), _DIGITS.subtract(end, start))
    found = _DIGITS.add(start, way).exp(_DIGITS)
    value = int(found.to_integral_value()) if dimension.is_integer else float(found)
    return min(max(value, dimension.low), dimension.high)


def _all(dimension: Dimension) -> list[JsonValue]:
    if isinstance(dimension, Range):
        return [dimension.value(position) for position in range(dimension.size or 0)]
    return list(dimension)
