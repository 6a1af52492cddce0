"""A comparison of records as one HTML page that loads nothing and that a person reads.

Whatever comes from a record is untrusted: it is escaped by the template, made printable and cut to
a limited length, and the page says how much it leaves out.
"""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING

from repro.core.sentences import of_inputs, of_part, of_tolerance
from repro.report.comparison import tolerances_of
from repro.report.comparison_page.environments import BEGINNING, environments_of
from repro.report.comparison_page.groups import (
    NAME,
    Member,
    capped,
    cells_of,
    groups_of,
    rows_of,
    stories_of,
)
from repro.report.comparison_page.metrics import lines_of, say
from repro.report.comparison_page.predictions import pairs_of
from repro.report.comparison_page.shown import Shown
from repro.report.plots import require
from repro.report.templating import templates
from repro.report.texts import formatted, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.core.comparison import ComparisonReport
    from repro.core.record import AnyRecord
    from repro.core.verdict import Check
    from repro.report.drawn import Line, Pair

# How much is shown: enough to read, and a page of a few hundred kilobytes at most.
_ROWS, _GROUPS, _STORIES = 60, 40, 20


def comparison_html(
    report: ComparisonReport,
    reference: AnyRecord,
    candidates: Iterable[AnyRecord | Shown],
) -> str:
    """Write a comparison as one HTML page that loads nothing.

    Parameters
    ----------
    candidates : iterable of AnyRecord or Shown
        In the order of the report.

    Raises
    ------
    PreconditionError
        If matplotlib is not installed.
    """
    require("the page of a comparison")
    members = _members(report, reference, candidates)
    groups, outputs = groups_of(members), members[0].record.outputs
    lines = lines_of(groups, reference.evidence)
    pairs, predictions = pairs_of(groups, reference)
    return (
        templates()
        .get_template("comparison.html.j2")
        .render(
            report=report,
            short=short,
            of_inputs=of_inputs,
            of_part=of_part,
            of_tolerance=of_tolerance,
            tolerances=tolerances_of(report),
            formatted=formatted,
            name_length=NAME,
            beginning=BEGINNING,
            verdicts=Counter(c.comparison.verdict for c in report.candidates),
            worst=_worst(c.comparison.worst for c in report.candidates),
            groups=groups,
            records=capped(rows_of(groups), _ROWS),
            grid=capped([(group, cells_of(outputs, group)) for group in groups], _GROUPS),
            outputs=[name.partition(".") for name in outputs],
            lines=lines,
            predictions=predictions,
            flips=sum(pair.flipped for pair in pairs),
            environments=environments_of(members),
            stories=capped(stories_of(groups), _STORIES),
            **_pictures(reference, lines, pairs),
        )
    )


def _members(
    report: ComparisonReport, reference: AnyRecord, candidates: Iterable[AnyRecord | Shown]
) -> list[Member]:
    """Return the reference, and then each candidate with what was found of it."""
    pairs = zip(report.candidates, candidates, strict=True)
    others = (
        Member(found.name, each if isinstance(each, Shown) else Shown.of(each), found)
        for found, each in pairs
    )
    return [Member(report.reference, Shown.of(reference), None), *others]


def _worst(checks: Iterable[Check | None]) -> Check | None:
    return max(filter(None, checks), key=attrgetter("excess"), default=None)


def _pictures(
    reference: AnyRecord, lines: Sequence[Line], pairs: Sequence[Pair]
) -> dict[str, object]:
    # An extra, and slow to import.
    from repro.report.plots import comparison as plots  # noqa: PLC0415
    from repro.report.plots.dots import shapes  # noqa: PLC0415

    marks = shapes({d.letter for line in lines for d in line.dots} | {p.letter for p in pairs})

    drawn: dict[str, object] = {"metrics": "", "scores": "", "margins": ""}
    if lines:
        drawn["metrics"] = plots.metrics_picture(lines, marks, "Differences of metrics", say(lines))
    if not pairs:
        return drawn
    labelled = any(isinstance(row.label, str) for row in reference.rows)
    flips = sum(pair.flipped for pair in pairs)
    still = sum(not pair.moved for pair in pairs)
    said = f"Of {len(pairs)} pairs of predictions, "
    said += f"{flips} have a different label" if labelled else f"{still} are the same number"
    predictions, numbers = reference.predictions, reference.evidence.numbers
    single = predictions is not None and len(predictions.scores) == 1
    limit = numbers.get("threshold.threshold") if single else None
    drawn["scores"] = plots.scores_picture(
        pairs, marks, limit, "Scores of the reference against scores of the candidates", f"{said}."
    )
    if any(pair.margin is not None for pair in pairs):
        said += f" and {still} are exactly as far from the decision boundary as in the reference."
        drawn["margins"] = plots.margins_picture(pairs, marks, "Movement against distance", said)
    return drawn
