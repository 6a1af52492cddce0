"""``repro verify``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import (
    LEVELS,
    PATH,
    enter,
    find,
    find_if_any,
    jobs_option,
    json_option,
    map_option,
    mapping_of,
    project_option,
    run_command_option,
    runs_of,
    runs_option,
    tolerance_options,
    tolerance_request,
    workers_option,
)
from repro.cli.progress import Progress, Quiet
from repro.cli.rendering import line, render_divergence, render_expectation, render_suspects
from repro.cli.rerun import Rerun
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from repro.app.subjects.references import Reference
    from repro.app.subjects.subject import Subject
    from repro.app.tolerances import ToleranceRequest
    from repro.core.record import AnyRecord
    from repro.core.verdict import (
        Check,
        Comparison,
        NamedComparison,
        Suspect,
        Verification,
    )


@click.command()
@click.argument("subject", metavar="[RUN|REFERENCE]", required=False)
@click.option("--integrity", "only_integrity", is_flag=True, help="Check only the files.")
@click.option("--all", "every", is_flag=True, help="Check every run of the folder.")
@jobs_option
@click.option(
    "--reference",
    metavar="REF",
    help="Also compare the result with this run, record or report of metrics.",
)
@map_option
@tolerance_options
@click.option(
    "-o",
    "--output",
    "report_file",
    type=PATH,
    help="Write every check as JSON to this file.",
)
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    help="Train at this level instead of the recorded one; other code paths have other bits.",
)
@workers_option
@run_command_option
@runs_option
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@json_option("verification", "verifications")
@project_option
def command(
    subject: str | None,
    reference: str | None,
    mapped: tuple[str, ...],
    project_folder: Path | None,
    runs_folder: Path | None,
    report_file: Path | None,
    tolerance: str | None,
    noise_file: Path | None,
    workers: int | None,
    level: str | None,
    jobs: int,
    *,
    only_integrity: bool,
    every: bool,
    run_command: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Check that a run or reference reproduces on this machine.

    First it checks integrity: every file is what the record says it is. Then it trains again with
    the recorded configuration, or runs the recorded command again in a copy of its folder. The
    verdict is identical (the same bits), equivalent (within the tolerance), different, or
    incomparable. If both environments have the same fingerprint, bit-identical results are
    expected, and equivalent is a finding too. The run itself is only read.

    RUN is a folder, an id or the beginning of one; REFERENCE is a .json file. Without either, the
    newest run is checked. With --reference, the result of the execution is also compared with
    REF, which may be a report of metrics: a JSON, YAML, TOML or CSV file, the text of
    scikit-learn's classification_report, dvc:REV:path, or mlflow:RUN_ID.

    \b
    repro verify                            the newest run
    repro verify reference/credit.json      a committed reference
    repro verify --integrity RUN            only the files, without training
    repro verify RUN --reference paper.csv  and numbers that somebody reported
    repro verify --all --jobs 2             every run, two at a time
    """
    if every:
        from repro.cli.verify_all import verify_every_run

        return verify_every_run(click.get_current_context().params)
    _check_options(reference, mapped, jobs, only_integrity=only_integrity)
    from repro.app.files import check_targets
    from repro.app.subjects.subject import check_integrity, find_subject
    from repro.app.subjects.verification import verify_integrity
    from repro.core.verdict import Outcome

    asked, mapping = tolerance_request(tolerance, noise_file), mapping_of(mapped)
    if only_integrity and subject is not None and Path(subject).exists():
        # Files are checked without a project: a run may have been handed over alone.
        project = Path.cwd()
        found = find_subject(project, project, subject)
    else:
        project = find_if_any(project_folder) or Path.cwd()
        found = find_subject(project, runs_of(project, runs_folder), subject)
    check_targets([report_file], [found.path, noise_file])
    integrity = check_integrity(found)
    intact = all(check.outcome is Outcome.SAME for check in integrity)
    if only_integrity or not intact:
        verification = verify_integrity(found, integrity)
    else:
        wanted = (reference, mapping) if reference else None
        again = _Again(project, project_folder, runs_folder, asked, workers, level, wanted)
        quiet = quiet or as_json
        verification = again.answer(found, integrity, quiet=quiet, agreed=run_command)
    return _said(verification, report_file, as_json=as_json)


def _said(verification: Verification, report_file: Path | None, *, as_json: bool) -> int:
    """Write and print a verification, and return the exit status."""
    if report_file is not None:
        _write(report_file, verification)
    if as_json:
        output.say_record(verification)
    else:
        render(verification)
    return ExitCode.HOLDS if verification.holds else ExitCode.FINDING


def _check_options(
    reference: str | None, mapped: tuple[str, ...], jobs: int, *, only_integrity: bool
) -> None:
    if jobs > 1:
        raise click.UsageError("--jobs is for --all: one run is verified by one process.")
    if only_integrity and reference:
        raise click.UsageError("--integrity executes nothing that --reference could compare.")
    if mapped and not reference:
        raise click.UsageError("--map is for the names of a report: --reference REF.")


