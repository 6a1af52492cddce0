"""The tolerance within which two floats count as equal."""

from __future__ import annotations

import math
import struct
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repro.core.errors import ConfigError
from repro.core.known import NOTHING_KNOWN, KnownFingerprints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.core.noise import Noise

# Absolute and relative together, it accepts every accuracy from 0 to 1 where a half is expected.
_TESTS_NOTHING = 1 / 3
_FLOATS, _INTEGERS = struct.Struct(">dd"), struct.Struct(">qq")
_MAGNITUDE = (1 << 63) - 1


@dataclass(frozen=True)
class Tolerance:
    """``|actual - expected| <= absolute + relative * |expected|``, both zero for the same bits.

    The rule, with both parts given together, is that of ``torch.testing.assert_close``.

    Raises
    ------
    ConfigError
        If a part is negative, NaN or infinite.
    """

    absolute: float
    relative: float

    def __post_init__(self) -> None:
        for part in (self.absolute, self.relative):
            if not math.isfinite(part) or part < 0:
                raise ConfigError(
                    f"tolerance: expected a finite number of at least 0, found {part}",
                    advice="0 asks for the same bits; the usual tolerance is 1e-6",
                )

    @staticmethod
    def both(value: float) -> Tolerance:
        """Return a tolerance that is absolute and relative together.

        Raises
        ------
        ConfigError
            As above, or if it is a third or more: where an accuracy of a half is expected, it
            would accept every accuracy from 0 to 1.
        """
        if value >= _TESTS_NOTHING and math.isfinite(value):
            raise ConfigError(
                f"tolerance: {value:g} would accept every accuracy from 0 to 1 where 0.5 is"
                " expected, so it tests nothing",
                advice="give one below 1/3; the usual tolerance is 1e-6",
            )
        return Tolerance(value, value)

    def shrunk(self, factor: float) -> Tolerance:
        """Return this tolerance with a smaller absolute part."""
        return Tolerance(self.absolute * factor, self.relative)

    def allowed(self, expected: float) -> float:
        """Return the greatest difference that is allowed from a value."""
        return min(self.absolute + self.relative * abs(expected), sys.float_info.max)


EXACT = Tolerance(0.0, 0.0)


@dataclass(frozen=True)
class Limits:
    """The tolerance of every number, by its dotted name.

    Attributes
    ----------
    default : Tolerance
    named : mapping of str to Tolerance
        For a name, or for every name that begins with it and a dot; the longest one counts.
    basis : str
        Where the tolerances come from, in words; empty where they are as configured or given.

    Examples
    --------
    >>> loose = Limits(EXACT, {"metrics.test": Tolerance(1e-6, 0.0)})
    >>> loose.of("metrics.test.accuracy").absolute, loose.of("predictions").absolute
    (1e-06, 0.0)
    """

    default: Tolerance
    named: Mapping[str, Tolerance] = field(default_factory=dict)
    basis: str = ""

    @property
    def is_exact(self) -> bool:
        """True if nothing but the same bits is allowed anywhere."""
        return all(each == EXACT for each in (self.default, *self.named.values()))

    def of(self, name: str) -> Tolerance:
        """Return the tolerance of a number."""
        while name and name not in self.named:
            name = name.rpartition(".")[0]
        return self.named.get(name, self.default)


def same_bits(left: float, right: float) -> bool:
    """Return whether two finite floats have the same bits: 0.0 and -0.0 do not."""
    return left == right and math.copysign(1, left) == math.copysign(1, right)


def ulps(left: float, right: float) -> int:
    """Return how many steps from float to float lie between two finite floats.

    Examples
    --------
    >>> ulps(1.0, 1.0000000000000002), ulps(0.0, -0.0), ulps(-5e-324, 5e-324)
    (1, 0, 2)
    """
    # The place of a float in their order, 0 for both zeros (IEEE 754).
    first: int
    second: int
    first, second = _INTEGERS.unpack(_FLOATS.pack(left, right))
    first = -(first & _MAGNITUDE) if first < 0 else first
    second = -(second & _MAGNITUDE) if second < 0 else second
    return abs(first - second)


def relative_difference(left: float, right: float) -> float:
    """Return the difference over the greater magnitude; 0 where both are zero."""
    largest = max(abs(left), abs(right))
    # Of two numbers that are finite the difference need not be: it is at most twice the greater.
    return min(abs(right - left) / largest, 2.0) if largest else 0.0


@dataclass(frozen=True)
class ToleranceRequest:
    """A request for a tolerance; an empty one asks for the configured one.

    Attributes
    ----------
    tolerance : Tolerance or None
        For every number. Where it is given, a difference within it holds even where the
        environments lead one to expect bit-identical results.
    auto : bool
        Whether it follows from the environments and from a measured spread.
    noise : Noise or None
        That spread; it is needed for other code paths of one architecture.
    known : KnownFingerprints
        The fingerprints that can show a different architecture.
    mode : str or None
        What a missing key does, instead of ``verification.mode``.
    basis : str
        Where the configured tolerance comes from, if it is not this project's.
    """

    tolerance: Tolerance | None = None
    auto: bool = False
    noise: Noise | None = None
    known: KnownFingerprints = NOTHING_KNOWN
    mode: str | None = None
    basis: str = ""
