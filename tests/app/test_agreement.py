"""What is said where no stage of two records parts."""

import pytest
from tests.conftest import ROOT
from tests.forging import well_forged

from repro.app.agreement import of_two, with_a_training
from repro.app.recorded import Recorded
from repro.core.jsonfile import load_record
from repro.core.records import Estimate, RecordFile

RECORD = load_record((ROOT / "reference" / "credit.json").read_bytes(), "credit", RecordFile)


def with_low(value):
    test = RECORD.metrics.test | {"accuracy": Estimate(value=0.5, low=value, high=1.0)}
    metrics = RECORD.metrics.model_copy(update={"test": test})
    return well_forged(RECORD.model_copy(update={"metrics": metrics}))


def both_ways(one, other):
    named = (Recorded(name, record, None) for name, record in (("a", one), ("b", other)))
    return with_a_training(one, other), of_two(*named)


def test_either_sign_of_zero_agrees_where_the_digest_does():
    """Canonical JSON has one digest for both: nobody edited anything."""
    one, other = with_low(0.0), with_low(-0.0)

    assert one.stages == other.stages
    assert one.metrics.test["accuracy"].low == 0.0
    for sentence, same in both_ways(one, other):
        assert (sentence.startswith("nothing to explain"), same) == (True, True)


@pytest.mark.parametrize("value", [5e-324, -1e-12])
def test_any_other_number_does_not(value):
    """However near to zero it is."""
    other = with_low(value).model_copy(update={"stages": with_low(0.0).stages})
    for sentence, same in both_ways(with_low(0.0), other):
        assert ("was edited" in sentence, same) == (True, False)
