"""The use case ``compare``: records from many places side by side; nothing is executed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.app.configuration import default_verification, verification_settings
from repro.app.known import informed
from repro.app.subjects.commands import meaning_of
from repro.app.subjects.record_file import read_record_file
from repro.app.subjects.recorded import record_of
from repro.app.subjects.references import Reference, check_unmapped, rekeyed
from repro.app.subjects.reported import is_report, read_report
from repro.app.subjects.subject import check_integrity, check_record, find_subject
from repro.config.common_keys import with_common_keys
from repro.core.comparison import KINDS, Candidate, ComparisonReport, Tally
from repro.core.errors import PreconditionError
from repro.core.targets import target_of
from repro.core.verdict import Comparison, Kind, Outcome, Verdict
from repro.divergence.assess import assess
from repro.divergence.chance import with_chance
from repro.divergence.loaded import code_of, may_be_code
from repro.divergence.outputs import outputs_of
from repro.divergence.self_consistency import find_odd_keys
from repro.divergence.structure import differences
from repro.divergence.suspicion import recorded_differences, suspects_of
from repro.store import open_run
from repro.store.naming import printable
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from repro.app.subjects.subject import Subject
    from repro.config.verification import VerificationSettings
    from repro.core.record import AnyRecord
    from repro.divergence.tolerance import ToleranceRequest


@dataclass(frozen=True)
class Entry:
    """A record to compare.

    Attributes
    ----------
    code : dict of str to object
        The commit, and the SHA-256 of files that it does not identify; a reference has those that
        were loaded.
    damage : str
        Why the record is not what it was; empty where it is intact.
    loaded : frozenset of str
        The names of the files that were loaded, or may have been.
    """

    name: str
    record: AnyRecord
    code: dict[str, object]
    damage: str
    loaded: frozenset[str] = frozenset()

    def named(self, name: str) -> Entry:
        """Return the record with a different name for people."""
        return replace(self, name=printable(name))


def read_entry(project: Path, runs: Path, name: str) -> Entry:
    """Read a run or a reference, and check that it is intact.

    Raises
    ------
    PreconditionError, SchemaError
        If there is no such thing, or it cannot be read.
    """
    subject = find_subject(project, runs, name)
    entry = _of_run(subject) if subject.is_run else _of_reference(subject.path)
    return replace(entry, record=rekeyed(entry.record))


def read_first(base: Path, runs: Path, name: str, mapping: Mapping[str, str]) -> Entry | Reference:
    """Read the reference of a comparison: a run, a record, or a report of metrics.

    Raises
    ------
    PreconditionError, SchemaError, ConfigError
        If there is no such thing, it cannot be read, or the names of a record are mapped.
    """
    if is_report(base, name):
        report = read_report(base, name)
        return Reference(printable(report.name), report, mapping)
    check_unmapped(name, mapping)
    return read_entry(base, runs, name)


def _of_run(subject: Subject) -> Entry:
    broken = [c.detail for c in check_integrity(subject) if c.outcome is not Outcome.SAME]
    record, lineage = record_of(subject), open_run(subject.path).lineage
    return Entry(
        name=printable(subject.path.name),
        record=record,
        code={"commit": lineage.commit, **lineage.code},
        loaded=frozenset(filter(may_be_code, lineage.code))
        if lineage.loaded is None
        else frozenset(lineage.loaded),
        damage="; ".join(broken),
    )


def _of_reference(path: Path) -> Entry:
    record = read_record_file(path)
    odd = find_odd_keys(record)
    damage = check_record(record, path.name).detail or (odd.detail if odd else "")
    loaded = frozenset(record.code or {})
    return Entry(printable(path.name), record, code_of(record), damage, loaded)


def compare_all(
    project: Path | None,
    reference: Entry | Reference,
    candidates: Iterable[Entry],
    asked: ToleranceRequest,
) -> ComparisonReport:
    """Compare each candidate with the reference, which may be a report of metrics.

    Parameters
    ----------
    project : Path, optional
        Whose ``configs/base.yaml`` sets the measure. Without one it is the usual measure, and never
        that of a record: its author does not choose it.

    Raises
    ------
    PreconditionError
        If the reference is damaged: nothing can be compared with it. As ``assess``.
    ConfigError
        If a name of a report is ambiguous, or is mapped to nothing.
    """
    if isinstance(reference, Reference):
        settings = default_verification() if project is None else verification_settings(project)

        def judged(entry: Entry) -> Candidate:
            """Compare one candidate with the report."""
            return _with_report(reference, entry, settings, asked)

        # No record has the bits of a report.
        return _reported(reference.name, "", judged, candidates)
    if reference.damage:
        raise PreconditionError(
            f"the reference {reference.name} is tampered or damaged: {reference.damage}",
            advice="restore it, or compare with a different one",
        )
    if project is None:
        settings = default_verification()
        usual = settings.tolerance
        basis = (
            f"{usual.absolute:g} absolute and {usual.relative:g} relative, the default:"
            " no project sets one"
        )
        asked = replace(asked, basis=basis)
    else:
        settings = verification_settings(project)
    asked = informed(project, asked, reference.record)
    report = _reported(
        reference.name,
        _outputs(reference),
        lambda entry: _candidate(reference, entry, settings, asked),
        candidates,
    )
    return report.model_copy(update={"target": target_of(reference.record.config)})


def _reported(
    name: str, outputs: str, judged: Callable[[Entry], Candidate], candidates: Iterable[Entry]
) -> ComparisonReport:
    """Make the report of candidates, and group them by the bits of their outputs."""
    found: list[Candidate] = []
    groups = {outputs: [name]}
    # One after the other: a caller that hands over a generator never has all records at once.
    for entry in candidates:
        found.append(judged(entry))
        groups.setdefault(_outputs(entry), []).append(entry.name)
    return ComparisonReport(
        schema_="repro.comparison/v1",
        reference=name,
        holds=all(candidate.comparison.holds for candidate in found),
        candidates=tuple(found),
        groups=tuple(map(tuple, groups.values())),
    )


def _candidate(
    reference: Entry, entry: Entry, settings: VerificationSettings, asked: ToleranceRequest
) -> Candidate:
    expected, actual = reference.record, entry.record
    here, meaning = actual.environment, meaning_of(expected)
    comparison = assess(settings, *with_common_keys(expected, actual), asked, meaning)
    if entry.damage:
        comparison = _damaged(comparison, entry.damage)
    found = recorded_differences(expected, actual, (reference.code, entry.code))
    code = {k.removeprefix("code."): pair for k, pair in found.items() if k.startswith("code.")}
    parted = {key: pair for key, pair in found.items() if not key.startswith("code.")}
    loaded = reference.loaded | entry.loaded
    suspects = suspects_of(expected, actual, comparison, found, meaning, loaded)
    return Candidate.model_validate(
        {
            "name": entry.name,
            "level": here.level,
            "bits": here.bits,
            "tallies": {what: _tally(comparison, kind) for what, kind in KINDS.items()},
            "comparison": comparison.model_copy(
                update={
                    "environment": parted,
                    "checks": tuple(c for c in comparison.checks if c.outcome is not Outcome.SAME),
                }
            ),
            "config": _of_results(differences(expected.config, actual.config)),
            "code": code,
            "suspects": with_chance(expected, actual, comparison, suspects),
        }
    )


def _with_report(
    reference: Reference, entry: Entry, settings: VerificationSettings, asked: ToleranceRequest
) -> Candidate:
    """Compare a candidate with reported metrics: nothing is known of what made them."""
    comparison = reference.compare(entry.record, settings, asked)
    if entry.damage:
        comparison = _damaged(comparison, entry.damage)
    environment = entry.record.environment
    return Candidate(
        name=entry.name,
        level=environment.level,
        bits=environment.bits,
        comparison=comparison,
        tallies={what: _tally(comparison, kind) for what, kind in KINDS.items()},
        config={},
        code={},
        suspects=(),
    )


def _of_results(
    parted: dict[str, tuple[object, object]],
) -> dict[str, tuple[object, object]]:
    # Where and how wide the work ran, and how it is judged, change no result.
    sections = {"experiment", "determinism", *(setting.section for setting in MEANING.settings)}
    return {key: pair for key, pair in parted.items() if key.partition(".")[0] in sections}


def _damaged(comparison: Comparison, damage: str) -> Comparison:
    reasons = (f"tampered or damaged: {damage}", *comparison.reasons)
    # Nothing else that was found weighs as much.
    update = {"verdict": Verdict.INCOMPARABLE, "reasons": reasons, "finding": ""}
    return comparison.model_copy(update=update)


def _tally(comparison: Comparison, kind: Kind) -> Tally:
    found = [check.outcome for check in comparison.checks if check.kind is kind]
    outcomes = [outcome for outcome in found if outcome is not Outcome.EXPLAINED]
    near = outcomes.count(Outcome.WITHIN) + outcomes.count(Outcome.TIE)
    same = outcomes.count(Outcome.SAME)
    return Tally(same=same, within=near, differing=len(outcomes) - same - near)


def _outputs(entry: Entry) -> str:
    outputs = outputs_of(entry.record.stages)
    return repr([pair for pair in outputs.items() if not MEANING.is_diagnostic(pair[0])])
