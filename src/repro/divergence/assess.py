"""The comparison of two records within the tolerance that somebody asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.evidence import evidence_of
from repro.core.record_v1 import missing_metrics
from repro.core.verdict import Comparison, Outcome, Verdict
from repro.divergence.comparable import obstacles
from repro.divergence.compare import compare
from repro.divergence.contradiction import contradiction
from repro.divergence.expectation import with_expectation
from repro.divergence.limits import automatic, configured, in_units_of_target
from repro.divergence.side import Side
from repro.divergence.tolerance import EXACT, Limits

if TYPE_CHECKING:
    from pydantic import JsonValue

    from repro.config.verification import VerificationSettings
    from repro.core.environment import Environment
    from repro.core.meaning import Meaning
    from repro.core.record import AnyRecord
    from repro.core.records import Metrics
    from repro.divergence.tolerance import ToleranceRequest

# No tolerance can change these verdicts.
_SETTLED = {Verdict.IDENTICAL, Verdict.INCOMPARABLE}


def foreseen_obstacles(
    settings: VerificationSettings,
    expected: AnyRecord,
    planned: AnyRecord,
    asked: ToleranceRequest,
) -> tuple[str, ...]:
    """Return why a record and a training cannot be compared, before anything is trained.

    Parameters
    ----------
    planned : AnyRecord
        As ``config.common_keys.planned`` makes it: the data is taken to be the record's, and is
        checked when it is read.

    Raises
    ------
    ConfigError
        If the configured tolerance is not valid.
    """
    _limits(settings, expected, asked)
    mode = asked.mode or settings.mode
    return obstacles(Side.of(expected), Side.of(planned), mode, settings.sample.size)


def obstacles_of_metrics(
    settings: VerificationSettings, expected: Metrics, task: str, asked: ToleranceRequest
) -> tuple[str, ...]:
    """Return why a file of metrics and a training of a task cannot be compared."""
    mode, found = asked.mode or settings.mode, evidence_of(expected)
    planned = found.model_copy(update={"facts": found.facts | {"metrics.task": task}})
    reasons = obstacles(Side(found), Side(planned), mode, settings.sample.size)
    if missing := ", ".join(missing_metrics(expected)):
        reasons += (f"the reference lacks metrics that every training measures: {missing}",)
    return reasons


def assess_metrics(
    settings: VerificationSettings, expected: Metrics, actual: AnyRecord, asked: ToleranceRequest
) -> Comparison:
    """Compare a file of metrics with a training; nothing says what it was trained on.

    Raises
    ------
    ConfigError
        As ``configured``.
    """
    limits = in_units_of_target(_limits(settings, actual, asked), actual)
    mode, sample = asked.mode or settings.mode, settings.sample.size
    return compare(Side(evidence_of(expected)), Side.of(actual), limits, mode=mode, sample=sample)


def assess(
    settings: VerificationSettings,
    expected: AnyRecord,
    actual: AnyRecord,
    asked: ToleranceRequest,
    meaning: Meaning,
) -> Comparison:
    """Compare two records whose keys have one version, as ``with_common_keys`` returns them.

    Parameters
    ----------
    meaning : Meaning
        Of the stages of both.

    Raises
    ------
    ConfigError, PreconditionError
        As ``configured``, and as ``automatic`` where that is asked for.
    """
    settings = settings.model_copy(update={"mode": asked.mode or settings.mode})
    limits = in_units_of_target(_limits(settings, expected, asked), expected, actual)
    comparison = _compared(settings, (expected, actual), limits, meaning)
    edited = _different_table(expected, actual) or contradiction(
        comparison.checks,
        expected.stages,
        actual.stages,
        meaning,
        same_code=_same_code(expected.environment, actual.environment),
        thresholded=(rule := _rule(expected)) == _rule(actual) and rule not in {None, "argmax"},
    )
    if edited:
        # As of a record that was not bound again: nothing can be said of its training.
        reasons = (edited, *comparison.reasons)
        update = {"verdict": Verdict.INCOMPARABLE, "reasons": reasons}
        return comparison.model_copy(update=update)
    if asked.auto and comparison.verdict not in _SETTLED:
        limits = automatic(settings, expected, actual, asked, meaning)
        comparison = _compared(settings, (expected, actual), limits, meaning)
    there, here = expected.environment, actual.environment
    # The mode ``legacy`` compares metrics alone: what it compared may have had the same bits.
    exact = all(check.outcome is Outcome.SAME for check in comparison.checks)
    lenient = exact or asked.tolerance is not None
    comparison = with_expectation(comparison, there, here, lenient=lenient)
    if exact:
        return comparison
    if comparison.verdict is Verdict.EQUIVALENT and limits.is_exact and not comparison.finding:
        finding = "the bits differ, although identical bits were requested"
        return comparison.model_copy(update={"finding": finding})
    return comparison


def _rule(record: AnyRecord) -> JsonValue:
    return record.evidence.facts.get("threshold.rule")


def _limits(settings: VerificationSettings, expected: AnyRecord, asked: ToleranceRequest) -> Limits:
    if asked.auto:
        return Limits(EXACT)
    return (
        Limits(asked.tolerance) if asked.tolerance else configured(settings, expected, asked.basis)
    )


def _compared(
    settings: VerificationSettings,
    records: tuple[AnyRecord, AnyRecord],
    limits: Limits,
    meaning: Meaning,
) -> Comparison:
    expected, actual = map(Side.of, records)
    mode, sample = settings.mode, settings.sample.size
    return compare(expected, actual, limits, mode=mode, sample=sample, meaning=meaning)


def _different_table(expected: AnyRecord, actual: AnyRecord) -> str:
    """Return a sentence where one table has two numbers of rows, or two digests in any order."""
    if expected.content != actual.content:
        return ""
    rows = expected.table_rows, actual.table_rows
    if None not in rows and rows[0] != rows[1]:
        return (
            f"dataset.rows: reference {rows[0]}, this run {rows[1]}, although the table is the"
            " same: one of the two records was edited"
        )
    left, right = expected.unordered, actual.unordered
    if left is None or right is None or left == right:
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
