"""The section ``split``: its kinds, what they have in a key, and what is said of mistakes."""

import json

import pytest
from tests.conftest import ROOT
from tests.divergence.test_assess import RECORD

from repro.app.schemas import schema_of
from repro.config.compose import Request, compose
from repro.config.keys import replicate_key, strict_key
from repro.config.recorded import parse_config
from repro.config.resolve import resolve
from repro.config.splits import KINDS, GroupSplit, Split, TimeSplit
from repro.core.errors import ConfigError


def resolved(*pairs, experiment="credit"):
    assignments = tuple(("--set", f"split.{key}", value) for key, value in pairs)
    return resolve(compose(ROOT, Request(experiment=experiment, assignments=assignments)))


def keys(config):
    return replicate_key(config, "c", 1), strict_key(config, "c", 1)


def test_the_split_of_before_has_the_keys_of_before():
    """A recorded configuration has no new key, and reads as it was."""
    config = parse_config(RECORD.config, "config.json")

    assert config.split == Split(test_size=0.25, stratify=True, limit=None)
    assert config.model_dump(mode="json", by_alias=True)["split"] == RECORD.config["split"]
    assert RECORD.keys.replicate_key == replicate_key(
        config, RECORD.content, RECORD.stages.version, version=1
    )


@pytest.mark.parametrize(("kind", "stratify"), [("random", "false"), ("stratified", "true")])
def test_two_spellings_of_one_split_have_one_key(kind, stratify):
    """``kind`` and ``stratify`` say the same of rows that are drawn one by one."""
    assert keys(resolved(("kind", kind))) == keys(resolved(("stratify", stratify)))


def test_a_setting_at_its_default_is_in_no_key():
    """A gap of no rows, and a column that is no feature."""
    plain = resolved(("kind", "time"), ("by", "Age"))
    spelled = resolved(("kind", "time"), ("by", "Age"), ("gap", "0"), ("as_feature", "false"))

    assert keys(plain) == keys(spelled)
    assert plain.split == TimeSplit(kind="time", by="Age", test_size=0.25, limit=None)
    assert keys(plain) != keys(resolved(("kind", "time"), ("by", "Age"), ("gap", "1")))
    assert plain.left_out == ("Age",)
    assert resolved(("kind", "time"), ("by", "Age"), ("as_feature", "true")).left_out == ()


@pytest.mark.parametrize(
    ("pairs", "sentence", "advice"),
    [
        ([("kind", "grup")], "unknown kind of split 'grup'", "did you mean 'group'?"),
        ([("kind", "5")], "unknown kind of split 5", "known: "),
        ([("kind", "group")], "split.kind: group needs the key 'split.by'", "split.by=COLUMN"),
        ([("kind", "time"), ("by", "null")], "split.by: input should be a valid string", ""),
        (
            [("by", "Home")],
            "'split.by' is for split.kind group or stratified_group or time or predefined, and"
            " split.kind is not set",
            "split.kind: group",
        ),
        (
            [("kind", "group"), ("by", "Home"), ("gap", "3")],
            "'split.gap' is for split.kind time, and split.kind is group",
            "split.kind: time",
        ),
        (
            [("kind", "time"), ("by", "Age"), ("folds_by", "Home")],
            "'split.folds_by' is for split.kind predefined, and split.kind is time",
            "remove it",
        ),
        (
            [("kind", "time"), ("by", "Age"), ("gapp", "3")],
            "unknown key 'split.gapp'; did you mean 'gap'?",
            "",
        ),
        (
            [("kind", "group"), ("by", "Home"), ("as_featur", "true")],
            "unknown key 'split.as_featur'; did you mean 'as_feature'?",
            "",
        ),
        ([("knd", "group")], "unknown key 'split.knd'; did you mean 'kind'?", ""),
        (
            [("kind", "time"), ("by", "Age"), ("gap", "-1")],
            "input should be greater than or equal to 0, found -1",
            "",
        ),
        ([("kind", "group"), ("by", "Status")], "split.by: 'Status' is the target", ""),
        (
            [("kind", "predefined"), ("by", "Home"), ("test_size", "0.3")],
            "setting 'split.test_size' has no effect",
            "",
        ),
        (
            [("kind", "group"), ("by", "Home"), ("stratify", "true")],
            "setting 'split.stratify' has no effect",
            "",
        ),
        (
            [("kind", "stratified"), ("stratify", "false")],
            "setting 'split.stratify' has no effect: split.kind is stratified",
            "remove the flag",
        ),
    ],
)
def test_a_mistake_in_the_split_is_named(pairs, sentence, advice):
    """With a suggestion among the keys, or the kinds, that it may have meant."""
    with pytest.raises(ConfigError) as caught:
        resolved(*pairs)

    assert sentence in caught.value.message
    assert advice in caught.value.advice


@pytest.mark.parametrize("kind", ["stratified", "stratified_group"])
def test_a_regression_has_no_strata(kind):
    """Groups and times it has."""
    by = [("by", "age")] if kind == "stratified_group" else []
    with pytest.raises(ConfigError, match="a regression has no classes"):
        resolved(("kind", kind), *by, experiment="diabetes")

    group = resolved(("kind", "group"), ("by", "age"), experiment="diabetes")
    assert group.split == GroupSplit(kind="group", by="age", test_size=0.25, limit=None)


def test_the_schema_of_an_experiment_has_the_keys_of_every_kind():
    """Side by side, as a file may set some of them."""
    split = schema_of("experiment")["properties"]["split"]

    assert split["properties"].keys() == {
        "test_size", "stratify", "limit", "order", "kind", "by", "as_feature", "gap", "folds_by",
    }  # fmt: skip
    assert split["properties"]["kind"] == {"enum": [*KINDS, None]}
    assert json.dumps(schema_of("config"))
