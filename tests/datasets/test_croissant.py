"""Record sets that a Croissant file describes; tests/exports has one that mlcroissant writes."""

from __future__ import annotations

import copy
import hashlib
import json

import pytest

from repro.config.data import CroissantSource, Task
from repro.core.errors import ConfigError, DataError, PreconditionError, SchemaError
from repro.datasets.hashing import HashMismatchError
from repro.datasets.loading import load
from repro.datasets.sources import open_source

TABLE = b"Id,Alter,Stadt,Ausfall\n1,31,Rome,yes\n2,?,Oslo,no\n3,58,?,no\n4,7,Rome,yes\n"
SHA256 = hashlib.sha256(TABLE).hexdigest()
FIELDS = {"age": "Alter", "city": "Stadt", "bad": "Ausfall"}


def description() -> dict:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"people/{name}",
            "name": name,
            "source": {"fileObject": {"@id": "table"}, "extract": {"column": column}},
        }
        for name, column in FIELDS.items()
    ]
    file = {"@type": "cr:FileObject", "@id": "table", "contentUrl": "t.csv", "sha256": SHA256}
    return {
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "distribution": [file],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "people", "field": fields}],
    }


@pytest.fixture
def place(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.csv").write_bytes(TABLE)
    return tmp_path


def write(place, document):
    (place / "data" / "c.json").write_text(json.dumps(document))


def obtain(place, expected=SHA256, record_set="people", path="data/c.json"):
    declared = {"kind": "croissant", "path": path, "record_set": record_set, "format": "csv"}
    return open_source(place, CroissantSource.model_validate(declared)).obtain(expected)


def test_fields_are_columns_under_their_names(bench):
    """With the values, markers and digests of the same table that was renamed by hand."""
    (bench.path / "data").mkdir(exist_ok=True)
    (bench.path / "data" / "t.csv").write_bytes(TABLE)
    write(bench.path, description())
    plain = TABLE.replace(b"Id,Alter,Stadt,Ausfall", b"id,age,city,bad")
    (bench.path / "data" / "plain.csv").write_bytes(plain)
    roles = {"numeric": ("age",), "categorical": ("city",), "missing": {"*": (), "a*": ("?",)}}
    source = {"kind": "croissant", "path": "data/c.json", "record_set": "people", "format": "csv"}
    entry = bench.declare(source=source, sha256=SHA256, ignored=(), **roles)
    by_hand = bench.declare("data/plain.csv", ignored=("id",), **roles)

    found, expected = (load(bench.path, each, Task.BINARY) for each in (entry, by_hand))

    assert found.features.equals(expected.features)
    assert found.features["age"].isna().tolist() == [False, True, False, False]
    assert found.features["city"].tolist() == ["Rome", "Oslo", "?", "Rome"]
    assert found.target.tolist() == expected.target.tolist() == ["yes", "no", "no", "yes"]


def test_both_hashes_are_checked(place):
    """The one of the description, and the declared one."""
    write(place, description())
    assert obtain(place).sha256 == SHA256
    with pytest.raises(HashMismatchError):
        obtain(place, "0" * 64)
    (place / "data" / "t.csv").write_bytes(TABLE + b"5,6,Rome,no\n")
    with pytest.raises(DataError, match=r"data/t\.csv: sha256 .*, expected .* by data/c\.json"):
        obtain(place)


def test_nothing_is_fetched(place):
    """A file elsewhere is looked for beside its description; the message has no secrets."""
    document = description()
    document["distribution"][0]["contentUrl"] = "https://me:secret@127.0.0.1:9/x/t.csv?key=1"
    write(place, document)
    assert obtain(place).sha256 == SHA256
    (place / "data" / "t.csv").unlink()
    with pytest.raises(PreconditionError) as caught:
        obtain(place)

    assert caught.value.message == "data/t.csv: no such file"
    assert "https://127.0.0.1:9/x/t.csv" in caught.value.advice
    assert "secret" not in caught.value.advice


def _changed(keys, value):
    document = copy.deepcopy(description())
    *path, last = keys
    owner = document
    for key in path:
        owner = owner[key]
    if value is None:
        del owner[last]
    else:
        owner[last] = value
    return document


FILE, FIRST = ("distribution", 0), ("recordSet", 0, "field", 0)


@pytest.mark.parametrize(
    ("keys", "value", "words"),
    [
        ((*FILE, "sha256"), None, "'table' has no sha256"),
        ((*FILE, "contentUrl"), None, "'table' is no file with a contentUrl"),
        ((*FILE, "containedIn"), {"@id": "zip"}, "'table' is no file with a contentUrl"),
        ((*FILE, "@id"), "other", "'table' is no file with a contentUrl"),
        ((*FIRST, "source", "extract"), {"jsonPath": "$.a"}, "the field 'age' of 'people' is no"),
        ((*FIRST, "source", "transform"), {"regex": "a"}, "the field 'age' of 'people' is no"),
        ((*FIRST, "source"), None, "the field 'age' of 'people' is no column"),
        ((*FIRST, "source", "fileObject", "@id"), "second", "takes its fields from 2 files"),
        ((*FIRST, "source", "extract", "column"), "Stadt", "two fields of 'people' are the column"),
        (("recordSet", 0, "@id"), "persons", "has no record set 'people'"),
        (("recordSet",), None, "not a Croissant file with record sets"),
    ],
)
def test_a_description_that_is_no_table(place, keys, value, words):
    write(place, _changed(keys, value))
    with pytest.raises(SchemaError, match=r"^data/c\.json: ") as caught:
        obtain(place)

    assert words in caught.value.message
    assert caught.value.advice


def test_a_column_that_the_file_lacks(place):
    write(place, _changed((*FIRST, "source", "extract", "column"), "Alters"))
    with pytest.raises(DataError, match="the field 'age' is of the column 'Alters'"):
        obtain(place).parse(())


@pytest.mark.parametrize("url", ["../../t.csv", "/etc/passwd", "%2e%2e/%2e%2e/t.csv"])
def test_no_file_outside_the_project_is_read(place, url):
    write(place, _changed((*FILE, "contentUrl"), url))
    with pytest.raises(ConfigError, match="outside the project"):
        obtain(place)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"recordSet": [3, null]}', "\x00"])
def test_a_file_that_is_no_description(place, text):
    (place / "data" / "c.json").write_text(text)
    with pytest.raises(SchemaError, match=r"^data/c\.json(:\d+)?: "):
        obtain(place)
