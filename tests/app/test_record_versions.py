"""Records of both versions: read for ever, compared with each other, and checked alike."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.conftest import ROOT
from tests.forging import altered, read_record

from repro.app.compare import compare_all, read_entry
from repro.app.schemas import schema_of
from repro.app.subjects.record_file import parse_record
from repro.app.subjects.subject import check_record
from repro.config.recorded import parse_config
from repro.core.errors import SchemaError
from repro.core.jsonfile import bound, dump_record
from repro.divergence.self_consistency import find_contradiction
from repro.divergence.tolerance import ToleranceRequest
from repro.execution.record import Results, pipeline_record
from repro.training.declarations import STAGES, Stage, meaning_of

GOLDEN = {
    "v1": ROOT / "tests" / "data" / "record_v1.json",
    "v2": ROOT / "tests" / "data" / "record_v2.json",
    "reference": ROOT / "reference" / "credit.json",
}


def read(name):
    return parse_record(GOLDEN[name].read_bytes(), name)


def upgraded(record):
    """Write a record of the first version as one of the second, of the same training."""
    results = Results(
        content=record.content,
        unordered=record.unordered,
        rows=None,
        keys=record.keys,
        stages=record.stages,
        metrics=record.metrics,
        threshold=record.threshold,
        predictions=record.predictions,
        environment=record.environment,
        code=record.code or {},
    )
    return pipeline_record(parse_config(record.config, ""), results)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_file_is_intact_and_written_back_alike(name):
    """Every byte of it, for ever."""
    record = read(name)

    assert check_record(record, name).outcome == "same"
    assert dump_record(record) == GOLDEN[name].read_bytes()


@pytest.mark.parametrize("name", GOLDEN)
def test_layout_and_order_of_keys_are_free(name):
    """A formatter that sorts keys changes no digest: the orders that count are restored."""
    value = json.loads(GOLDEN[name].read_bytes())
    record = parse_record(json.dumps(value, sort_keys=True).encode(), name)

    assert check_record(record, name).outcome == "same"
    assert list(record.metrics.test) == list(read(name).metrics.test)
    assert list(record.config["models"]) == list(read(name).config["models"])


@pytest.mark.parametrize("name", ["v1", "reference"])
def test_one_training_in_both_versions_is_identical(tmp_path, name):
    """Whichever of the two is the reference."""
    paths = tmp_path / "old.json", tmp_path / "new.json"
    paths[0].write_bytes(GOLDEN[name].read_bytes())
    paths[1].write_bytes(dump_record(upgraded(read(name))))
    for pair in (paths, paths[::-1]):
        entries = [read_entry(tmp_path, tmp_path, str(path)) for path in pair]
        (found,) = compare_all(None, entries[0], entries[1:], ToleranceRequest()).candidates

        assert (found.comparison.verdict, entries[1].damage) == ("identical", "")
        assert (found.config, found.code, found.suspects) == ({}, {}, ())
    assert read_record(paths[1].read_bytes()).evidence.numbers == read(name).evidence.numbers


def part_of(name, value):
    def edit(record):
        parts = record.identity.parts | {name: value}
        return record.model_copy(
            update={"identity": record.identity.model_copy(update={"parts": parts})}
        )

    return edit


def metric(record):
    test = record.metrics.test
    best = test["accuracy"].model_copy(update={"low": 0.0})
    metrics = record.metrics.model_copy(update={"test": test | {"accuracy": best}})
    return altered(record, metrics=metrics)


EDITS = {
    "a part of the identity": (part_of("seed", "part/v1:0"), "identity.parts"),
    "a made-up part": (part_of("weather", "part/v1:0"), "identity.parts"),
    "the seed": (
        lambda r: r.with_config(r.config | {"seed": 43}),
        "keys.strict_key",
    ),
    "a metric": (metric, "metrics.test"),
    "what is copied": (
        lambda r: r.model_copy(
            update={"evidence": r.evidence.model_copy(update={"copied_from": {}})}
        ),
        "evidence.copied_from",
    ),
    "the rule": (
        lambda r: altered(r, threshold=r.threshold.model_copy(update={"reached": False})),
        "threshold",
    ),
    "the name": (lambda r: r.model_copy(update={"name": "other"}), "was edited since"),
    "the environment": (
        lambda r: r.model_copy(
            update={"environment": r.environment.model_copy(update={"packages": {}})}
        ),
        "was edited since",
    ),
    "a finding": (
        lambda r: altered(r, metrics=r.metrics.model_copy(update={"findings": ()})),
        "metrics.findings",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_record_is_tampered_though_bound_again(name):
    edit, sentence = EDITS[name]
    found = check_record(bound(edit(read("v2"))), "it.json")

    assert (found.outcome, sentence in found.detail) == ("differs", True), found.detail


def test_a_record_is_intact_for_a_version_that_has_one_stage_more():
    """Older records lack the stage, and what is copied from it and from others since."""
    added = Stage(
        "widest",
        "repro.training.safety:guess_constant",
        ("width",),
        (),
        copies={"metrics.w": "width"},
    )
    wider = tuple(
        replace(stage, copies={**stage.copies, "metrics.depth": stage.outputs[0]})
        if stage.name == "fit" else stage
        for stage in STAGES
    )  # fmt: skip
    meaning = meaning_of((*wider, added))

    assert find_contradiction(read("v2"), meaning) is None
    copied = read("v2").evidence.copied_from | {"metrics.test": "stages.fit.estimator"}
    evidence = read("v2").evidence.model_copy(update={"copied_from": copied})
    forged = read("v2").model_copy(update={"evidence": evidence})
    assert find_contradiction(forged, meaning).name == "evidence.copied_from"


def dropped(section, name):
    def edit(value):
        del value["evidence"][section][name]

    return edit


def added(section, name, content):
    def edit(value):
        value["evidence"][section][name] = content

    return edit


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (dropped("facts", "metrics.model"), "metrics.model is missing"),
        (dropped("facts", "threshold.rule"), "threshold.rule is missing"),
        (dropped("numbers", "metrics.cross_validation.knn.std"), "is missing"),
        (dropped("numbers", "metrics.test.accuracy.low"), "needs both 'low' and 'high'"),
        (dropped("notes", "metrics.findings"), "metrics.findings is missing"),
        (added("notes", "metrics.findings", []), "each with a sentence"),
        (added("facts", "mine", True), "no experiment has"),
        (added("facts", "metrics.task", 1), "evidence: task: Input should be a valid string"),
        (added("facts", "metrics.undefined", [1]), "evidence: undefined"),
        (added("numbers", "metrics.cross_validation.knn.fold_9", 0.5), "no experiment has"),
        (added("numbers", "mine", 1.0), "no experiment has"),
        (added("files", "mine", "file/v1:0"), "no experiment has"),
        (added("numbers", "metrics.test.accuracy", float("inf")), "Infinity"),
    ],
)
def test_what_is_no_evidence_of_an_experiment_is_refused(edit, sentence):
    """The file and the reason are named."""
    value = json.loads(GOLDEN["v2"].read_bytes())
    edit(value)
    with pytest.raises(SchemaError, match=sentence) as error:
        parse_record(json.dumps(value).encode(), "it.json")

    assert error.value.message.startswith("it.json: ")


@pytest.mark.parametrize(("kind", "name"), [("record", "v2"), ("record-v1", "v1")])
def test_both_versions_have_a_schema(kind, name):
    """Which asks for what the golden file has."""
    value = json.loads(GOLDEN[name].read_bytes())

    assert set(schema_of(kind)["required"]) <= value.keys() <= schema_of(kind)["properties"].keys()


@pytest.mark.parametrize(
    "schema", ["repro.record/v3", "repro.metrics/v1", None, ["repro.record/v2"]]
)
def test_a_record_of_an_unknown_version_is_refused(schema):
    """With the versions that are read."""
    value = json.loads(GOLDEN["v2"].read_bytes()) | {"schema": schema}
    with pytest.raises(SchemaError, match=r"repro.record/v2 or repro.record/v1"):
        parse_record(json.dumps(value).encode(), "it.json")
