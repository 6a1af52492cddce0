"""``repro compare``."""

from __future__ import annotations

import gc
from collections import Counter
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import gate, output
from repro.cli.gate import gate_options
from repro.cli.options import (
    PATH,
    PathName,
    debug_option,
    find_if_any,
    map_option,
    mapping_of,
    runs_of,
    runs_option,
    tolerance_options,
    tolerance_request,
)
from repro.cli.rendering import (
    difference,
    line,
    render_divergence,
    render_expectation,
    render_suspects,
)
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from repro.app.compare import Entry
    from repro.app.tolerances import ToleranceRequest
    from repro.core.comparison import Candidate, ComparisonReport, Tally
    from repro.core.record import AnyRecord
    from repro.core.verdict import Check, Comparison
    from repro.report.comparison_page.shown import Shown

FORMATS = ("text", "json", "markdown", "junit")
# A base and a candidate.
_PAIR = 2


@click.command()
@click.argument("reference")
@click.argument("candidates", nargs=-1, required=True)
@gate_options
@map_option
@tolerance_options
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True,
    help="For people, for programs, for the summary of a CI job, or as a test report.",
)  # fmt: skip
@click.option(
    "--json", "as_json", is_flag=True,
    help="The same as --format json: repro.comparison/v1 or repro.gate/v1.",
)  # fmt: skip
@click.option("-o", "--output", "file", type=PATH, help="Write the comparison to this file.")
@click.option(
    "--report", "page", type=PATH,
    help="Also write a self-contained HTML page with pictures to this file.",
)  # fmt: skip
@runs_option
@click.option(
    "--project", "project_folder", type=PathName(exists=True, file_okay=False, path_type=Path),
    help="Project that sets the tolerance; the nearest one by default.",
)  # fmt: skip
@debug_option
def command(
    reference: str,
    candidates: tuple[str, ...],
    gates: tuple[str, ...],
    level: float | None,
    markdown: Path | None,
    junit: Path | None,
    mapped: tuple[str, ...],
    tolerance: str | None,
    noise_file: Path | None,
    form: str,
    file: Path | None,
    page: Path | None,
    runs_folder: Path | None,
    project_folder: Path | None,
    *,
    as_json: bool,
) -> int:
    """Compare records: the verdict, the first divergent stage, and the likely causes.

    REFERENCE and each CANDIDATE are a run (a folder, an id or the beginning of one) or a reference
    file (.json). Nothing is executed or unpickled. The exit status is 1 if a candidate fails.

    REFERENCE may also be a report of metrics: a JSON, YAML, TOML or CSV file, the text of
    scikit-learn's classification_report, dvc:REV:path, or mlflow:RUN_ID. A number agrees if it
    rounds to what was printed.

    \b
    repro compare reference/credit.json RUN
    repro compare A.json B.json C.json --format markdown >> "$GITHUB_STEP_SUMMARY"
    repro compare A.json B.json --tolerance 0         the same bits, or status 1
    repro compare metrics.json RUN --map f1=f1_macro  numbers that somebody reported

    With --gate, REFERENCE and one CANDIDATE may be of different models. Both are measured on the
    held-out rows that they share, by a paired bootstrap of stored predictions. The exit status is 1
    if a gate fails or cannot be decided.

    \b
    repro compare BASE RUN --gate "roc_auc no-worse 0.002" --gate "log_loss better"
    """
    if as_json and form not in {"text", "json"}:
        raise click.UsageError(f"--json and --format {form} exclude each other.")
    asked = output.Forms("json" if as_json else form, file, markdown, junit)
    names = (reference, *candidates)
    if gates:
        _refuse_with_gates(mapped, tolerance, noise_file, page)
        return _gate(names, gates, level, (project_folder, runs_folder), asked)
    if level is not None:
        raise click.UsageError("--level needs --gate.")
    request, mapping = tolerance_request(tolerance, noise_file), mapping_of(mapped)
    places = find_if_any(project_folder), runs_folder
    return _compare(names, mapping, request, places, asked, page, noise_file)


def _refuse_with_gates(
    mapped: tuple[str, ...], tolerance: str | None, noise_file: Path | None, page: Path | None
) -> None:
    """Refuse options that mean something only without gates."""
    given = {"--map": mapped, "--tolerance": tolerance, "--noise": noise_file, "--report": page}
    for name, value in given.items():
        if value:
            raise click.UsageError(f"--gate and {name} exclude each other.")


def _gate(
    names: tuple[str, ...],
    gates: tuple[str, ...],
    level: float | None,
    folders: tuple[Path | None, Path | None],
    asked: output.Forms,
) -> int:
    """Decide whether one candidate passes every gate."""
    from repro.config.gates import parse_gates

    parsed = parse_gates(gates)
    if len(names) != _PAIR:
        raise click.UsageError(f"--gate compares one candidate, found {len(names) - 1}.")
    project = find_if_any(folders[0])
    base = project or Path.cwd()
    runs = runs_of(base, folders[1])
    from repro.app.gate import run_gates
    from repro.app.subjects.reported import is_report

    records = [name for name in names if not is_report(base, name)]
    _check_targets((base, runs), asked.files, records, ())
    report = run_gates(project, runs, (names[0], names[1]), parsed, level)
    asked.give(partial(gate.render, report), partial(gate.written, report))
    return ExitCode.HOLDS if report.holds else ExitCode.FINDING


