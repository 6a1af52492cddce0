"""The conclusion from integrity and a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.verdict import Check, Comparison, Outcome, Verdict, Verification

if TYPE_CHECKING:
    from collections.abc import Sequence


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
