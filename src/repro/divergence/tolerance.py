"""When two floats count as equal."""

from __future__ import annotations

import math
from dataclasses import dataclass

from repro.core.errors import ConfigError


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

    def allowed(self, expected: float) -> float:
        """Return the greatest difference that is allowed from a value."""
        return self.absolute + self.relative * abs(expected)

    def accepts(self, expected: float, actual: float) -> bool:
        """Tell whether a value is near enough; NaN never is."""
        return abs(actual - expected) <= self.allowed(expected)


def same_bits(left: float, right: float) -> bool:
    """Tell whether two finite floats have the same bits: 0.0 and -0.0 have not."""
    return left == right and math.copysign(1, left) == math.copysign(1, right)