@dataclass(frozen=True)
class _Again:
    """The execution of an intact subject again, as the options say."""

    base: Path
    project_folder: Path | None
    runs_folder: Path | None
    asked: ToleranceRequest
    workers: int | None
    level: str | None
    wanted: tuple[str, Mapping[str, str]] | None = None

    def answer(
        self, subject: Subject, integrity: tuple[Check, ...], *, quiet: bool, agreed: bool
    ) -> Verification:
        """Run a command again, or train again, and compare."""
        from repro.app.subjects.recorded import record_of

        record = record_of(subject)
        # Before anything is executed: a name that is ambiguous is a mistake of the user.
        reference = self._reference(record)
        if record.is_pipeline:
            observer = Quiet() if quiet else Progress()
            return self._trained(subject, integrity, observer, reference)
        run = Rerun(self.base, runs_of(self.base, self.runs_folder), self.asked, self.level)
        terms = replace(run, reference=reference)
        return terms.answer(subject, record, integrity, quiet=quiet, agreed=agreed)

    def _reference(self, record: AnyRecord) -> Reference | None:
        """Read what the result is also compared with, and try its names on the record."""
        if self.wanted is None:
            return None
        from repro.app.subjects.references import read_reference

        name, mapping = self.wanted
        runs = runs_of(self.base, self.runs_folder)
        reference = read_reference(self.base, runs, name, mapping)
        reference.check(record, self.asked)
        return reference

    def _trained(
        self,
        subject: Subject,
        integrity: tuple[Check, ...],
        observer: Progress | Quiet,
        reference: Reference | None,
    ) -> Verification:
        from repro.app.subjects.recorded import config_again

        project = find(self.project_folder)
        config = config_again(project, subject, self.level, self.workers)
        enter(config.determinism.level)
        from repro.app.subjects.question import prepare_subject
        from repro.app.verify import verify
        from repro.execution.places import Here

        question = prepare_subject(project, subject, integrity, config, self.asked)
        return verify(project, question, observer, Here(shut=True), reference)


def _write(path: Path, verification: Verification) -> None:
    from repro.app.files import write_whole
    from repro.core.jsonfile import dump_record

    write_whole(path, dump_record(verification))


def render(verification: Verification) -> None:
    """Print a verification for people."""
    files = len(verification.integrity)
    output.say()
    output.say(output.bold(line(verification.subject)))
    broken = [check for check in verification.integrity if check.outcome != "same"]
    if broken:
        output.field("integrity", f"{output.toned('tampered')}: {len(broken)} of {files} files")
        for check in broken:
            output.say(f"  {line(check.detail)}")
        output.say("next: restore these files, or train again: repro train")
        return
    if files:
        # The layout of a reference is free; what is bound is what it holds.
        kept = "1 file, every value" if files == 1 else f"{files} files, every byte"
        output.field("integrity", f"{output.toned('intact')}: {kept} as recorded")
    if verification.target is not None:
        output.field("target", line(verification.target))
    _render_execution(verification)
    if verification.claimed:
        output.say(f"claimed, not checked: {', '.join(map(line, verification.claimed))}")
    if verification.comparison is not None:
        render_comparison(verification.comparison, verification.suspects)
    if verification.reference is not None:
        render_reference(verification.reference)
    for finding in verification.findings:
        output.warn(finding.message)


def render_comparison(comparison: Comparison, suspects: Sequence[Suspect] = ()) -> None:
    """Show what was counted, the worst difference, what can explain it, and the verdict."""
    render_expectation(comparison)
    count = {
        f"{_step(comparison)} outputs": _count(comparison, "step"),
        "metrics": _count(comparison, "metric"),
        "predictions": _count(comparison, "prediction"),
    }
    for what, (same, near, total) in count.items():
        if total:
            within = f", {near} within the tolerance" if near else ""
            output.field(what, f"{same} of {total} the same bits{within}")
    _render_differences(comparison)
    render_suspects(suspects)
    _render_verdict(comparison)


def _render_execution(verification: Verification) -> None:
    if verification.network is not None:
        output.field("network", verification.network.sentence)
    if verification.seal is not None:
        output.field("seal", line(verification.seal))
    if verification.printed is not None:
        output.field("printed", line(verification.printed))


def render_reference(reference: NamedComparison) -> None:
    """Show the comparison with one more reference."""
    output.say()
    output.say(f"reference {output.bold(line(reference.name))}")
    comparison = reference.comparison
    if comparison.counterparts is None:
        render_comparison(comparison)
        return
    render_expectation(comparison)
    _render_differences(comparison)
    _render_verdict(comparison)


def _step(comparison: Comparison) -> str:
    return "step" if comparison.is_of_commands else "stage"


def _render_differences(comparison: Comparison) -> None:
    worst = comparison.worst
    if worst is not None and worst.difference is not None and worst.allowed is not None:
        output.field(
            "worst",
            f"{line(worst.name)}: differs by {worst.difference:.3g}, {worst.allowed:.3g} allowed",
        )
    render_divergence(comparison)


def _render_verdict(comparison: Comparison) -> None:
    tone = "different" if comparison.finding else comparison.verdict
    first, *more = [*filter(None, [comparison.finding]), *comparison.reasons]
    output.field("verdict", f"{output.toned(tone, comparison.verdict)}: {line(first)}")
    for reason in more:
        output.field("", line(reason))
    if comparison.finding:
        output.say("next: find what changed, or accept the difference: --tolerance 1e-6")


def _count(comparison: Comparison, kind: str) -> tuple[int, int, int]:
    found = (check for check in comparison.checks if check.kind == kind)
    checks = [check for check in found if check.outcome != "explained"]
    same = sum(check.outcome == "same" for check in checks)
    near = sum(check.outcome in {"within tolerance", "tie"} for check in checks)
    return same, near, len(checks)
