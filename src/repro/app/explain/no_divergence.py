"""Two records without a divergent stage: they agree, or one of them contradicts itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.verdict import Outcome
from repro.divergence.compare import first_divergence
from repro.divergence.numbers import check_evidence
from repro.divergence.outputs import outputs_of
from repro.divergence.tolerance import EXACT, Limits
from repro.divergence.unmatched import explained_outputs
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from repro.app.subjects.recorded import Recorded
    from repro.core.record import AnyRecord


def compare_with_rerun(expected: AnyRecord, actual: AnyRecord) -> tuple[str, bool]:
    """Describe how a record agrees with a training on this machine, and whether all of it does."""
    odd = _odd_output(expected, actual, "the record", "this training")
    if odd:
        sentence = f"the record contradicts itself: no stage is the first to diverge, yet {odd}"
        return f"not explained: {sentence}; repro verify shows more", False
    if _other_numbers(expected, actual):
        return (
            "every stage output of this training has the record's bits, but the record's metrics,"
            " threshold or predictions do not follow from them: it was edited; see repro verify"
        ), False
    return "nothing to explain: every stage output of this training has the record's bits", True


def compare_two_records(subject: Recorded, against: Recorded) -> tuple[str, bool]:
    """Describe how two records agree, and whether everything they share does."""
    odd = _odd_output(subject.record, against.record, subject.name, against.name)
    if odd:
        sentence = (
            f"{subject.name} or {against.name} contradicts itself: no stage is the first to diverge"
        )
        return f"not explained: {sentence}, yet {odd}; repro verify shows which", False
    # References have some of the predictions that runs have, and not always the same ones.
    rows = {prediction.row for prediction in against.record.rows}
    expected, predictions = subject.record, subject.record.predictions
    if predictions is not None:
        shared = tuple(prediction for prediction in predictions.rows if prediction.row in rows)
        expected = expected.with_predictions(predictions.model_copy(update={"rows": shared}))
    if _other_numbers(expected, against.record):
        return (
            f"every stage output of {against.name} has the same bits, but its metrics, threshold"
            " or predictions differ: one of the two was edited; repro verify shows which"
        ), False
    return f"nothing to explain: every stage output of {against.name} has the same bits", True


def is_whole(expected: AnyRecord, actual: AnyRecord) -> bool:
    """Return whether no stage diverges, apart from metrics that only one record has."""
    only = explained_outputs(expected.evidence, actual.evidence, MEANING)
    return first_divergence(expected.stages, actual.stages, only) is None


def has_same_outputs_at(stage: str, left: AnyRecord, right: AnyRecord) -> bool:
    """Return whether one stage of two records has the same outputs."""
    ours, theirs = (
        next((s.outputs for s in record.stages.stages if s.name == stage), {})
        for record in (left, right)
    )
    return ours == theirs


def _odd_output(left: AnyRecord, right: AnyRecord, one: str, other: str) -> str:
    """Describe the first stage output that differs between two records; empty if none does."""
    ours, theirs = outputs_of(left.stages), outputs_of(right.stages)
    only = explained_outputs(left.evidence, right.evidence, MEANING)
    names = (name for name in ours | theirs if name not in only)
    name = next((name for name in names if ours.get(name) != theirs.get(name)), "")
    for outputs, side in ((ours, one), (theirs, other)):
        if name and name not in outputs:
            return f"{name} is missing from {side}"
    return name and f"{name} differs"


def _other_numbers(expected: AnyRecord, actual: AnyRecord) -> bool:
    exact = Limits(EXACT)
    only = explained_outputs(expected.evidence, actual.evidence, MEANING)
    checks = check_evidence(expected.evidence, actual.evidence, exact)
    # Nothing but the sign of zero is within it, and canonical JSON has one digest for both.
    alike = {Outcome.SAME, Outcome.WITHIN, *([Outcome.EXPLAINED] if only else [])}
    return any(check.outcome not in alike for check in checks)
