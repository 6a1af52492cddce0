"""The answer of integrity alone: nothing is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.subjects.facts import claims
from repro.app.subjects.recorded import record_of, run_of
from repro.divergence.verification import build_verification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.app.subjects.subject import Subject
    from repro.core.verdict import Check, Verification


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
    claimed = claims(run_of(subject) or record_of(subject))
    return verification.model_copy(update={"claimed": claimed})
