"""Predictions that differ where the stage outputs that they come from do not."""

import json

import pytest
from tests.conftest import ROOT, command
from tests.forging import altered, well_forged

from repro.config.verification import VerificationSettings
from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.record_v1 import RecordFile
from repro.divergence.assess import assess
from repro.divergence.compare import compare
from repro.divergence.outputs import outputs_of
from repro.divergence.side import Side
from repro.divergence.tolerance import EXACT, Limits, Tolerance, ToleranceRequest
from repro.training.declarations import MEANING, STAGES

RECORDS = {
    "a new record": ROOT / "reference" / "credit.json",
    "a record of the first version": ROOT / "tests" / "data" / "record_v1.json",
}
SETTINGS = VerificationSettings.model_validate(
    {
        "mode": "strict",
        "tolerance": {"absolute": 1e-6, "relative": 1e-6},
        "sample": {"size": 100, "boundary": 50},
    }
)
WIDE = ToleranceRequest(tolerance=Tolerance(1e-6, 1e-6))


@pytest.fixture(params=list(RECORDS))
def record(request):
    path = RECORDS[request.param]
    return load_record(path.read_bytes(), path.name, RecordFile)


def with_row(record, **changes):
    first, *others = record.predictions.rows
    rows = (first.model_copy(update=changes), *others)
    predictions = record.predictions.model_copy(update={"rows": rows})
    return altered(record, predictions=predictions)


def nudged(record):
    return with_row(record, margin=record.predictions.rows[0].margin + 1e-12)


def judged(expected, actual, asked=WIDE):
    return assess(SETTINGS, expected, actual, asked, MEANING)


def test_a_nudged_number_over_the_same_digest_is_a_finding(record):
    """On either side, however wide the tolerance; the sentence names the row and the stage."""
    row = record.predictions.rows[0].row
    for expected, actual in ((nudged(record), record), (record, nudged(record))):
        found = judged(expected, actual)

        assert (found.verdict, found.holds, found.finding) == ("incomparable", False, "")
        assert found.reasons[0] == (
            f"predictions.{row} differs where stages.predict.scores has the same bits: one of the"
            " two records was edited; get a fresh copy of it"
        )


@pytest.mark.parametrize(
    "asked", [ToleranceRequest(), ToleranceRequest(auto=True), ToleranceRequest(tolerance=EXACT)]
)
def test_no_way_to_ask_lets_it_pass(record, asked):
    """Without a measured spread too: none is needed to see this."""
    found = judged(nudged(record), record, asked)

    assert (found.verdict, found.holds) == ("incomparable", False)


@pytest.mark.parametrize(
    "change", [{"label": "turned", "margin": 0.0}, {"label": "turned"}, {"scores": (0.5,)}]
)
def test_a_flipped_tie_and_other_scores_contradict_too(record, change):
    """What a row says comes from the digests of all rows."""
    found = judged(with_row(record, **change), record)

    assert "stages.predict.scores has the same bits" in found.reasons[0]


def test_a_label_follows_from_scores_and_threshold(record):
    """Without rounding, so that no digest of the labels' own makes another one possible."""
    forged = well_forged(with_row(record, label="turned", margin=0.0), labels="other/v1:0")

    assert "stages.predict.scores has the same bits" in judged(forged, record).reasons[0]


def test_a_label_that_is_none_here_is_no_tie(record):
    """However near the boundary its row is said to be; another label that there is may be one."""
    actual = with_row(record, margin=0.0)
    own = actual.predictions.rows[0].label
    other = next(row.label for row in record.predictions.rows if row.label != own)
    verdicts = {}
    for label in ("turned", other):
        forged = well_forged(with_row(actual, label=label), labels="o/v1:0", scores="o/v1:1")
        verdicts[label] = judged(forged, actual)

    assert verdicts[other].verdict == "equivalent"
    assert verdicts["turned"].verdict == "different"
    assert "no label of this run is turned" in " ".join(verdicts["turned"].reasons)


def with_stages(record, stages):
    return altered(record, stages=record.stages.model_copy(update={"stages": stages}))


