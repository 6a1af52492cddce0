"""A record is held against itself: it copies stage outputs, and has their digests."""

import json

import pytest
from tests.conftest import ROOT, command
from tests.forging import altered, rewritten, well_forged

from repro.app.compare import compare_all, read_entry
from repro.app.subjects.records import record_of_run
from repro.app.subjects.subject import Subject, check_integrity, check_record
from repro.core.errors import SchemaError
from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.record import RunRecord
from repro.core.record_v1 import RecordFile
from repro.core.records import Estimate, Finding, FoldScores
from repro.core.verdict import Outcome
from repro.divergence.consistency import Results, find_inconsistency, find_odd_stage
from repro.divergence.outputs import outputs_of
from repro.divergence.tolerance import ToleranceRequest
from repro.store import read_run
from repro.training.declarations import MEANING, STAGES

RECORDS = {
    "a new record": ROOT / "reference" / "credit.json",
    "a record of the first version": ROOT / "tests" / "data" / "record_v1.json",
}

SOURCES = MEANING.copies
# Of stages that only some records have; each has tests of its own.
OPTIONAL = {
    name: f"stages.{stage.name}.{output}"
    for stage in STAGES
    for name, output in stage.copies.items()
    if stage.setting
}


@pytest.fixture(params=list(RECORDS))
def record(request):
    path = RECORDS[request.param]
    return load_record(path.read_bytes(), path.name, RunRecord, RecordFile)


def with_metrics(record, **changes):
    return altered(record, metrics=record.metrics.model_copy(update=changes))


def other_test(record):
    name, estimate = next(iter(record.metrics.test.items()))
    nudged = Estimate(value=estimate.value, low=estimate.low + 1e-12, high=estimate.high)
    return with_metrics(record, test=record.metrics.test | {name: nudged})


def other_fold(record):
    family, scores = next(iter(record.metrics.cross_validation.items()))
    first, *others = scores.folds
    nudged = FoldScores(mean=scores.mean, std=scores.std, folds=(first + 1e-12, *others))
    return with_metrics(record, cross_validation=record.metrics.cross_validation | {family: nudged})


def other_constant(record):
    name, value = next(iter(record.metrics.constant.items()))
    return with_metrics(record, constant=record.metrics.constant | {name: value + 1e-12})


def other_findings(record):
    found = Finding(kind="suspicious", message="made up")
    return with_metrics(record, findings=(*record.metrics.findings, found))


def other_threshold(record):
    nudged = record.threshold.model_copy(update={"recall": record.threshold.recall + 1e-12})
    return altered(record, threshold=nudged)


EDITS = {
    "metrics.model": lambda record: with_metrics(record, model="other"),
    "metrics.test": other_test,
    "metrics.constant": other_constant,
    "metrics.undefined": lambda record: with_metrics(record, undefined={"brier": "made up"}),
    "metrics.cross_validation": other_fold,
    "metrics.findings": other_findings,
    "threshold": other_threshold,
}


def with_input(record, stage, name):
    stages = tuple(
        each.model_copy(update={"inputs": each.inputs | {name: "other/v1:0"}})
        if each.name == stage
        else each
        for each in record.stages.stages
    )
    return altered(record, stages=record.stages.model_copy(update={"stages": stages}))


def flaw_of(record):
    return find_inconsistency(Results(record.stages, record.metrics, record.threshold), MEANING)


def test_every_edit_of_a_number_is_named_with_its_stage(record):
    """However small; whoever binds the record anew does not bind the stages."""
    for name, change in EDITS.items():
        flaw = flaw_of(change(record))
        source = SOURCES[name]

        assert (flaw.name, flaw.outcome) == (name, Outcome.DIFFERS)
        assert flaw.expected == outputs_of(record.stages)[source] != flaw.actual
        assert flaw.detail == (
            f"{name} is not what {source} has the digest of: one of the two was edited"
        )


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in SOURCES
        if name.startswith("metrics.") and name not in {"metrics.model", *OPTIONAL}
    ],
)
def test_what_was_emptied_is_named_as_well(record, name):
    """Whoever takes the findings out of a record leaves none, which is a value like any other."""
    key = name.partition(".")[2]
    full = well_forged(EDITS["metrics.undefined"](other_findings(record)))
    empty = type(getattr(full.metrics, key))()
    flaw = flaw_of(with_metrics(full, **{key: empty}))

    assert flaw_of(full) is None
    assert getattr(full.metrics, key) != empty
    assert (flaw.name, flaw.expected) == (name, outputs_of(full.stages)[SOURCES[name]])


