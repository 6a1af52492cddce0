"""Differences of metrics: a line for each metric, a dot for each record that moved."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from repro.core.verdict import Kind, Outcome
from repro.report.comparison_page.groups import NAME
from repro.report.drawn import Dot, Line
from repro.report.texts import short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.core.comparison import Candidate
    from repro.core.evidence import Evidence
    from repro.core.verdict import Check
    from repro.report.comparison_page.groups import Bunch

_LINES = 40


def lines_of(groups: Sequence[Bunch], evidence: Evidence) -> list[Line]:
    """Gather the metrics of the held-out rows, and every other one that moved.

    Parameters
    ----------
    evidence : Evidence
        Of the reference.
    """
    compared = _compared(groups)
    if not compared:
        return []
    values = {name: evidence.numbers[f"metrics.test.{name}"] for name in evidence.test_metrics}
    found: dict[str, list[tuple[str, Check]]] = {f"test.{name}": [] for name in values}
    for letter, candidate in compared:
        for check in candidate.comparison.checks:
            if check.kind is Kind.METRIC and check.difference is not None:
                name = check.name.removeprefix("metrics.")
                found.setdefault(name, []).append((letter, check))
    # A record that lacks a metric has not the same bits of it.
    without = Counter(
        check.name.removeprefix("metrics.")
        for _, candidate in compared
        for check in candidate.comparison.checks
        if check.outcome is Outcome.EXPLAINED
    )
    limits = compared[0][1].comparison
    lines = []
    for name, checks in sorted(found.items(), key=lambda pair: -_furthest(pair[1])):
        count = len(compared) - without[name]
        if not count:
            continue
        value = values.get(name.removeprefix("test."))
        rule = limits.absolute + limits.relative * abs(value or 0.0)
        lines.append(
            Line(
                name=short(name, NAME),
                allowed=checks[0][1].allowed or 0.0 if checks else rule,
                same=count - len(checks),
                compared=count,
                dots=_dots(checks),
            )
        )
    return lines[:_LINES]


def _compared(groups: Sequence[Bunch]) -> list[tuple[str, Candidate]]:
    return [
        (group.letter, member.candidate)
        for group in groups
        for member in group.members
        if member.candidate and _compares(member.candidate)
    ]


def _compares(candidate: Candidate) -> bool:
    tally = candidate.tallies.get("metrics")
    return tally is not None and tally.total > 0


def _furthest(checks: Sequence[tuple[str, Check]]) -> float:
    return max((check.excess for _, check in checks), default=0.0)


def _dots(checks: Sequence[tuple[str, Check]]) -> tuple[Dot, ...]:
    dots = {
        Dot(check.difference, check.outcome is Outcome.DIFFERS, letter)
        for letter, check in checks
        if check.difference
    }
    return tuple(sorted(dots))


def say(lines: Sequence[Line]) -> str:
    """Describe the picture of the lines in words."""
    beyond = sum(line.outcome == "beyond" for line in lines)
    equal = sum(not line.dots for line in lines)
    return (
        f"Of {len(lines)} metrics, {equal} have the same bits in every compared record and {beyond}"
        " have a difference beyond the tolerance. The table below has the numbers."
    )
