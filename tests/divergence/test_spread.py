"""Spreads: how far the numbers of trainings that should agree lie apart."""

from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import ROOT
from tests.forging import altered

from repro.core.jsonfile import load_record
from repro.core.record_v1 import RecordFile
from repro.core.records import Estimate
from repro.divergence.spread import Spread, flips, spreads

RECORD = load_record((ROOT / "reference" / "credit.json").read_bytes(), "credit", RecordFile)
NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5)


def with_accuracy(value):
    estimate = Estimate(value=value, low=0.0, high=1.0)
    test = RECORD.metrics.test | {"accuracy": estimate}
    return altered(RECORD, metrics=RECORD.metrics.model_copy(update={"test": test}))


def with_first_row(**changes):
    first, *others = RECORD.predictions.rows
    rows = (first.model_copy(update=changes), *others)
    predictions = RECORD.predictions.model_copy(update={"rows": rows})
    return altered(RECORD, predictions=predictions)


def test_one_record_and_equal_records_have_no_spread():
    """Every number is there, and none of them moves."""
    for records in ([RECORD], [RECORD, RECORD, RECORD]):
        found = spreads(records)

        assert {spread.width for spread in found.values()} == {0.0}
        assert {"predictions", "threshold.threshold", "metrics.test.roc_auc"} <= found.keys()
        assert flips(records) == 0


@given(NUMBERS)
def test_a_spread_is_the_range_whatever_the_order(values):
    """Greatest minus smallest, and the greatest magnitude."""
    found = spreads([with_accuracy(value) for value in values])["metrics.test.accuracy"]
    turned = spreads([with_accuracy(value) for value in reversed(values)])["metrics.test.accuracy"]

    assert found == turned
    assert found == (max(values) - min(values), max(map(abs, values)))


def test_the_spread_of_the_predictions_is_the_greatest_of_any_row():
    """Of a score or of a margin."""
    score = RECORD.predictions.rows[0].scores[0]
    found = spreads([RECORD, with_first_row(scores=(score + 0.25,))])["predictions"]

    assert found.width == (score + 0.25) - score


def test_a_row_whose_label_is_not_the_same_everywhere_is_a_flip():
    """Counted once, however many records there are."""
    label = RECORD.predictions.rows[0].label
    other = next(row.label for row in RECORD.predictions.rows if row.label != label)
    flipped = with_first_row(label=other)

    assert flips([RECORD, flipped, flipped]) == 1


def test_a_limit_is_exceeded_in_itself_and_in_relation():
    """A price that moves by a cent is stable, and so is a tiny number that doubles."""
    found = [Spread(*pair).exceeds(1e-3) for pair in ((0.01, 100.0), (1e-9, 1e-9), (0.01, 1.0))]

    assert found == [False, False, True]