def test_the_edits_are_of_everything_that_a_record_copies():
    """A run has a baseline of drift besides, and all of its predictions."""
    columns = {f"predictions.{name}" for name in ("row", "scores", "label", "margin")}

    assert {*EDITS, *columns, *OPTIONAL, "drift_baseline"} == SOURCES.keys()


def test_the_sources_are_outputs_of_the_stages_and_of_every_record(record):
    """A stage that is renamed must be renamed there."""
    outputs = {f"stages.{stage.name}.{output}" for stage in STAGES for output in stage.outputs}

    assert set(SOURCES.values()) <= outputs
    every = set(SOURCES.values()) - set(OPTIONAL.values())
    assert every <= outputs_of(record.stages).keys()


def test_a_stage_takes_what_an_earlier_one_made(record):
    """And what no stage made is the same for all that take it."""
    made = flaw_of(with_input(record, "evaluate", "scores"))
    given = flaw_of(with_input(record, "evaluate", "target"))

    assert made.detail == (
        "the input scores of stages.evaluate is not that of stages.predict: one of the two was"
        " edited"
    )
    assert given.detail.startswith("the input target of stages.evaluate is not that of stages.")


def test_what_came_out_otherwise_everywhere_is_sound(record):
    """As another training is: no record can be held against itself there."""
    for change in EDITS.values():
        assert flaw_of(well_forged(change(record))) is None
    assert flaw_of(well_forged(record, estimator="other/v1:0")) is None


def test_either_sign_of_zero_and_an_integer_are_the_number_that_was_hashed(record):
    """Canonical JSON writes 0 for each of them."""
    name = next(iter(record.metrics.test))

    def low(value):
        estimate = Estimate(value=0.5, low=value, high=1.0)
        return with_metrics(record, test=record.metrics.test | {name: estimate})

    for one, other in ((0.0, -0.0), (-0.0, 0.0), (-0.0, -0.0)):
        forged = well_forged(low(one))
        there = altered(low(other), stages=forged.stages)
        read = load_record(dump_record(bound(there)), "f", RunRecord, RecordFile)
        assert flaw_of(read) is None


@pytest.mark.parametrize("version", [-1, 0, 2, 3, 10**6])
def test_stages_of_an_unknown_version_are_refused(record, version):
    """Else whoever writes a version that nobody knows switches every check off."""
    value = record.model_dump(mode="json", by_alias=True)
    value["stages"]["version"] = version

    with pytest.raises(SchemaError, match=f"stages of version {version} are not known"):
        load_record(json.dumps(value).encode(), "record.json", RunRecord, RecordFile)


@pytest.mark.parametrize(
    ("stage", "version"),
    [("evaluate", 2), ("predict", 7), ("leakage", 4), ("select", 0), ("split", 1), ("drift", -1)],
)
def test_a_stage_of_an_unknown_version_is_refused(record, stage, version):
    """Its first version is not written, so that it has one form."""
    stages = tuple(
        each.model_copy(update={"version": version}) if each.name == stage else each
        for each in record.stages.stages
    )
    changed = record.stages.model_copy(update={"stages": stages})

    with pytest.raises(SchemaError, match=f"stages.{stage}: version {version} is not known"):
        flaw_of(altered(record, stages=changed))


