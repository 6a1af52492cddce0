"""A comparison of records as one HTML page that loads nothing and that a person reads.

Whatever comes from a record is untrusted: it is escaped by the template, made printable and cut to
a length here, and of what there is too much of, the page says how much it leaves out.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, NamedTuple

from repro.core.environment import comparable
from repro.core.errors import PreconditionError
from repro.core.verdict import Outcome, Verdict
from repro.divergence.numbers import excess
from repro.divergence.structure import flatten
from repro.report import templates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import ModuleType

    from repro.core.comparison import Candidate, ComparisonReport
    from repro.core.records import Prediction, RecordFile
    from repro.core.verdict import Check, Divergence
    from repro.report.plots import Line, Pair

# How much of everything is shown: enough to read, and a page of a few hundred kilobytes at most.
_ROWS, _GROUPS, _STORIES, _COLUMNS, _NAMES, _VALUES = 60, 40, 20, 10, 200, 40
_NAME, _TEXT, _FIELDS, _BEGINNING = 60, 300, 500, 4
_DIGEST = re.compile(r"[\w-]+/v\d+:[0-9a-f]{64}")


@dataclass(frozen=True)
class Member:
    """A record of the comparison; the reference has no candidate."""

    name: str
    record: RecordFile
    candidate: Candidate | None


@dataclass(frozen=True)
class Bunch:
    """Records that look the same where they are shown together.

    Attributes
    ----------
    letter : str
        Of the group whose stage outputs all have the same bits.
    """

    letter: str
    members: tuple[Member, ...]

    @property
    def first(self) -> Member:
        """One that stands for all."""
        return self.members[0]

    @property
    def names(self) -> list[str]:
        """As many names as are told."""
        return [short(member.name, _NAME) for member in self.members[:_NAMES]]


@dataclass(frozen=True)
class Cell:
    """A stage output of a group, held against the reference's.

    Attributes
    ----------
    state : str
        ``same``, ``within``, ``differs`` or ``missing``.
    parts : bool
        Whether the stage is the first that parts.
    """

    output: str
    state: str
    parts: bool


class Row(NamedTuple):
    """A prediction worth a look."""

    letter: str
    name: str
    expected: Prediction
    actual: Prediction
    pair: Pair


# From what a person must look at to what is as it should be.
_SEVERITY = (Verdict.INCOMPARABLE, Verdict.DIFFERENT, Verdict.EQUIVALENT, Verdict.IDENTICAL)


def comparison_html(report: ComparisonReport, records: Sequence[tuple[str, RecordFile]]) -> str:
    """Write a comparison as one HTML page that loads nothing.

    Parameters
    ----------
    records : sequence of (name, record)
        The reference, then the candidates in the order of the report.

    Raises
    ------
    PreconditionError
        If matplotlib is not installed.
    """
    plots = _plots()
    candidates = (None, *report.candidates)
    members = [Member(n, r, c) for (n, r), c in zip(records, candidates, strict=True)]
    groups = _groups(members)
    lines = _lines(members, plots)
    pairs: list[Pair] = []
    rows = nsmallest(_VALUES, _seen(_predictions(groups, plots), pairs), key=_weight)
    outputs = _outputs(members[0].record)
    return (
        templates()
        .get_template("comparison.html.j2")
        .render(
            report=report,
            short=short,
            told=told,
            name_length=_NAME,
            beginning=_BEGINNING,
            verdicts=Counter(c.comparison.verdict for c in report.candidates),
            worst=_worst(c.comparison.worst for c in report.candidates),
            groups=groups,
            records=_capped(_bunches(groups, _looks), _ROWS),
            grid=_capped([(g, _cells(outputs, g)) for g in groups], _GROUPS),
            outputs=[name.partition(".") for name in outputs],
            lines=lines,
            metrics=_metrics_picture(lines, plots),
            predictions=rows,
            flips=sum(pair.flipped for pair in pairs),
            **_prediction_pictures(members[0].record, pairs, plots),
            environments=_environments(members),
            stories=_capped(_stories(groups), _STORIES),
        )
    )


def _plots() -> ModuleType:
    try:
        from repro.report import plots  # noqa: PLC0415  # an extra, and slow to import
    except ImportError as error:
        raise PreconditionError(
            f"the page of a comparison needs matplotlib ({error})",
            advice="pip install 'repro[plots]', in the project's environment",
        ) from error
    return plots


def short(value: object, length: int = _TEXT) -> str:
    """Make a text of a record printable, on one line, and of a bounded length."""
    text = str(value)[: 4 * length]
    text = "".join(c if c.isprintable() else " " for c in text)
    return f"{text[:length]}…" if len(text) > length else text


def told(value: object) -> str:
    """Write a value of an environment; a digest by its beginning.

    Examples
    --------
    >>> told(None), told(["a", "b"]), told([]), told("x/v1:" + "0123456789abcdef" * 4)
    ('none', 'a, b', 'none', '0123456789ab…')
    """
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value[:_VALUES]))
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return f"{value.partition(':')[2][:12]}…"
    return "none" if value is None or value in ("", {}) else short(value, 120)


def _capped(items: Sequence[Any], most: int) -> dict[str, Any]:
    return {"shown": items[:most], "left": items[most:]}


def _outputs(record: RecordFile) -> dict[str, str]:
    return {
        f"{stage.name}.{name}": digest
        for stage in record.stages.stages
        for name, digest in stage.outputs.items()
    }


def _groups(members: Iterable[Member]) -> list[Bunch]:
    found: dict[tuple[tuple[str, str], ...], list[Member]] = {}
    for member in members:
        found.setdefault(tuple(_outputs(member.record).items()), []).append(member)
    first, *others = [Bunch("", tuple(found)) for found in found.values()]
    # The reference's group, then the others by size: of many, the small ones are left out.
    others.sort(key=lambda bunch: (-len(bunch.members), _urgency(bunch)))
    return [Bunch(_letter(place), b.members) for place, b in enumerate([first, *others])]


def _letter(place: int) -> str:
    """Name a group: A to Z, then AA."""
    head, last = divmod(place, 26)
    return (_letter(head - 1) if head else "") + chr(ord("A") + last)


def _bunches(groups: Iterable[Bunch], key: Any) -> list[Bunch]:
    """Divide groups into records that look the same; those that do not hold come first."""
    found: dict[tuple[str, str], list[Member]] = {}
    for group in groups:
        for member in group.members:
            if member.candidate is not None:
                found.setdefault((group.letter, repr(key(member.candidate))), []).append(member)
    bunches = [Bunch(letter, tuple(members)) for (letter, _), members in found.items()]
    return sorted(bunches, key=_urgency)


def _urgency(bunch: Bunch) -> tuple[bool, int, float]:
    if bunch.first.candidate is None:
        return True, len(_SEVERITY), 0.0
    comparison = bunch.first.candidate.comparison
    furthest = excess(comparison.worst) if comparison.worst else 0.0
    return comparison.holds, _SEVERITY.index(comparison.verdict), -furthest


def _looks(candidate: Candidate) -> object:
    comparison = candidate.comparison
    return (
        candidate.bits, candidate.level, comparison.verdict, comparison.holds, candidate.tallies,
        comparison.worst, comparison.divergence,
    )  # fmt: skip


def _stories(groups: Iterable[Bunch]) -> list[Bunch]:
    """Keep the records of which there is more to say than that they are the same."""

    def story(candidate: Candidate) -> object:
        told = candidate.comparison
        causes = [(s.cause, s.can_act, s.differences) for s in candidate.suspects]
        return told.verdict, told.finding, told.reasons, told.divergence, candidate.config, causes

    return [
        bunch
        for bunch in _bunches(groups, story)
        if bunch.first.candidate
        and bunch.first.candidate.comparison.verdict is not Verdict.IDENTICAL
    ]


def _cells(expected: Mapping[str, str], group: Bunch) -> list[Cell]:
    actual = _outputs(group.first.record)
    candidates = [member.candidate for member in group.members if member.candidate]
    within = all(c.comparison.verdict.holds for c in candidates)
    parted: Divergence | None = candidates[0].comparison.divergence if candidates else None
    cells = []
    for output, digest in expected.items():
        other = "within" if within else "differs"
        state = "same" if actual.get(output) == digest else other
        stage, _, name = output.partition(".")
        parts = parted is not None and stage == parted.stage and name in parted.outputs
        cells.append(Cell(output, state if output in actual else "missing", parts))
    return cells


def _worst(checks: Iterable[Check | None]) -> Check | None:
    return max(filter(None, checks), key=excess, default=None)


def _lines(members: Sequence[Member], plots: ModuleType) -> list[Line]:
    """Gather the metrics of the held-out rows, and every other one that moved."""
    compared = [m.candidate for m in members if m.candidate and m.candidate.tallies]
    compared = [c for c in compared if (t := c.tallies["metrics"]).same + t.within + t.differing]
    found: dict[str, list[Check]] = {}
    for name in members[0].record.metrics.test:
        found[f"test.{name}"] = []
    for candidate in compared:
        for check in candidate.comparison.checks:
            if check.name.startswith("metrics.") and check.difference is not None:
                found.setdefault(check.name.removeprefix("metrics."), []).append(check)
    if not compared:
        return []
    values = members[0].record.metrics.test
    limits = members[1].candidate.comparison if members[1].candidate else None
    lines = []
    for name, checks in sorted(found.items(), key=lambda pair: -_excess(pair[1])):
        value = values.get(name.removeprefix("test."))
        rule = limits.absolute + limits.relative * abs(value.value) if limits and value else 0.0
        dots = {(c.difference, c.outcome is Outcome.DIFFERS) for c in checks if c.difference}
        lines.append(
            plots.Line(
                name=short(name, _NAME),
                allowed=checks[0].allowed or 0.0 if checks else rule,
                same=len(compared) - len(checks),
                compared=len(compared),
                dots=tuple(sorted(dots)),
            )
        )
    return lines[:_VALUES]


def _excess(checks: Sequence[Check]) -> float:
    return max(map(excess, checks), default=0.0)


def _metrics_picture(lines: Sequence[Line], plots: ModuleType) -> object:
    beyond = sum(any(far for _, far in line.dots) for line in lines)
    equal = sum(not line.dots for line in lines)
    said = (
        f"Of {len(lines)} metrics, {equal} have the same bits in every compared record and {beyond}"
        " have a difference beyond the tolerance. The table below has the numbers."
    )
    return plots.metrics_picture(lines, "Differences of metrics", said) if lines else ""


def _predictions(groups: Sequence[Bunch], plots: ModuleType) -> Iterator[Row]:
    """Join predictions by row, where they were compared."""
    reference = groups[0].first.record.predictions
    expected = {row.row: row for row in reference.rows}
    return (
        Row(group.letter, member.name, expected[row.row], row, pair)
        for group in groups
        for member in group.members
        if member.candidate and _compares(member.candidate)
        for row in member.record.predictions.rows
        if row.row in expected
        if (pair := _pair(expected[row.row], row, reference.scores, plots)) is not None
    )


def _seen(rows: Iterable[Row], pairs: list[Pair]) -> Iterator[Row]:
    """Keep every pair to draw; of the rows that carry them, only a few are told."""
    for row in rows:
        pairs.append(row.pair)
        yield row


def _compares(candidate: Candidate) -> bool:
    tally = candidate.tallies["predictions"]
    return tally.same + tally.within + tally.differing > 0


def _weight(row: Row) -> tuple[bool, float, int]:
    """Rank flipped rows first, then those that moved furthest in relation to their margin."""
    margin = row.pair.margin or 0.0
    return (
        not row.pair.flipped,
        -row.pair.moved / (margin + row.pair.moved or 1.0),
        row.expected.row,
    )


def _pair(
    expected: Prediction, actual: Prediction, names: Sequence[str], plots: ModuleType
) -> Pair | None:
    left, right = _score(expected, expected.label, names), _score(actual, expected.label, names)
    if left is None or right is None:
        return None
    flipped = isinstance(expected.label, str) and expected.label != actual.label
    there, here = expected.margin, actual.margin
    if there is None or here is None:
        moved = abs(left - right)
    else:
        moved = there + here if flipped else abs(there - here)
    pair: Pair = plots.Pair(left, right, there, moved, flipped)
    return pair


def _score(row: Prediction, label: str | float, names: Sequence[str]) -> float | None:
    """Return the predicted number, the only score, or that of the reference's class."""
    if isinstance(row.label, float | int):
        return row.label
    place = names.index(label) if len(names) > 1 and label in names else 0
    return row.scores[place] if place < len(row.scores) else None


