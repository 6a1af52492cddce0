"""A gate as text and as Markdown, such as for a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.sentences import number
from repro.report.templating import templates

if TYPE_CHECKING:
    from repro.core.gate import GateReport, GateResult


def gate_markdown(report: GateReport) -> str:
    """Write a gate as Markdown: one line for each metric."""
    template = templates().get_template("gate.md.j2")
    return template.render(report=report, basis=basis(report), interval=interval)


def basis(report: GateReport) -> str:
    """Return what the intervals are of, as a sentence."""
    groups = f", by the groups of {report.groups}" if report.groups else ""
    return (
        f"{100 * report.level:g} % intervals of {report.resamples} resamples of {report.rows}"
        f" held-out rows{groups}; an effect above 0 is an improvement"
    )


def interval(result: GateResult) -> str:
    """Return the interval of an effect; empty where there is no interval."""
    if result.low is None or result.high is None:
        return ""
    return f"{number(result.low)} … {number(result.high)}"


def measured(result: GateResult) -> str:
    """Return everything that was measured for a gate, as a sentence."""
    if result.base is None or result.candidate is None or result.effect is None:
        return f"{result.gate}: {result.sentence}"
    return (
        f"{result.gate}: base {number(result.base)}, candidate {number(result.candidate)}, effect"
        f" {number(result.effect)} ({interval(result)}): {result.sentence}"
    )
