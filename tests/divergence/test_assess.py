"""What is said of two records beside the verdict."""

import pytest
from tests.conftest import ROOT
from tests.forging import altered, well_forged

from repro.app.compare import Entry, compare_all
from repro.app.configuration import default_verification, verification_settings
from repro.config.verification import VerificationSettings
from repro.core.jsonfile import load_record
from repro.core.record_v1 import RecordFile
from repro.core.verdict import Verdict
from repro.divergence.assess import assess
from repro.divergence.tolerance import EXACT, Tolerance, ToleranceRequest
from repro.training.declarations import MEANING

RECORD = load_record((ROOT / "reference" / "credit.json").read_bytes(), "credit", RecordFile)
VERIFICATION = RECORD.config["verification"]
SETTINGS = VerificationSettings.model_validate(VERIFICATION)
OTHER_BITS = well_forged(RECORD, estimator="other/v1:0")


def with_first(record, **changes):
    first, *others = record.predictions.rows
    rows = (first.model_copy(update=changes), *others)
    predictions = record.predictions.model_copy(update={"rows": rows})
    return altered(record, predictions=predictions)


def test_why_the_same_bits_are_due_is_not_replaced_by_that_they_were_asked_for():
    """One environment says more; a tolerance of zero alone is all that is left to say."""
    due = assess(SETTINGS, RECORD, OTHER_BITS, ToleranceRequest(auto=True), MEANING)
    asked = assess(SETTINGS, RECORD, OTHER_BITS, ToleranceRequest(tolerance=EXACT), MEANING)

    assert (due.verdict, asked.verdict) == (Verdict.EQUIVALENT, Verdict.EQUIVALENT)
    assert due.finding == "within the tolerance only, although bit-identical results are expected"
    assert asked.finding == "the bits differ, although identical bits were requested"
    assert not due.holds
    assert not asked.holds


def test_a_contradiction_comes_first_and_hides_nothing():
    """What else differs is told after it."""
    edited = with_first(RECORD, scores=(0.25,))
    found = assess(
        SETTINGS, RECORD, edited, ToleranceRequest(tolerance=Tolerance(1e-6, 1e-6)), MEANING
    )
    total, row = len(RECORD.predictions.rows), RECORD.predictions.rows[0].row

    assert found.verdict is Verdict.INCOMPARABLE
    assert found.reasons[0].startswith(f"predictions.{row} differs where ")
    assert f"1 of {total} predictions differ beyond the tolerance" in found.reasons[1:]


@pytest.mark.parametrize(
    "own",
    [
        {"mode": "strict"},
        {"mode": "relaxed"},
        {"mode": "legacy"},
        {"tolerance": {"absolute": 0.3, "relative": 0.3}},
        {"tolerance": {"absolute": 0.99, "relative": 0.99}},
        {"tolerance": VERIFICATION["tolerance"] | {"families": {RECORD.metrics.model: 0.3}}},
    ],
)
def test_a_reference_cannot_ask_for_less_where_there_is_no_project(own):
    """Whatever its own configuration says: in the mode ``legacy`` nobody looks at a prediction."""
    asking = {"config": RECORD.config | {"verification": VERIFICATION | own}}
    other = well_forged(with_first(RECORD, scores=(0.25,)), scores="other/v1:0")
    reference, candidate = (
        Entry("a record", record.model_copy(update=asking), {}, "") for record in (RECORD, other)
    )
    report = compare_all(None, reference, [candidate], ToleranceRequest())

    assert report.candidates[0].comparison.verdict is Verdict.DIFFERENT
    assert not report.holds


@pytest.mark.parametrize("size", [1, 10, 255])
def test_a_reference_cannot_ask_for_fewer_predictions_where_there_is_no_project(size):
    """The sample is as large as it usually is, however large its own configuration has it."""
    sample = {"size": size, "boundary": 1}
    config = RECORD.config | {"verification": VERIFICATION | {"sample": sample}}
    few = RECORD.predictions.model_copy(update={"rows": RECORD.predictions.rows[:size]})
    record = altered(RECORD, config=config, predictions=few)
    report = compare_all(
        None, Entry("a", record, {}, ""), [Entry("b", RECORD, {}, "")], ToleranceRequest()
    )
    found = report.candidates[0].comparison

    assert (found.verdict, report.holds) == (Verdict.INCOMPARABLE, False)
    assert f"the reference has predictions of {size} rows; 256 are required" in found.reasons


def test_the_usual_measure_is_that_of_the_shipped_project():
    """A file of its own, since no project is in a wheel."""
    assert default_verification() == verification_settings(ROOT)
