"""Digests of records, mappings, sequences, and what JSON has."""

import subprocess
import sys
from dataclasses import dataclass

import pytest

from repro.core.canonical import tagged_digest
from repro.core.model import Record
from repro.digest.plain import digest_plain


class Point(Record):
    x: float
    y: float | None


@dataclass(frozen=True)
class Pair:
    left: object
    right: object


PINNED = {
    "text": "json/v1:c2d64d1e1b14b3b1fb",
    "number": "json/v1:fb64efe92dede04bbf",
    "record": "json/v1:4033d0fc69c2d06532",
    "mapping": "mapping/v1:4b35e209cbb8d80",
    "sequence": "sequence/v1:90e5a7022afcaf",
    "dataclass": "dataclass/v1:04a0916237835",
}


def test_the_digests_are_pinned():
    """They are in records; a change of any is a change of every training's."""
    values = {
        "text": "knn",
        "number": 0.5,
        "record": Point(x=0.5, y=None),
        "mapping": {"a": 0.5, "b": Point(x=0.5, y=1.0)},
        "sequence": (0.5, ["a", None, True]),
        "dataclass": Pair(left=1, right={"a": ()}),
    }

    assert {name: digest_plain(value)[:26] for name, value in values.items()} == PINNED


def test_one_value_has_one_digest_however_it_is_held():
    """A list or a tuple; either sign of zero, a number or an integer; keyword order of a record."""
    assert digest_plain([1, 2]) == digest_plain((1, 2))
    assert len({digest_plain(zero) for zero in (0.0, -0.0, 0)}) == 1
    assert digest_plain(Point(x=1.0, y=2.0)) == digest_plain(Point(y=2.0, x=1.0))


def test_another_value_another_kind_or_another_order_has_another_digest():
    """No two of these are alike."""
    values = [
        [], {}, "", None, 0, False, "0", [0], [[0]], [0, 0], {"a": 0}, {"b": 0}, {"a": 0, "b": 1},
        {"b": 1, "a": 0}, {"x": 0.5, "y": None}, Point(x=0.5, y=None), Pair(0, 1), Pair(1, 0),
    ]  # fmt: skip

    assert len({digest_plain(value) for value in values}) == len(values)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, {1, 2}, object(), [object()]])
def test_what_json_has_not_is_refused(value):
    """Nothing is hashed by its address or its text."""
    with pytest.raises(ValueError, match=r"."):
        digest_plain(value)


def test_what_a_mapping_holds_may_be_digested_by_another_function():
    """At every depth that this function hands on; what is itself plain never goes there."""
    seen = []

    def other(value):
        seen.append(value)
        return tagged_digest("other", str(value))

    assert digest_plain({"a": [1]}, other) != digest_plain({"a": [1]})
    assert digest_plain(1, other) == digest_plain(1)
    assert seen == [[1]]


def test_neither_numpy_nor_pandas_is_needed():
    """A record is checked at once."""
    code = (
        "import sys, repro.digest.plain;"
        "print([m for m in ('numpy', 'pandas', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
