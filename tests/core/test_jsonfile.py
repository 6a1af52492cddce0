"""Records are written one way and read strictly."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from repro.core.canonical import TaggedHash, tagged_digest
from repro.core.errors import SchemaError
from repro.core.jsonfile import binding, bound, dump_record, load_record
from repro.core.model import Record


class Example(Record):
    schema_: Literal["repro.example/v1"] = Field(alias="schema")
    number: float
    names: tuple[str, ...]
    digest: str


def example(number=1.5):
    return bound(Example(schema="repro.example/v1", number=number, names=("a",), digest=""))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_comes_back_with_the_same_bits(number):
    """A record that is written and read is the same record."""
    assert load_record(dump_record(example(number)), "f", Example) == example(number)


GOOD = dump_record(example()).decode()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (GOOD.replace("1.5", "NaN"), "f.json: NaN is not a number that a record may hold"),
        (GOOD.replace("1.5", "-Infinity"), "-Infinity is not a number"),
        (GOOD.replace("1.5", "-1e999"), "f.json: -1e999 is not a number that a record may hold"),
        (GOOD.replace("1.5", str(2**53)), "9007199254740992 is not a number that a record may"),
        (GOOD.replace("1.5", "9" * 5000), f"f.json: {'9' * 40}… is not a number"),
        (GOOD.replace('"a"', r'"\ud800"'), r"f.json: \ud800 is half of a character"),
        (GOOD.replace("1.5", '"1.5"'), "f.json: number: Input should be a valid number"),
        (GOOD.replace("1.5", '1.5, "number": 2'), "duplicate key 'number'"),
        (GOOD.replace('"number": 1.5,', ""), "f.json: number: Field required"),
        (GOOD.replace('"number"', '"extra": 1, "number"'), "f.json: extra: Extra inputs"),
        (GOOD.replace("example/v1", "example/v9"), "schema repro.example/v9 is not supported"),
        (
            GOOD.replace("example/v1", "other/v1"),
            "expected repro.example/v1, found 'repro.other/v1'",
        ),
        (GOOD[:-5], "not valid JSON"),
        ("[1]", "expected a JSON object, found list"),
        ("", "f.json:1: not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_malformed_record_is_refused_with_file_and_field(text, sentence):
    """Never coerced, never read in part."""
    with pytest.raises(SchemaError) as error:
        load_record(text.encode(), "f.json", Example)

    assert sentence in error.value.message or "recursion" in error.value.message


def test_bytes_that_are_not_utf_8_are_named_by_their_place():
    """The place of the first bad byte."""
    with pytest.raises(SchemaError, match=r"f\.json: not UTF-8 at byte 2"):
        load_record(b"{}\xff", "f.json", Example)


def test_the_binding_covers_every_other_field():
    """A changed value no longer fits the digest."""
    record = example()

    assert binding(record) == record.digest != binding(record.model_copy(update={"number": 2.0}))


@given(st.lists(st.binary(max_size=3), max_size=4), st.lists(st.binary(max_size=3), max_size=4))
def test_two_ways_to_cut_the_same_bytes_never_share_a_digest(one, other):
    """Every part is prefixed by its length."""

    def digest(parts):
        tagged = TaggedHash("parts")
        for part in parts:
            tagged.add(part)
        return tagged.digest()

    assert (digest(one) == digest(other)) == (one == other)


def test_two_kinds_never_share_a_digest():
    """The kind and its version are hashed too."""
    digests = {tagged_digest("a", 1), tagged_digest("b", 1), tagged_digest("a", 1, version=2)}

    assert len({digest.partition(":")[2] for digest in digests}) == 3