@pytest.mark.parametrize("name", EDITS)
def test_a_copy_of_an_output_that_is_not_there_is_a_flaw(record, name):
    """Every record of this version has these stages: an edit cannot hide by removing one."""
    _, stage, _output = SOURCES[name].split(".")
    others = tuple(each for each in record.stages.stages if each.name != stage)
    for stages in ((), others):
        changed = record.stages.model_copy(update={"stages": stages})
        flaw = flaw_of(altered(record, stages=changed))

        assert "is a copy of stages." in flaw.detail
        assert flaw.detail.endswith("which the stages do not have: they were edited")


ALL_EDITS = EDITS | {"the input scores": lambda record: with_input(record, "evaluate", "scores")}


@pytest.mark.parametrize("name", ALL_EDITS)
def test_a_reference_that_was_edited_and_bound_anew_is_tampered(record, tmp_path, name):
    """For whoever checks its integrity, and for a comparison, on either side."""
    path = tmp_path / "edited.json"
    path.write_bytes(dump_record(bound(ALL_EDITS[name](record))))
    honest = tmp_path / "honest.json"
    honest.write_bytes(dump_record(record))
    (check,) = check_integrity(Subject(path, is_run=False))
    first, second = (read_entry(tmp_path, tmp_path, str(each)) for each in (honest, path))
    report = compare_all(None, first, [second], ToleranceRequest())

    assert (check.name, check.outcome) == ("edited.json", Outcome.DIFFERS)
    assert check.detail.startswith(f"edited.json: {name} ")
    assert (first.damage, second.damage) == ("", check.detail)
    comparison = report.candidates[0].comparison
    assert comparison.reasons[0] == f"tampered or damaged: {check.detail}"
    assert (comparison.verdict, comparison.finding) == ("incomparable", "")
    assert not report.holds


def broken(run):
    checks = check_integrity(Subject(run, is_run=True))
    return {check.name: check.detail for check in checks if check.outcome is not Outcome.SAME}


@pytest.mark.parametrize("name", ALL_EDITS)
def test_a_run_that_was_edited_and_bound_anew_is_tampered(copied, name):
    """The file is named, and the number in it."""
    _, run = copied
    edited = ALL_EDITS[name](record_of_run(read_run(run)))
    rewritten(
        run,
        metrics=dump_record(edited.metrics),
        threshold=dump_record(edited.threshold),
        stages=dump_record(edited.stages),
    )
    file = "stages.json" if name not in EDITS else f"{name.partition('.')[0]}.json"

    (found,) = broken(run).items()
    assert found[0] == file
    assert found[1].startswith(f"{file}: {name} ")
    assert found[1].endswith("one of the two was edited")


def test_a_baseline_of_drift_that_was_edited_is_seen_too(copied):
    """It decides when later data raises an alarm; what cannot be read at all is no crash."""
    _, run = copied
    baseline = read_run(run).drift_baseline
    rewritten(run, drift_baseline=dump_record(baseline.model_copy(update={"alarm": 1e9})))

    assert broken(run) == {
        "drift_baseline.json": "drift_baseline.json: drift_baseline is not what"
        " stages.drift.baseline has the digest of: one of the two was edited"
    }

    rewritten(run, drift_baseline=dump_record(baseline.model_copy(update={"rows": 2**60})))
    for read in (read_run, broken):
        with pytest.raises(SchemaError, match=r"drift_baseline\.json"):
            read(run)


def test_a_run_that_came_out_otherwise_everywhere_is_sound(copied):
    """Only a training can tell."""
    _, run = copied
    forged = well_forged(other_test(record_of_run(read_run(run))))
    rewritten(
        run,
        metrics=dump_record(forged.metrics),
        stages=dump_record(forged.stages),
        record=dump_record(bound(forged.with_predictions(None))),
    )

    assert broken(run) == {}


def test_a_file_that_is_of_another_version_is_not_called_edited(copied):
    """Nor is the run called intact: what such a file says cannot be checked."""
    _, run = copied
    metrics = json.loads((run / "metrics.json").read_text()) | {"schema": "repro.metrics/v2"}
    rewritten(run, metrics=json.dumps(metrics).encode())

    with pytest.raises(SchemaError, match=r"repro\.metrics/v2 is not supported"):
        broken(run)


