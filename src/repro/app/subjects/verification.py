"""The answer to a verification: what integrity and a comparison lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.subjects.facts import claims
from repro.app.subjects.recorded import record_of, run_of
from repro.core.targets import target_of
from repro.core.verdict import Check, Comparison, Outcome, Verdict, Verification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.app.subjects.subject import Subject


def verify_integrity(subject: Subject, integrity: Sequence[Check]) -> Verification:
    """Conclude from the integrity of a subject, and name what nothing was compared with.

    Raises
    ------
    PreconditionError, SchemaError
        If an intact subject cannot be read.
    """
    verification = build_verification(subject.name, integrity, None)
    if not verification.holds:
        return verification
    record = record_of(subject)
    update = {"claimed": claims(run_of(subject) or record), "target": target_of(record.config)}
    return verification.model_copy(update=update)


def build_verification(
    subject: str, integrity: Sequence[Check], comparison: Comparison | None
) -> Verification:
    """Draw the conclusion from integrity and, where training was repeated, the comparison."""
    broken = [check.detail for check in integrity if check.outcome is not Outcome.SAME]
    if broken:
        sentence = f"tampered or damaged: {'; '.join(broken)}"
    elif comparison is None:
        sentence = "intact: every file is what the record says it is"
    else:
        sentence = f"{comparison.verdict}: {comparison.finding or comparison.reasons[0]}"
    return Verification(
        schema_="repro.verification/v1",
        subject=subject,
        holds=not broken and (comparison is None or comparison.holds),
        sentence=sentence,
        integrity=tuple(integrity),
        comparison=comparison,
    )


def incomparable(*reasons: str) -> Comparison:
    """Make the comparison of what cannot be compared: nothing was checked."""
    return Comparison(
        verdict=Verdict.INCOMPARABLE,
        reasons=reasons,
        divergence=None,
        worst=None,
        checks=(),
        environment={},
        absolute=0.0,
        relative=0.0,
    )
