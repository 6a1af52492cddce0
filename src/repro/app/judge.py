"""One record held against another, within the tolerance that somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.app.limits import automatic, configured
from repro.core.verdict import Comparison, Verdict
from repro.divergence.compare import compare
from repro.divergence.expectation import with_expectation
from repro.divergence.side import Side
from repro.divergence.tolerance import EXACT, Limits, Tolerance

if TYPE_CHECKING:
    from repro.config.models import Verification
    from repro.core.noise import Noise
    from repro.core.records import RecordFile

# No tolerance can change these verdicts.
_SETTLED = {Verdict.IDENTICAL, Verdict.INCOMPARABLE}


@dataclass(frozen=True)
class Asked:
    """What somebody asks of the tolerance; nothing asks for the configured one.

    Attributes
    ----------
    tolerance : Tolerance or None
        For every number. Where it is given, a difference within it holds even where the
        environments are such that the same bits are due.
    auto : bool
        Whether it follows from the environments and from a measured spread.
    noise : Noise or None
        That spread; it is needed for other code paths of one architecture.
    """

    tolerance: Tolerance | None = None
    auto: bool = False
    noise: Noise | None = None


def judge(
    settings: Verification, expected: RecordFile, actual: RecordFile, asked: Asked
) -> Comparison:
    """Hold one record against another.

    Raises
    ------
    ConfigError, PreconditionError
        As ``automatic``, where that is asked for and the bits differ.
    """
    comparison = _compared(settings, expected, actual, _limits(settings, expected, asked))
    if asked.auto and comparison.verdict not in _SETTLED:
        limits = automatic(settings, expected, actual, asked.noise)
        comparison = _compared(settings, expected, actual, limits)
    return with_expectation(
        comparison,
        expected.environment,
        actual.environment,
        lenient=asked.tolerance is not None,
    )


def _limits(settings: Verification, expected: RecordFile, asked: Asked) -> Limits:
    if asked.auto:
        return Limits(EXACT)
    return Limits(asked.tolerance) if asked.tolerance else configured(settings, expected)


def _compared(
    settings: Verification, expected: RecordFile, actual: RecordFile, limits: Limits
) -> Comparison:
    sides = Side.of(expected), Side.of(actual)
    return compare(*sides, limits, mode=settings.mode, sample=settings.sample.size)
