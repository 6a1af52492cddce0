"""A comparison of records as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.sentences import of_inputs, of_part, of_tolerance
from repro.report.templating import templates

if TYPE_CHECKING:
    from repro.core.comparison import ComparisonReport


def comparison_markdown(report: ComparisonReport) -> str:
    """Write a comparison as Markdown, such as for the summary of a job."""
    return (
        templates()
        .get_template("comparison.md.j2")
        .render(
            report=report,
            of_inputs=of_inputs,
            of_part=of_part,
            of_tolerance=of_tolerance,
            tolerances=tolerances_of(report),
        )
    )


def tolerances_of(report: ComparisonReport) -> list[str]:
    """Return what was allowed, in words: one of each kind."""
    return list(dict.fromkeys(of_tolerance(c.comparison) for c in report.candidates))