def _compare(
    names: tuple[str, ...],
    mapping: dict[str, str],
    request: ToleranceRequest,
    places: tuple[Path | None, Path | None],
    asked: output.Forms,
    page: Path | None,
    noise_file: Path | None,
) -> int:
    """Compare every candidate with the reference."""
    from repro.app.compare import compare_all, read_entry, read_first
    from repro.app.subjects.reported import is_report

    # What is read is needed to the end: looking for garbage in it took a quarter of the time.
    gc.disable()
    (reference, *candidates), (project, runs_folder) = names, places
    base = project or Path.cwd()
    runs = runs_of(base, runs_folder)
    reported = is_report(base, reference)
    if reported and page:
        raise click.UsageError("--report needs a record as the reference, to draw its numbers.")
    report_read = Path(reference) if reported else None
    records = candidates if reported else (*candidates, reference)
    _check_targets((base, runs), (*asked.files, page), records, (report_read, noise_file))
    alike = Counter(Path(name).name for name in names)

    def entry_of(name: str) -> Entry:
        """Read a record under a name that no other one has."""
        entry = read_entry(base, runs, name)
        # Folders distinguish records that have the same file name.
        return entry.named(name) if alike[Path(name).name] > 1 else entry

    first = read_first(base, runs, reference, mapping)
    if alike[Path(reference).name] > 1:
        first = first.named(reference)
    others: Iterable[Entry] = map(entry_of, candidates)
    shown: list[Shown] = []
    if page is not None:
        others = keeping(others, shown)
    report = compare_all(project, first, others, request)
    if page is not None:
        draw(report, first, shown, page)  # type: ignore[arg-type]  # it is no report
    asked.give(partial(render, report), partial(written, report))
    return ExitCode.HOLDS if report.holds else ExitCode.FINDING


def _check_targets(
    folders: tuple[Path, Path],
    targets: Sequence[Path | None],
    names: Sequence[str],
    inputs: Sequence[Path | None],
) -> None:
    """Refuse to write over what is read."""
    if not any(targets):
        return
    from repro.app.files import check_targets
    from repro.app.subjects.subject import find_subject

    read = [find_subject(*folders, name).path for name in names]
    check_targets(targets, [*read, *inputs])


def keeping(entries: Iterable[Entry], shown: list[Shown]) -> Iterator[Entry]:
    """Yield records one after the other, and keep of each no more than a page shows."""
    from repro.report.comparison_page.shown import Shown

    for entry in entries:
        yield entry
        shown.append(Shown.of(entry.record))


def draw(
    report: ComparisonReport, first: Entry, shown: Iterable[AnyRecord | Shown], page: Path
) -> None:
    """Write a comparison as an HTML page."""
    from repro.app.files import write_whole
    from repro.report.comparison_page import comparison_html

    write_whole(page, comparison_html(report, first.record, shown).encode())


def written(report: ComparisonReport, form: str) -> str:
    """Return a comparison as JSON, Markdown or JUnit XML."""
    if form == "json":
        # Not by way of Python's own values: of a thousand records they take gigabytes.
        return output.escaped(report.model_dump_json(indent=2, by_alias=True)) + "\n"
    if form == "junit":
        from repro.report.junit import comparison_junit

        return output.plain(comparison_junit(report))
    from repro.report.comparison import comparison_markdown

    return output.plain(comparison_markdown(report))


def render(report: ComparisonReport) -> None:
    """Print a comparison for people."""
    target = "" if report.target is None else f", target {line(report.target)}"
    output.say(f"reference {output.bold(line(report.reference))}{target}")
    output.say()
    headings = ("record", "bits", "verdict", "stages", "metrics", "predictions", "diverges at")
    output.table(headings, [_row(candidate) for candidate in report.candidates])
    for candidate in report.candidates:
        if candidate.comparison.verdict != "identical" or candidate.config:
            _render_candidate(candidate)
    if len(report.groups) > 1 and len(report.candidates) > 1:
        output.say()
        for group in report.groups:
            output.field("same bits" if len(group) > 1 else "on its own", line(", ".join(group)))


def _row(candidate: Candidate) -> tuple[str, ...]:
    comparison = candidate.comparison
    tone = comparison.verdict if comparison.holds else "different"
    return (
        line(candidate.name),
        line(candidate.bits or "unknown"),
        output.toned(tone, comparison.verdict),
        *(_counted(tally, comparison) for tally in candidate.tallies.values()),
        line(comparison.divergence.stage) if comparison.divergence else "",
    )


def _counted(tally: Tally, comparison: Comparison) -> str:
    total = tally.total
    # A report has no bits: what agrees with its digits is as good as it gets.
    good = tally.same if comparison.counterparts is None else tally.same + tally.within
    return f"{good} of {total}" if total else "-"


def _render_candidate(candidate: Candidate) -> None:
    comparison = candidate.comparison
    output.say()
    first, *more = [*filter(None, [comparison.finding]), *comparison.reasons]
    tone = comparison.verdict if comparison.holds else "different"
    name = output.bold(line(candidate.name))
    output.say(f"{name}: {output.toned(tone, comparison.verdict)}: {line(first)}")
    for reason in more:
        output.field("", line(reason))
    render_expectation(comparison)
    render_divergence(comparison)
    _render_worst(comparison, "metrics")
    _render_worst(comparison, "predictions")
    for key, pair in candidate.config.items():
        output.field("config", line(difference(key, pair)))
    render_suspects(candidate.suspects)


def _render_worst(comparison: Comparison, kind: str) -> None:
    measured = [c for c in comparison.checks if c.name.startswith(kind + ".") and c.difference]
    worst = max(measured, key=attrgetter("excess"), default=None)
    if worst is not None:
        output.field("worst", line(_measured(worst)))


def _measured(check: Check) -> str:
    return (
        f"{check.name}: differs by {check.difference or 0.0:.3g} (relative"
        f" {check.relative or 0.0:.3g}, {check.ulps} ulp), {check.allowed or 0.0:.3g} allowed"
    )