def test_what_no_stage_makes_has_to_be_the_same(record):
    """It follows from data, configuration and seed; and nothing reads a run by other inputs."""
    first, *others = record.stages.stages
    name = next(iter(first.inputs))
    inputs = [{**first.inputs, name: "other/v1:0"}, {}, {**first.inputs, "more": "other/v1:0"}]
    for each in inputs:
        edited = with_stages(record, (first.model_copy(update={"inputs": each}), *others))
        for expected, actual in ((edited, record), (record, edited)):
            found = judged(expected, actual)

            assert (found.verdict, found.holds) == ("incomparable", False)
            assert f"of stages.{first.name} differs where data" in found.reasons[0]


def test_stages_stand_in_one_order(record):
    found = judged(with_stages(record, record.stages.stages[::-1]), record)

    assert (found.verdict, found.holds) == ("incomparable", False)
    assert found.reasons[0].startswith("stages.check takes the place of stages.split")


def test_so_does_another_number_of_held_out_rows(record):
    """The split says which they are."""
    total = {"total": record.predictions.total + 1}
    predictions = record.predictions.model_copy(update=total)
    found = judged(altered(record, predictions=predictions), record)

    assert found.reasons[0].startswith("held_out.rows differs where stages.split.test_rows has")


@pytest.mark.parametrize("name", ["scores", "test_rows"])
def test_numbers_that_moved_with_their_digests_pass(record, name):
    """Which is what another processor does."""
    found = judged(well_forged(nudged(record), **{name: "other/v1:0"}), record)

    assert (found.verdict, found.holds, found.finding) == ("equivalent", True, "")


def test_a_sample_lacks_rows_without_a_contradiction(record):
    """A row that is not in the sample is no other number."""
    predictions = record.predictions
    fewer = predictions.model_copy(update={"rows": predictions.rows[1:]})
    found = judged(record, altered(record, predictions=fewer))

    assert "was edited" not in " ".join((found.finding, *found.reasons))


def test_an_output_that_one_side_has_not_proves_nothing(record):
    """Such as in a record of a version with other stages."""
    stages = tuple(
        stage.model_copy(
            update={"outputs": {n: d for n, d in stage.outputs.items() if n != "scores"}}
        )
        for stage in record.stages.stages
    )
    stages = record.stages.model_copy(update={"stages": stages})
    bare = altered(record, stages=stages)
    found = judged(nudged(bare), bare)

    assert (found.verdict, found.finding) == ("equivalent", "")


def test_the_sources_are_outputs_of_the_stages_and_of_every_record(record):
    """A stage that is renamed must be renamed there."""
    sources = {name for derived in MEANING.derivations for name in derived.outputs}
    outputs = {f"stages.{stage.name}.{output}" for stage in STAGES for output in stage.outputs}

    assert sources <= outputs
    assert sources <= outputs_of(record.stages).keys()


def test_every_number_that_is_compared_has_a_source(record):
    """Here, or in the record alone; what was asked for follows from the configuration."""
    side = Side.of(record)
    found = compare(side, side, Limits(EXACT), mode="strict", sample=2)
    asked = {"metrics.task", "metrics.selection_metric", "held_out.scores"}
    names = {check.name for check in found.checks if not check.name.startswith("stages.")}
    sources = (*(derived.prefix for derived in MEANING.derivations), *MEANING.copies)

    assert {name for name in names if not name.startswith(sources)} == asked


def test_compare_tells_and_exits_with_a_finding(record, tmp_path):
    """In every form; without a fingerprint too, which would have asked for the same bits."""
    gone = {"fingerprint": None, "bits": None}
    record = record.model_copy(update={"environment": record.environment.model_copy(update=gone)})
    for name, each in (("here.json", record), ("there.json", nudged(record))):
        (tmp_path / name).write_bytes(dump_record(bound(each)))
    told = command("-m", "repro", "compare", "here.json", "there.json", cwd=tmp_path)
    read = command("-m", "repro", "compare", "here.json", "there.json", "--json", cwd=tmp_path)

    assert (told.status, read.status) == (1, 1), told.err
    assert "tampered or damaged: there.json: predictions" in told.out
    (found,) = json.loads(read.out)["candidates"]
    assert "was edited" in found["comparison"]["reasons"][0]
