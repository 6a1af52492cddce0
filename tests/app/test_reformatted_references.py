"""A reference binds what it holds, not how it is laid out."""

import codecs
import json

import pytest
from tests.conftest import ROOT

from repro.app.compare import read_entry
from repro.app.subjects.record_file import parse_record, read_record_file
from repro.app.subjects.recorded import record_of, recorded_config
from repro.app.subjects.subject import Subject, check_integrity
from repro.app.tolerances import read_noise
from repro.config.common_keys import keys_from
from repro.config.metrics import built_in
from repro.core.errors import PreconditionError, SchemaError
from repro.core.jsonfile import bound, dump_record
from repro.core.noise import Noise
from repro.core.verdict import Outcome

FILES = {
    "committed": ROOT / "reference" / "credit.json",
    "first version": ROOT / "tests" / "data" / "record_v1.json",
}


def rebound(name):
    """The same record as this version binds it."""
    return dump_record(bound(read_record_file(FILES[name])))


SOURCES = {
    **{name: path.read_bytes() for name, path in FILES.items()},
    **{f"{name}, bound anew": rebound(name) for name in FILES},
}


def reversed_keys(value):
    if isinstance(value, dict):
        return {key: reversed_keys(child) for key, child in reversed(value.items())}
    return [reversed_keys(child) for child in value] if isinstance(value, list) else value


def as_javascript(value, path=()):
    """Write 1.0 as 1 wherever the field is a float by its type."""
    if isinstance(value, dict):
        return {key: as_javascript(child, (*path, key)) for key, child in value.items()}
    if isinstance(value, list):
        return [as_javascript(child, path) for child in value]
    untyped = "params" in path
    return int(value) if isinstance(value, float) and value.is_integer() and not untyped else value


FORMATS = {
    "four spaces": lambda value: json.dumps(value, indent=4),
    "one line": json.dumps,
    "tabs": lambda value: json.dumps(value, indent="\t", ensure_ascii=True),
    "no spaces": lambda value: json.dumps(value, separators=(",", ":")),
    "sorted": lambda value: json.dumps(value, indent=2, sort_keys=True),
    "reversed": lambda value: json.dumps(reversed_keys(value)),
    "line ends": lambda value: json.dumps(value, indent=2).replace("\n", "\r\n"),
    "a mark of bytes": lambda value: codecs.BOM_UTF8.decode() + json.dumps(value),
    "whole floats as integers": lambda value: json.dumps(as_javascript(value)),
    "no last line end": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
    "exponents": lambda value: json.dumps(value).replace("1e-06", "0.000001"),
}


def outcomes(path):
    return [check.outcome for check in check_integrity(Subject(path, is_run=False))]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_formatter_changes_nothing(tmp_path, source, form):
    """Every reader has the record as it was, types and the orders that count included."""
    path = tmp_path / "formatted.json"
    path.write_text(FORMATS[form](json.loads(SOURCES[source])), encoding="utf-8", newline="")

    read = record_of(Subject(path, is_run=False))

    assert outcomes(path) == [Outcome.SAME]
    written = json.loads(SOURCES[source])
    again = json.loads(dump_record(read))
    assert json.dumps(again, sort_keys=True) == json.dumps(written, sort_keys=True)
    for ordered in ("test", "constant", "undefined", "cross_validation"):
        assert list(again["metrics"][ordered]) == list(written["metrics"][ordered])
    assert list(again["config"]["models"]) == list(written["config"]["models"])
    assert keys_from(recorded_config(Subject(path, is_run=False)), read) == read.keys
    assert read_entry(tmp_path, tmp_path, str(path)).damage == ""


EDITS = {
    "a seed": ('"seed": 42', '"seed": 43'),
    "a flag": ('"stratify": true', '"stratify": false'),
    "a float in a typed field": ('"clip_iqr": 3.0', '"clip_iqr": 3.5'),
    "a float of a parameter as an integer": ('"C": 1.0', '"C": 1'),
    "an integer of a parameter as a float": ('"n_neighbors": 15', '"n_neighbors": 15.0'),
    "an integer of a parameter as true": ('"max_depth": 6', '"max_depth": true'),
    "the sign of zero": ('"C": 1.0', '"C": -0.0'),
    "a digest": ('"unordered": "rows/v1:', '"unordered": "rows/v1:0'),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_an_edit(tmp_path, name):
    """Of a value, or of the type of a value that has no declared type."""
    before, after = EDITS[name]
    text = SOURCES["committed, bound anew"].decode()
    assert before in text
    path = tmp_path / "edited.json"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")

    assert outcomes(path) == [Outcome.DIFFERS]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"seed": 42', '"seed": 42, "seed": 42'),
        ('"clip_iqr": 3.0', '"clip_iqr": NaN'),
        ('"clip_iqr": 3.0', '"clip_iqr": 1e999'),
        ('"seed": 42', '"seed": 9007199254740993'),
        ('"version": 1', '"version": 1.0'),
    ],
)
def test_what_no_record_holds_stays_an_error(tmp_path, before, after):
    """However it is laid out."""
    text = SOURCES["committed"].decode()
    assert before in text

    with pytest.raises(SchemaError):
        parse_record(text.replace(before, after, 1).encode(), "bad.json")


def test_metrics_are_restored_in_the_order_in_which_trainings_give_them():
    """The table is that of the metrics."""
    test = list(read_record_file(FILES["committed"]).metrics.test)
    assert test == [name for name in built_in() if name in test]


NOISE = Noise(
    schema="repro.noise/v1",
    subject="it",
    strict_key="strict/v2:0",
    machine="x86_64",
    trainings=(),
    spreads={"metrics.test.accuracy": 1.0, "metrics.test.brier": 0.5},
    flips=0,
    unstable=(),
    sentence="",
    digest="",
)


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_of_noise_is_read_whatever_its_layout(tmp_path, form):
    """And an edited one is refused, as before."""
    path = tmp_path / "noise.json"
    path.write_text(FORMATS[form](json.loads(dump_record(bound(NOISE)))), encoding="utf-8")

    assert read_noise(path) == bound(NOISE)

    path.write_text(path.read_text().replace("0.5", "0.25"), encoding="utf-8")
    with pytest.raises(PreconditionError):
        read_noise(path)
