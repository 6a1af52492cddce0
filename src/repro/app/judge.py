"""The comparison of two records within the tolerance that somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.app.limits import automatic, check_noise, configured, in_units_of_target
from repro.app.records import keys_from, with_common_keys, with_keys_of
from repro.config.keys import VERSION
from repro.core.known import NOTHING_KNOWN, KnownFingerprints
from repro.core.record_v1 import missing_metrics
from repro.core.verdict import Comparison, Outcome, Verdict
from repro.divergence.comparable import obstacles
from repro.divergence.compare import compare
from repro.divergence.contradiction import contradiction
from repro.divergence.expectation import with_expectation
from repro.divergence.side import Side
from repro.divergence.tolerance import EXACT, Limits, Tolerance
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from repro.config.experiment import ExperimentConfig
    from repro.config.verification import Verification
    from repro.core.environment import Environment
    from repro.core.noise import Noise
    from repro.core.records import Metrics, RecordFile

# No tolerance can change these verdicts.
_SETTLED = {Verdict.IDENTICAL, Verdict.INCOMPARABLE}


@dataclass(frozen=True)
class Asked:
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
    """

    tolerance: Tolerance | None = None
    auto: bool = False
    noise: Noise | None = None
    known: KnownFingerprints = NOTHING_KNOWN
    mode: str | None = None


def foreseen_obstacles(
    settings: Verification, expected: RecordFile, config: ExperimentConfig, asked: Asked
) -> tuple[str, ...]:
    """Return why a record and a training by a configuration cannot be compared.

    Nothing is trained for it: the data is taken to be the record's, and is checked when it is read.

    Raises
    ------
    ConfigError, PreconditionError
        If the tolerance or the noise is not valid for this record.
    """
    _limits(settings, expected, asked)
    theirs = Side.of(expected)
    planned = replace(
        theirs,
        config=config.model_dump(mode="json", by_alias=True),
        keys=keys_from(config, expected),
    )
    return obstacles(theirs, planned, asked.mode or settings.mode, settings.sample.size)


def obstacles_of_metrics(
    settings: Verification, expected: Metrics, task: str, asked: Asked
) -> tuple[str, ...]:
    """Return why a file of metrics and a training of a task cannot be compared."""
    planned = Side(metrics=expected.model_copy(update={"task": task}))
    mode = asked.mode or settings.mode
    found = obstacles(Side(metrics=expected), planned, mode, settings.sample.size)
    if missing := ", ".join(missing_metrics(expected)):
        found += (f"the reference lacks metrics that every training measures: {missing}",)
    return found


def judge_metrics(
    settings: Verification, expected: Metrics, actual: RecordFile, asked: Asked
) -> Comparison:
    """Compare a file of metrics with a training; nothing says what it was trained on.

    Raises
    ------
    ConfigError
        As ``configured``.
    """
    limits = in_units_of_target(_limits(settings, actual, asked), actual)
    mode, sample = asked.mode or settings.mode, settings.sample.size
    return compare(Side(metrics=expected), Side.of(actual), limits, mode=mode, sample=sample)


def judge(
    settings: Verification,
    expected: RecordFile,
    actual: RecordFile,
    asked: Asked,
    basis: str = "",
) -> Comparison:
    """Compare two records.

    Parameters
    ----------
    basis : str
        Where the settings come from, where that is not this project.

    Raises
    ------
    ConfigError, PreconditionError
        As ``configured``, and as ``check_noise`` and ``automatic`` where that is asked for.
    """
    settings = settings.model_copy(update={"mode": asked.mode or settings.mode})
    limits = in_units_of_target(_limits(settings, expected, asked, basis), expected, actual)
    expected, actual = with_common_keys(expected, actual)
    comparison = _compared(settings, expected, actual, limits)
    edited = _different_table(expected, actual) or contradiction(
        comparison.checks,
        expected.stages,
        actual.stages,
        MEANING,
        same_code=_same_code(expected.environment, actual.environment),
        thresholded=expected.threshold.rule == actual.threshold.rule != "argmax",
    )
    if edited:
        # As of a record that was not bound again: nothing can be said of its training.
        reasons = (edited, *comparison.reasons)
        update = {"verdict": Verdict.INCOMPARABLE, "reasons": reasons}
        return comparison.model_copy(update=update)
    if asked.auto and comparison.verdict not in _SETTLED:
        limits = automatic(settings, expected, actual, asked.noise, asked.known)
        comparison = _compared(settings, expected, actual, limits)
    there, here = expected.environment, actual.environment
    # The mode ``legacy`` compares metrics alone: what it compared may have had the same bits.
    exact = all(check.outcome is Outcome.SAME for check in comparison.checks)
    lenient = exact or asked.tolerance is not None
    comparison = with_expectation(comparison, there, here, lenient=lenient)
    if exact:
        return comparison
    if comparison.verdict is Verdict.EQUIVALENT and limits.is_exact and not comparison.finding:
        finding = "different bits, although the same bits were requested"
        return comparison.model_copy(update={"finding": finding})
    return comparison


def _limits(settings: Verification, expected: RecordFile, asked: Asked, basis: str = "") -> Limits:
    if asked.noise:
        version = 1 if asked.noise.strict_key.startswith("strict/v1:") else VERSION
        check_noise(asked.noise, with_keys_of(expected, version))
    if asked.auto:
        return Limits(EXACT)
    return Limits(asked.tolerance) if asked.tolerance else configured(settings, expected, basis)


def _compared(
    settings: Verification, expected: RecordFile, actual: RecordFile, limits: Limits
) -> Comparison:
    sides = Side.of(expected), Side.of(actual)
    return compare(*sides, limits, mode=settings.mode, sample=settings.sample.size, meaning=MEANING)


def _different_table(expected: RecordFile, actual: RecordFile) -> str:
    """Return a sentence where one table has two digests of its rows in any order."""
    left, right = expected.unordered, actual.unordered
    if expected.content != actual.content or left is None or right is None or left == right:
        return ""
    if left.partition(":")[0] != right.partition(":")[0]:
        return ""
    return (
        "the digest of the rows in any order differs where the table is the same: one of the two"
        " records was edited"
    )


def _same_code(expected: Environment, actual: Environment) -> bool:
    """Return whether two records are known to be of the same code: one clean commit."""
    clean = expected.dirty is False and actual.dirty is False
    return clean and expected.commit is not None and expected.commit == actual.commit
