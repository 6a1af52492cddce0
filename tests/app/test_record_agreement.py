"""What is said where no stage of two records parts."""

import pytest
from tests.conftest import ROOT
from tests.forging import altered, well_forged

from repro.app.explain.no_divergence import compare_two_records, compare_with_rerun
from repro.app.subjects.recorded import Recorded
from repro.core.jsonfile import load_record
from repro.core.record_v1 import RecordFile
from repro.core.records import Estimate

RECORD = load_record((ROOT / "reference" / "credit.json").read_bytes(), "credit", RecordFile)


def with_low(value):
    test = RECORD.metrics.test | {"accuracy": Estimate(value=0.5, low=value, high=1.0)}
    metrics = RECORD.metrics.model_copy(update={"test": test})
    return well_forged(altered(RECORD, metrics=metrics))


def both_ways(one, other):
    named = (Recorded(name, record, None) for name, record in (("a", one), ("b", other)))
    return compare_with_rerun(one, other), compare_two_records(*named)


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
    other = altered(with_low(value), stages=with_low(0.0).stages)
    for sentence, same in both_ways(with_low(0.0), other):
        assert ("was edited" in sentence, same) == (True, False)


def on_the_boundary(label):
    """Let the first row lie on the boundary, with such a label."""
    first, *others = RECORD.predictions.rows
    tied = first.model_copy(update={"label": label, "margin": 0.0})
    predictions = RECORD.predictions.model_copy(update={"rows": (tied, *others)})
    return altered(RECORD, predictions=predictions)


def test_a_flipped_tie_does_not_agree():
    """A digest holds every label: none of them can be another one."""
    first = RECORD.predictions.rows[0].label
    other = next(row.label for row in RECORD.predictions.rows if row.label != first)
    for sentence, same in both_ways(on_the_boundary(first), on_the_boundary(other)):
        assert ("was edited" in sentence, same) == (True, False)


@pytest.mark.parametrize("name", ["threshold", "precision", "recall"])
def test_neither_does_another_threshold(name):
    """Its numbers are those of a stage too."""
    value = getattr(RECORD.threshold, name) + 1e-12
    threshold = RECORD.threshold.model_copy(update={name: value})
    other = altered(RECORD, threshold=threshold)
    for sentence, same in both_ways(RECORD, other):
        assert ("was edited" in sentence, same) == (True, False)


@pytest.mark.parametrize("left", [True, False])
def test_an_output_that_only_one_side_has_does_not_agree(left):
    """Whichever side lacks it is named."""
    stages = tuple(
        stage.model_copy(
            update={"outputs": {n: d for n, d in stage.outputs.items() if n != "scores"}}
        )
        for stage in RECORD.stages.stages
    )
    stages = RECORD.stages.model_copy(update={"stages": stages})
    bare = altered(RECORD, stages=stages)
    sides = ("the record", "a") if left else ("this training", "b")
    told = both_ways(bare, RECORD) if left else both_ways(RECORD, bare)
    for (sentence, same), side in zip(told, sides, strict=True):
        assert f"stages.predict.scores is missing from {side}" in sentence
        assert not same