def test_a_damaged_file_is_told_as_such_alone(copied):
    """Its number is not held against anything."""
    _, run = copied
    (run / "metrics.json").write_bytes((run / "metrics.json").read_bytes().replace(b"0.", b"1.", 1))

    assert broken(run) == {
        "metrics.json": "metrics.json: the content differs from what was written"
    }


def test_nothing_slow_is_imported_to_tell(copied):
    """Integrity is answered at once."""
    _, run = copied
    code = (
        "import sys; from pathlib import Path;"
        "from repro.app.subjects.subject import Subject, check_integrity, check_record;"
        "[check_integrity(Subject(Path(sys.argv[1]), is_run=True)),"
        " check_integrity(Subject(Path(sys.argv[2]), is_run=False))];"
        "slow = ('numpy', 'pandas', 'sklearn', 'repro.training.stages');"
        "print([m for m in slow if m in sys.modules])"
    )
    result = command("-c", code, run, RECORDS["a new record"])

    assert (result.status, result.out) == (0, "[]\n"), result.err


@pytest.mark.parametrize("name", ["", "other", "credit ", "Credit", "credit\0"])
def test_a_record_has_one_name_of_its_experiment(record, name):
    """The one that its configuration has; an edit of either is an edit."""
    forged = bound(record.model_copy(update={"experiment": name}))

    assert check_record(record, "f").detail == ""
    assert check_record(forged, "f").detail == "f was edited since it was written"


@pytest.mark.parametrize(
    "section", ["split", "preprocessing", "selection", "decision", "evaluation", "drift", "safety"]
)
def test_an_input_that_is_not_the_recorded_setting_was_edited(record, section):
    """Wherever the edit was: in the digest that every stage has, or in the configuration."""
    config = json.loads(json.dumps(record.config))
    stages = record.stages.model_copy(
        update={
            "stages": tuple(
                stage.model_copy(
                    update={
                        "inputs": {
                            k: v[:-1] + "x" if k == section else v for k, v in stage.inputs.items()
                        }
                    }
                )
                for stage in record.stages.stages
            )
        }
    )
    config[section] = {**config[section], "planted": 1}
    assert find_odd_stage(record.stages, record.config, MEANING) is None

    for flaw in (
        find_odd_stage(stages, record.config, MEANING),
        find_odd_stage(record.stages, config, MEANING),
    ):
        assert flaw.outcome is Outcome.DIFFERS
        assert flaw.detail.endswith("of the configuration: one of the two was edited")
    check = check_record(bound(altered(record, stages=stages)), "it.json")
    assert (check.outcome, f"the input {section} of" in check.detail) == (Outcome.DIFFERS, True)


@pytest.mark.parametrize("position", range(5))
@pytest.mark.parametrize("edit", ["emptied", "shortened", "reversed", "removed"])
def test_what_acts_in_a_stage_is_what_is_declared(record, position, edit):
    """An edited list could acquit the cause of a difference."""
    recorded = {stage.name for stage in record.stages.stages}
    newest = {stage.name: stage for stage in STAGES if stage.name in recorded}
    declared = {name: stage.acts for name, stage in newest.items()}
    versions = {
        name: stage.version if stage.version > 1 else None for name, stage in newest.items()
    }
    present = {stage.name for stage in record.stages.stages}
    several = [name for name, acts in declared.items() if len(acts) > 1 and name in present]
    chosen = several[position]
    acts = {
        "emptied": (),
        "shortened": declared[chosen][1:],
        "reversed": declared[chosen][::-1],
        "removed": None,
    }[edit]
    flaws = []
    for edited in (declared, declared | {chosen: acts}):
        stages = tuple(
            stage.model_copy(
                update={
                    "acts": edited[stage.name],
                    "version": versions.get(stage.name),
                }
            )
            for stage in record.stages.stages
        )
        stages = record.stages.model_copy(update={"stages": stages})
        flaws.append(find_odd_stage(stages, record.config, MEANING))

    assert flaws[0] is None
    assert (flaws[1].name, flaws[1].outcome) == (f"stages.{chosen}.acts", Outcome.DIFFERS)