def _prediction_pictures(
    reference: RecordFile, pairs: Sequence[Pair], plots: ModuleType
) -> dict[str, object]:
    if not pairs:
        return {"scores": "", "margins": ""}
    flips = sum(pair.flipped for pair in pairs)
    still = sum(not pair.moved for pair in pairs)
    said = f"Of {len(pairs)} pairs of predictions, {flips} have another label"
    limit = reference.threshold.threshold if len(reference.predictions.scores) == 1 else None
    scores = plots.scores_picture(
        pairs, limit, "Scores of the reference against scores of the candidates", f"{said}."
    )
    said += f" and {still} are exactly as far from the decision boundary as in the reference."
    margins = ""
    if any(pair.margin is not None for pair in pairs):
        margins = plots.margins_picture(pairs, "Movement against distance", said)
    return {"scores": scores, "margins": margins}


def _environments(members: Sequence[Member]) -> dict[str, Any]:
    """Set the distinct environments side by side: fields that differ, and those that agree."""
    distinct: dict[str, list[Member]] = {}
    for member in members:
        distinct.setdefault(repr(comparable(member.record.environment)), []).append(member)
    bunches = [Bunch("", tuple(found)) for found in distinct.values()]
    flat = [flatten(comparable(bunch.first.record.environment)) for bunch in bunches]
    shown = flat[:_COLUMNS]
    acting = {
        key
        for member in members
        if member.candidate
        for suspect in member.candidate.suspects
        if suspect.can_act
        for key in list(suspect.differences)[:_BEGINNING]
    }
    keys = list(dict.fromkeys(key for fields in flat for key in fields))[:_FIELDS]
    parted = [key for key in keys if any(fields.get(key) != flat[0].get(key) for fields in flat)]
    table = {key: [fields.get(key) for fields in shown] for key in keys}
    return {
        "columns": bunches[:_COLUMNS],
        "left": len(bunches) - len(shown),
        "suspected": {key: table[key] for key in parted if key in acting},
        "other": {key: table[key] for key in parted if key not in acting},
        "same": {key: table[key][0] for key in keys if key not in parted},
    }
