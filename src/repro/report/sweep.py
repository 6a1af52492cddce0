"""A sweep as Markdown and as one HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.report.templating import templates

if TYPE_CHECKING:
    from repro.core.swept import Sweep


def sweep_page(sweep: Sweep, *, html: bool) -> str:
    """Return every training of a sweep, and the spread over seeds."""
    name = "sweep.html.j2" if html else "sweep.md.j2"
    failed = sum(run.state == "failed" for run in sweep.runs)
    return templates().get_template(name).render(sweep=sweep, failed=failed)
