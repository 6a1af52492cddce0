"""Keys and equality tell numbers apart that Python and canonical JSON have as one."""

import hashlib
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import ROOT
from tests.divergence.test_assess import RECORD, SETTINGS
from tests.forging import altered

from repro.app.subjects.record_file import read_record_file
from repro.config.common_keys import keys_from, planned, with_common_keys, with_keys_of
from repro.config.keys import replicate_key, strict_key, version_of
from repro.config.recorded import parse_config
from repro.core.canonical import canonical_json, typed_json
from repro.core.jsonfile import binding, bound
from repro.core.verdict import Verdict
from repro.divergence.assess import assess, foreseen_obstacles
from repro.divergence.structure import differences, same_value
from repro.divergence.tolerance import ToleranceRequest
from repro.training.declarations import MEANING

ALIKE = [1, 1.0, True, 0, 0.0, -0.0, False, "1", None]
PAIRS = list(itertools.combinations(ALIKE, 2))


def with_parameter(value, family="knn", name="n_neighbors"):
    config = json.loads(json.dumps(RECORD.config))
    config["models"][family]["params"][name] = value
    return parse_config(config, "changed")


def record_of(config):
    """A record as a training by this configuration writes it."""
    dumped = config.model_dump(mode="json", by_alias=True)
    keys = RECORD.keys.model_copy(
        update={
            "replicate_key": replicate_key(config, RECORD.content, RECORD.stages.version),
            "strict_key": strict_key(config, RECORD.content, RECORD.stages.version),
        }
    )
    return bound(altered(RECORD, config=dumped, keys=keys))


@pytest.mark.parametrize(("left", "right"), PAIRS)
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v], lambda v: {"class": v, "b": [2]}])
def test_untyped_parameters_keep_type_and_sign(left, right, wrap):
    """In both keys, in what binds a record, in a list of differences, and in what is in the way."""
    ours, theirs = (record_of(with_parameter(wrap(value))) for value in (left, right))

    assert ours.keys.replicate_key != theirs.keys.replicate_key
    assert ours.keys.strict_key != theirs.keys.strict_key
    assert binding(ours) != binding(theirs)
    assert len(differences(ours.config, theirs.config)) == 1
    found = assess(SETTINGS, ours, theirs, ToleranceRequest(), MEANING)
    assert found.verdict is Verdict.INCOMPARABLE
    assert [each.partition(": models")[0] for each in found.reasons] == [
        "models or hyper-parameters differ"
    ]


TYPED = [
    ("preprocessing.numeric.clip_iqr", 3.0),
    ("safety.leakage_score", 1.0),
    ("safety.minimum_gain", 0.0),
    ("features.derived.0.epsilon", 1.0),
    ("features.derived.3.weights.Expenses", 2.0),
]


def planted(path, value):
    config = json.loads(json.dumps(RECORD.config))
    inner, (*folders, last) = config, path.split(".")
    for part in folders:
        inner = inner[int(part) if part.isdigit() else part]
    inner[last] = value
    return parse_config(config, "changed")


@pytest.mark.parametrize(("path", "whole"), TYPED)
def test_typed_fields_are_one_number_however_they_are_written(path, whole):
    """``3`` and ``3.0`` in a field that is a float by its type."""
    assert record_of(planted(path, whole)) == record_of(planted(path, int(whole)))


def test_keys_of_the_first_version_are_what_they_were():
    """Of the committed reference and of the oldest record: their definition is kept for ever."""
    for name in ("reference/credit.json", "tests/data/record_v1.json"):
        record = read_record_file(ROOT / name)

        assert version_of(record.keys) == 1
        assert keys_from(parse_config(record.config, name), record) == record.keys
        assert binding(record) == record.digest


def test_a_key_is_a_hash_of_what_it_says():
    """Computed by ``hashlib`` and ``json`` alone."""
    config = parse_config(RECORD.config, "own")
    names = [
        "task",
        "seeding",
        "split",
        "features",
        "preprocessing",
        "models",
        "selection",
        "decision",
        "evaluation",
    ]
    value = {name: RECORD.config[name] for name in names}
    value["dataset"] = {key: RECORD.config["dataset"][key] for key in ("target", "positive")}
    value |= {"content": "c", "stages_version": 1, "candidates": list(config.models)}
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    parts = b"".join(len(p).to_bytes(8, "big") + p for p in (b"replicate/v2", text))

    assert replicate_key(config, "c", 1) == f"replicate/v2:{hashlib.sha256(parts).hexdigest()}"


def test_records_of_both_versions_are_compared_by_the_first():
    """Whichever side is the older one."""
    own = parse_config(RECORD.config, "own")
    new = record_of(own)
    assert (version_of(RECORD.keys), version_of(new.keys)) == (1, 2)

    for pair in ((RECORD, new), (new, RECORD)):
        common = with_common_keys(*pair)
        assert assess(SETTINGS, *common, ToleranceRequest(), MEANING).verdict is Verdict.IDENTICAL
        assert {each.keys for each in map(frozen, common)} == {frozen(RECORD).keys}
    assert with_keys_of(RECORD, 2).keys == new.keys


class frozen:  # noqa: N801  # a key that can be in a set
    def __init__(self, record):
        self.keys = tuple(record.keys.model_dump().values())


def test_an_edited_old_record_is_still_told_by_its_key():
    """Its own key is compared with the one that follows from its configuration."""
    edited = altered(RECORD, config=RECORD.config | {"seed": 43})

    own = planned(edited, parse_config(edited.config, "own"))
    found = foreseen_obstacles(SETTINGS, edited, own, ToleranceRequest())

    assert ["strict key does not follow" in each for each in found] == [True]


def test_candidates_in_another_order_are_no_edit():
    """Their order decides ties; a dictionary in Python is equal in any order."""
    turned = RECORD.config | {"models": dict(reversed(RECORD.config["models"].items()))}
    pair = with_common_keys(RECORD, record_of(parse_config(turned, "turned")))

    found = assess(SETTINGS, *pair, ToleranceRequest(), MEANING)

    assert found.verdict is Verdict.INCOMPARABLE
    assert found.reasons[0].startswith("order of models differs: reference logistic_regression, ")
    assert not any("edited" in each for each in found.reasons)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner),
    max_leaves=8,
)


def sorted_keys(value):
    if isinstance(value, dict):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    return list(map(sorted_keys, value)) if isinstance(value, list) else value


@given(VALUES, VALUES)
def test_the_encoding_is_faithful_and_equality_follows_it(left, right):
    """Equal texts, equal values; what is read back has the same types."""
    assert repr(json.loads(typed_json([left]))) == repr([sorted_keys(left)])
    assert same_value(left, right) == (typed_json(left) == typed_json(right))


@pytest.mark.parametrize("value", [2**53, float("nan"), float("inf"), {1: 2}, "\ud800", {1, 2}])
def test_what_has_no_canonical_form_has_no_typed_one(value):
    """Both encodings are as strict."""
    for encode in (canonical_json, typed_json):
        with pytest.raises(ValueError):  # noqa: PT011  # of many kinds
            encode(value)
