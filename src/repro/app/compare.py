"""The use case ``compare``: records from many places side by side; nothing is executed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.app.configuration import parse_config, verification_settings
from repro.app.judge import Asked, judge
from repro.app.records import record_of_run
from repro.app.subject import check_integrity, check_record, find_subject
from repro.config.keys import replicate_key, strict_key
from repro.core.comparison import KINDS, Candidate, ComparisonReport, Tally
from repro.core.environment import comparable
from repro.core.errors import PreconditionError
from repro.core.jsonfile import load_record
from repro.core.records import RecordFile
from repro.core.verdict import Comparison, Outcome, Verdict
from repro.divergence.causes import suspects
from repro.divergence.structure import differences
from repro.store import read_run
from repro.store.disk import read_limited
from repro.store.naming import printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from repro.app.subject import Subject
    from repro.config.verification import Verification


@dataclass(frozen=True)
class Entry:
    """A record to compare.

    Attributes
    ----------
    code : dict of str to object
        The commit, and the SHA-256 of files that differ from it; only a run has the latter.
    damage : str
        Why the record is not what it was; empty where it is intact.
    """

    name: str
    record: RecordFile
    code: dict[str, object]
    damage: str


def read_entry(project: Path, runs: Path, name: str) -> Entry:
    """Read a run or a reference, and check that it is intact.

    Raises
    ------
    PreconditionError, SchemaError
        If there is no such thing, or it cannot be read.
    """
    subject = find_subject(project, runs, name)
    record, code, damage = _of_run(subject) if subject.is_run else _of_reference(subject.path)
    return Entry(printable(subject.path.name), _rekeyed(record), code, damage)


def _of_run(subject: Subject) -> tuple[RecordFile, dict[str, object], str]:
    broken = [c.detail for c in check_integrity(subject) if c.outcome is not Outcome.SAME]
    run = read_run(subject.path)
    code: dict[str, object] = {"commit": run.lineage.commit, **run.lineage.code}
    return record_of_run(run), code, "; ".join(broken)


def _of_reference(path: Path) -> tuple[RecordFile, dict[str, object], str]:
    record = load_record(read_limited(path, path.name), path.name, RecordFile)
    damage = check_record(record, path.name).detail
    return record, {"commit": record.environment.commit}, damage


def _rekeyed(record: RecordFile) -> RecordFile:
    """Take a record with the keys that follow from its configuration, not with those it claims."""
    config, version = parse_config(record.config, "config.json"), record.stages.version
    keys = record.keys.model_copy(
        update={
            "replicate_key": replicate_key(config, record.content, version),
            "strict_key": strict_key(config, record.content, version),
        }
    )
    return record.model_copy(update={"keys": keys})


def compare_all(
    project: Path | None,
    reference: Entry,
    candidates: Iterable[Entry],
    asked: Asked,
) -> ComparisonReport:
    """Hold each candidate against the reference.

    Parameters
    ----------
    project : Path, optional
        Whose ``configs/base.yaml`` sets the measure; the reference's own is used without.

    Raises
    ------
    PreconditionError
        If the reference is damaged: nothing can be held against it. As ``judge``.
    """
    if reference.damage:
        raise PreconditionError(
            f"the reference {reference.name} is tampered or damaged: {reference.damage}",
            advice="restore it, or compare with another one",
        )
    if project is None:
        settings = parse_config(reference.record.config, reference.name).verification
        settings = settings.model_copy(update={"mode": "strict"})
        basis = "by the reference's own configuration, since there is no project here"
    else:
        settings, basis = verification_settings(project), ""
    found: list[Candidate] = []
    groups = {_outputs(reference): [reference.name]}
    # One after the other: a caller that hands over a generator never has all records at once.
    for entry in candidates:
        found.append(_candidate(reference, entry, settings, asked, basis))
        groups.setdefault(_outputs(entry), []).append(entry.name)
    return ComparisonReport(
        schema_="repro.comparison/v1",
        reference=reference.name,
        holds=all(candidate.comparison.holds for candidate in found),
        candidates=tuple(found),
        groups=tuple(map(tuple, groups.values())),
    )


def _candidate(
    reference: Entry, entry: Entry, settings: Verification, asked: Asked, basis: str
) -> Candidate:
    expected, actual = reference.record, entry.record
    there, here = expected.environment, actual.environment
    comparison = judge(settings, expected, actual, asked, basis)
    if entry.damage:
        comparison = _damaged(comparison, entry.damage)
    code = differences(reference.code, entry.code)
    parted = differences(comparable(there), comparable(here))
    everything = parted | {f"code.{name}": pair for name, pair in code.items()}
    worst = max((c.relative or 0.0 for c in comparison.checks), default=0.0)
    same = comparison.verdict is Verdict.IDENTICAL
    return Candidate.model_validate(
        {
            "name": entry.name,
            "level": here.level,
            "bits": here.bits,
            "tallies": {kind: _tally(comparison, prefix) for kind, prefix in KINDS.items()},
            "comparison": comparison.model_copy(
                update={
                    "environment": parted,
                    "checks": tuple(c for c in comparison.checks if c.outcome is not Outcome.SAME),
                }
            ),
            "config": _of_results(differences(expected.config, actual.config)),
            "code": code,
            "suspects": () if same else suspects(everything, comparison.divergence, worst),
        }
    )


def _of_results(
    parted: dict[str, tuple[object, object]],
) -> dict[str, tuple[object, object]]:
    # Where and how wide the work ran, and how it is judged, change no result.
    idle = ("execution.", "verification.", "stability.")
    return {key: pair for key, pair in parted.items() if not key.startswith(idle)}


def _damaged(comparison: Comparison, damage: str) -> Comparison:
    reasons = (f"tampered or damaged: {damage}", *comparison.reasons)
    # Nothing else that was found weighs as much.
    update = {"verdict": Verdict.INCOMPARABLE, "reasons": reasons, "finding": ""}
    return comparison.model_copy(update=update)


def _tally(comparison: Comparison, prefix: str) -> Tally:
    outcomes = [check.outcome for check in comparison.checks if check.name.startswith(prefix)]
    near = sum(outcome in {Outcome.WITHIN, Outcome.TIE} for outcome in outcomes)
    same = outcomes.count(Outcome.SAME)
    return Tally(same=same, within=near, differing=len(outcomes) - same - near)


def _outputs(entry: Entry) -> str:
    return repr([[stage.name, stage.outputs] for stage in entry.record.stages.stages])
