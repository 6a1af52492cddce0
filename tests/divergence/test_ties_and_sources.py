"""Where a tie ends, what a flipped one proves, and from which stage outputs a prediction comes."""

import math

import pytest
from tests.conftest import ROOT
from tests.forging import altered, well_forged

from repro.config.verification import VerificationSettings
from repro.core.jsonfile import load_record
from repro.core.record_v1 import RecordFile
from repro.core.verdict import Outcome, Verdict
from repro.divergence.assess import assess
from repro.divergence.compare import compare
from repro.divergence.side import Side
from repro.divergence.tolerance import EXACT, Limits, Tolerance, ToleranceRequest
from repro.training.declarations import MEANING

RECORD = load_record((ROOT / "reference" / "credit.json").read_bytes(), "credit", RecordFile)
SETTINGS = VerificationSettings.model_validate(RECORD.config["verification"])
WIDE = ToleranceRequest(tolerance=Tolerance(1e-6, 1e-6))
FIRST = RECORD.predictions.rows[0]
OTHER = next(row.label for row in RECORD.predictions.rows if row.label != FIRST.label)


def with_rows(*rows):
    """Take these for the first rows of the record."""
    everything = (*rows, *RECORD.predictions.rows[len(rows) :])
    predictions = RECORD.predictions.model_copy(update={"rows": everything})
    return altered(RECORD, predictions=predictions)


def with_first(**changes):
    return with_rows(FIRST.model_copy(update=changes))


def swapped(one, other):
    """Give each of two rows what the other has, but for its number."""
    return (
        other.model_copy(update={"row": one.row}),
        one.model_copy(update={"row": other.row}),
    )


def compared(expected, actual, limits):
    return compare(Side.of(expected), Side.of(actual), limits, mode="strict", sample=256)


def flipped(ours, theirs, margin, tolerance):
    """Hold a label against another one, with such scores, at such a margin on both sides."""
    expected = with_first(scores=(ours,), margin=margin)
    actual = with_first(scores=(theirs,), margin=margin, label=OTHER)
    checks = compared(expected, actual, Limits(EXACT, {"predictions": tolerance})).checks
    return next(check.outcome for check in checks if check.name == f"predictions.{FIRST.row}")


def test_a_tie_reaches_as_far_as_the_tolerance_and_no_further():
    """All of these numbers are sums of powers of two: nothing is rounded."""
    tolerance = Tolerance(0.125, 0.25)

    assert flipped(0.5, 0.5, 0.25, tolerance) is Outcome.TIE
    assert flipped(0.5, 0.5, math.nextafter(0.25, 1), tolerance) is Outcome.DIFFERS


def test_a_tie_is_measured_by_the_scores_here():
    """Whoever hands over a record cannot widen it with theirs."""
    tolerance = Tolerance(0.0, 0.25)

    assert flipped(0.4375, 0.5, 0.125, tolerance) is Outcome.TIE
    assert flipped(0.5, 0.4375, 0.125, tolerance) is Outcome.DIFFERS


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("rule", "other"),
        ("target", 0.5),
        ("reached", False),
        ("threshold", 0.25),
        ("precision", 0.25),
        ("recall", 0.25),
    ],
)
def test_every_part_of_the_decision_rule_is_compared(name, other):
    """One that did not reach its target is another one, whatever its numbers."""
    threshold = RECORD.threshold.model_copy(update={name: other})
    actual = altered(RECORD, threshold=threshold)
    found = compared(RECORD, actual, Limits(Tolerance(1e-6, 1e-6)))

    assert [c.name for c in found.checks if c.outcome is Outcome.DIFFERS] == [f"threshold.{name}"]
    assert found.verdict is Verdict.DIFFERENT


def with_another_threshold(record):
    threshold = record.threshold.model_copy(update={"threshold": record.threshold.threshold + 1e-9})
    return well_forged(altered(record, threshold=threshold))


def test_a_flipped_tie_over_the_same_digests_is_a_contradiction():
    """A tie excuses another label where something else moved, and not where nothing did."""
    tied, turned = with_first(margin=1e-9), with_first(margin=1e-9, label=OTHER)
    checks = compared(tied, turned, Limits(WIDE.tolerance)).checks
    name = f"predictions.{FIRST.row}"
    found = assess(SETTINGS, tied, turned, WIDE, MEANING)
    honest = assess(SETTINGS, tied, with_another_threshold(turned), WIDE, MEANING)

    assert [check.name for check in checks if check.outcome is Outcome.TIE] == [name]
    assert found.verdict is Verdict.INCOMPARABLE
    assert found.reasons[0].startswith(f"{name} differs where stages.predict.")
    assert honest.verdict is Verdict.EQUIVALENT


def test_margins_that_moved_with_the_threshold_are_no_contradiction():
    """They are the distance of the scores from it, which can have the same bits."""
    moved = with_another_threshold(with_first(margin=FIRST.margin + 1e-9))
    found = assess(SETTINGS, RECORD, moved, WIDE, MEANING)

    assert (found.verdict, found.holds) == (Verdict.EQUIVALENT, True)


def test_scores_that_moved_with_their_digest_are_no_contradiction():
    """As of other code paths, where the threshold happens to agree."""
    nudged = with_first(scores=(FIRST.scores[0] + 1e-12,))
    found = assess(SETTINGS, RECORD, well_forged(nudged, scores="other/v1:0"), WIDE, MEANING)

    assert (found.verdict, found.holds) == (Verdict.EQUIVALENT, True)


def test_rows_that_moved_with_the_split_are_no_contradiction():
    """The same scores in the same order are then those of other rows."""
    pairs = swapped(*RECORD.predictions.rows[:2])
    moved = well_forged(with_rows(*pairs), test_rows="other/v1:0")
    found = assess(SETTINGS, RECORD, moved, WIDE, MEANING)

    assert found.verdict is Verdict.DIFFERENT
    assert "was edited" not in " ".join((found.finding, *found.reasons))
