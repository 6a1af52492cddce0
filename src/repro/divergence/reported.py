"""The comparison of a record with metrics that somebody reported.

A report has no bits, no predictions and no stages, so the verdict is at best ``equivalent``.
"""

from __future__ import annotations

import sys
from operator import attrgetter
from typing import TYPE_CHECKING

from repro.core.errors import ConfigError
from repro.core.verdict import Check, Comparison, Kind, Outcome, Verdict
from repro.core.verdict import Counterparts as Counted
from repro.divergence.counterparts import Counterparts, find_counterparts, label_of
from repro.divergence.tolerance import EXACT, Tolerance, relative_difference, ulps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from repro.core.record import AnyRecord
    from repro.core.reported import Printed, ReportedMetrics
    from repro.divergence.tolerance import ToleranceRequest

_SHOWN = 12
_BASIS = "half a unit of the last printed digit"


def compare_reported(
    reported: ReportedMetrics,
    actual: AnyRecord,
    asked: ToleranceRequest,
    mapping: Mapping[str, str],
) -> Comparison:
    """Compare every number of a report that has a counterpart in a record.

    A number holds if it rounds to what was printed, or is within a tolerance that was asked for.
    The configured tolerance does not apply: it is for numbers that have all their digits.

    Parameters
    ----------
    mapping : mapping of str to str
        As in ``find_counterparts``.

    Raises
    ------
    ConfigError
        As ``find_counterparts``, or if the tolerance is to follow from two environments.
    """
    if asked.auto:
        raise ConfigError(
            f"--tolerance auto: {reported.name} names no environment that it could follow from",
            advice="give a number, such as --tolerance 1e-3",
        )
    tolerance = asked.tolerance or EXACT
    found = find_counterparts(reported, actual, mapping)
    checks = tuple(_checks(reported, found, actual, tolerance))
    given = f", or {tolerance.absolute:g} absolute and relative" if asked.tolerance else ""
    return Comparison(
        verdict=_verdict(checks),
        reasons=tuple(_reasons(reported, found, checks, actual)),
        divergence=None,
        worst=max((c for c in checks if c.difference), key=attrgetter("excess"), default=None),
        checks=checks,
        environment={},
        absolute=tolerance.absolute,
        relative=tolerance.relative,
        basis=f"{_BASIS}{given}",
        counterparts=Counted(
            total=len(reported.numbers),
            compared={label_of(keys): name for keys, name in found.pairs.items()},
            without=tuple(map(label_of, found.without)),
            parameters=_differing_parameters(reported, actual),
        ),
    )


def _checks(
    reported: ReportedMetrics, found: Counterparts, actual: AnyRecord, tolerance: Tolerance
) -> list[Check]:
    printed = [reported.numbers[keys] for keys in found.pairs]
    # Beside a number with every digit, 1.0 was not rounded: it is one, not 0.95 to 1.05.
    full = any(each.is_full for each in printed)
    return [
        _check(
            (label_of(keys), name),
            number.exactly() if full and number.is_short else number,
            actual.evidence.numbers[name],
            tolerance,
        )
        for (keys, name), number in zip(found.pairs.items(), printed, strict=True)
    ]


def _check(names: tuple[str, str], printed: Printed, actual: float, tolerance: Tolerance) -> Check:
    label, name = names
    expected = printed.number
    if expected is None:
        detail = f"{label}: reference {printed.text}, this run {actual!r}"
        return Check(
            name=name, expected=printed.text, actual=actual, outcome=Outcome.DIFFERS,
            detail=detail, kind=Kind.METRIC,
        )  # fmt: skip
    allowed = max(float(printed.margin), tolerance.allowed(expected))
    difference = abs(actual - expected)
    holds = printed.rounds_from(actual) or difference <= tolerance.allowed(expected)
    within = Outcome.SAME if actual == expected else Outcome.WITHIN
    return Check(
        name=name,
        expected=expected,
        actual=actual,
        outcome=within if holds else Outcome.DIFFERS,
        # Of two numbers that are finite it need not be.
        difference=min(difference, sys.float_info.max),
        allowed=allowed,
        relative=relative_difference(expected, actual),
        ulps=ulps(expected, actual),
        detail="" if holds else _detail(label, printed, actual),
        kind=Kind.METRIC,
    )


def _detail(label: str, printed: Printed, actual: float) -> str:
    sentence = f"{label}: reference {printed.text}, this run {actual!r}"
    expected = printed.number or 0.0
    # An accuracy is at most 1: a greater number is most likely a percentage.
    if "%" not in printed.text and abs(actual) <= 1 < expected <= 100:
        return f"{sentence}; write a percentage as {printed.text}%"
    if not printed.margin:
        # Digits that the next processor may compute differently.
        return f"{sentence}; to accept a difference of arithmetic: --tolerance 1e-6"
    return sentence


def _verdict(checks: Sequence[Check]) -> Verdict:
    if not checks:
        return Verdict.INCOMPARABLE
    holds = all(check.outcome is not Outcome.DIFFERS for check in checks)
    return Verdict.EQUIVALENT if holds else Verdict.DIFFERENT


def _reasons(
    reported: ReportedMetrics, found: Counterparts, checks: Sequence[Check], actual: AnyRecord
) -> list[str]:
    total, wrong = len(reported.numbers), [c for c in checks if c.outcome is Outcome.DIFFERS]
    have = "has" if len(checks) == 1 else "have"
    coverage = f"{len(checks)} of {total} metrics {have} a counterpart"
    if not checks:
        first = [f"{coverage}: nothing was compared", "name the counterparts: --map NAME=METRIC"]
    elif wrong:
        differ = "metric differs" if len(wrong) == 1 else "metrics differ"
        first = [f"{len(wrong)} {differ} by more than was rounded", *(c.detail for c in wrong)]
        first.append(coverage)
    else:
        first = [f"{coverage}, and every one agrees with what was printed"]
    lacking = [label_of(keys) for keys in found.without]
    more = f", and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    if lacking:
        first.append(f"without a counterpart: {', '.join(lacking[:_SHOWN])}{more}")
    for name, (there, here) in _differing_parameters(reported, actual).items():
        first.append(f"parameter {name} differs: reference {there}, this run {here}")
    return first


def _differing_parameters(
    reported: ReportedMetrics, actual: AnyRecord
) -> dict[str, tuple[str, str]]:
    """Return the parameters that both sides name and that differ, as text."""
    chosen, models = actual.evidence.facts.get("metrics.model"), actual.config.get("models")
    model = models.get(str(chosen)) if isinstance(models, dict) else None
    params = model.get("params") if isinstance(model, dict) else None
    known = dict(params) if isinstance(params, dict) else {}
    if "seed" in actual.config:
        known |= dict.fromkeys(("seed", "random_state"), actual.config["seed"])
    return {
        name: (text, str(known[name]))
        for name, text in reported.parameters.items()
        if name in known and not _same(text, known[name])
    }


def _same(text: str, value: object) -> bool:
    try:
        return float(text) == float(str(value))
    except ValueError:
        return text == str(value)
