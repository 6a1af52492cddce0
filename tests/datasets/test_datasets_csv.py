"""Comma-separated text: strict, exact, and every refusal says where and what next."""

from __future__ import annotations

import csv
import io
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.core.errors import DataError
from repro.datasets.formats.csv_text import CsvTable, is_number
from repro.datasets.formats.interface import RefusedColumnsError

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


def written(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def parsed(content: bytes, missing: tuple[str, ...] = ()):
    return CsvTable.open("t.csv", content, frozenset(missing))


def test_table_has_the_declared_types_in_the_order_of_the_file(bench, people):
    """Numbers are float64, text is text kept by Python, the target is Unicode."""
    table = bench.load(people)

    assert tuple(table.features.columns) == ("age", "city")
    assert table.numeric == ("age",)
    assert table.categorical == ("city",)
    assert np.float64 == table.features["age"].dtype
    assert pd.StringDtype("python", na_value=np.nan) == table.features["city"].dtype
    assert table.target.dtype.kind == "U"
    assert table.target.tolist() == ["yes", "no", "no"]
    assert pd.RangeIndex(3).equals(table.features.index)
    assert math.isnan(table.features["age"][1])
    assert table.rows == 3


@given(st.lists(FLOATS, min_size=1, max_size=1500))
def test_every_float_survives_the_file(values):
    """A number is the very double that its text stands for."""
    content = written([["x"], *([repr(value)] for value in values)])
    actual = parsed(content).read({"x": "number"}).columns["x"]

    assert np.array(values).tobytes() == actual.tobytes()


@given(
    st.from_regex(r"[ ]?[+-]?[0-9]{0,20}\.?[0-9]{0,25}([eE][+-]?[0-9]{1,3})?[ ]?", fullmatch=True)
)
def test_a_number_is_what_float_makes_of_it(text):
    """Any spelling of a number gives the double that Python gives, or is refused by both.

    A code with leading zeros and digits that no double keeps are refused too.
    """
    raw = parsed(written([["x"], [text]]), ("",))
    reason = ""
    try:
        expected = float(text) if text else math.nan
    except ValueError:
        expected = math.inf
    bare = text.strip().lstrip("+-")
    if math.isinf(expected):
        reason = "not a finite number"
    elif len(bare) > 1 and bare.startswith("0") and bare.isdigit():
        reason = "leading zeros"
    elif "e" not in bare.lower() and abs(expected) >= 2**53 and Fraction(bare) != abs(expected):
        reason = "a float would change"
    if reason:
        with pytest.raises(RefusedColumnsError, match=reason):
            raw.read({"x": "number"})
    else:
        actual = raw.read({"x": "number"}).columns["x"]
        assert np.float64(expected).tobytes() == actual.tobytes()


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8))
def test_all_text_survives_the_file(rows):
    """Quotes, commas, line breaks and spaces are kept; nothing becomes missing by itself."""
    content = written([["a", "b"], *map(list, rows)])
    columns = parsed(content).read({"a": "text", "b": "text"}).columns

    assert rows == list(zip(columns["a"], columns["b"], strict=True))


@pytest.mark.parametrize("text", ["NA", "nan", "None", "null", "N/A", " ", "-", "#N/A"])
def test_only_declared_marks_mean_missing(text):
    """What looks like a missing value to others is text."""
    raw = parsed(written([["a"], [text], ["?"]]), ("?",))

    assert [text, None] == raw.read({"a": "text"}).columns["a"].tolist()


@pytest.mark.parametrize(
    "text", ["nan", "inf", "Infinity", "-inf", "1_000", "1e999", "1,5", "٣", "x", ""]
)
def test_what_is_not_a_finite_number_is_refused_by_name_place_and_count(bench, text):
    """The sentence has file, column, value, first line and number of offenders."""
    cell = f'"{text}"'
    content = f"x,y\n1,1\n{cell},2\n{cell},3\n"
    with pytest.raises(DataError) as caught:
        bench.numbers(content, missing=("?",))

    assert not is_number(text)
    assert (
        f"data/people.csv: column 'x': 2 values are not finite numbers, first {text!r} in line 3"
        == caught.value.message
    )
    assert "under 'missing'" in caught.value.advice


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "—"])
def test_a_declared_mark_among_numbers_is_missing(bench, text):
    """Even a mark that Python would read as a number is missing once declared."""
    table = bench.numbers(f"x,y\n1,1\n{text},2\n", missing=(text,))

    np.testing.assert_array_equal([1.0, np.nan], table.features["x"])


def test_every_refused_column_is_named_at_once(bench):
    """One run shows all the columns to correct."""
    with pytest.raises(DataError) as caught:
        bench.numbers("x1,x2,y\na,b,1\n2,c,1\n")

    assert caught.value.message.splitlines() == [
        "data/people.csv: column 'x1': 1 value is not a finite number: 'a' in line 2",
        "data/people.csv: column 'x2': 2 values are not finite numbers, first 'b' in line 2",
    ]


@pytest.mark.parametrize("row", [1, 511, 512, 513, 1300])
def test_the_place_is_right_in_every_batch(row):
    """Lines count from 1 with the header, also after quoted cells that span lines."""
    cells = [["x", "t"], ["0", "two\nlines"], *(["1", ""] for _ in range(1400))]
    cells[1 + row][0] = "bad"
    with pytest.raises(RefusedColumnsError, match=f"'bad' in line {row + 3}$"):
        parsed(written(cells)).read({"x": "number"})


@pytest.mark.parametrize(
    ("content", "sentence", "advice"),
    [
        (b"", "is empty", "header"),
        (b"\xef\xbb\xbf", "is empty", "header"),
        (b"\nx,y\n", "line 1 is empty", "the column names"),
        (b"x,y\n", "has columns but no rows", "export"),
        (b"x,y\n1,caf\xe9\n", "not UTF-8 at byte 9", "UTF-8"),
        ("x,y\n1,2\n".encode("utf-16"), "not UTF-8 at byte 0", "UTF-8"),
        ("x,y\n1,2\n".encode("utf-16-le"), "a zero byte at byte 1", "UTF-8"),
        (b"x,y\n1,2\n3\n", "line 3: expected 2 fields, found 1", "complete or remove the row"),
        (b"x,y\n1,2\n3,4,5\n", "line 3: expected 2 fields, found 3", "double quotes"),
        (b"x,y\n1,2,\n3,4,\n", "line 2: expected 2 fields, found 3", "double quotes"),
        (b"x,y\n1,2\n\n3,4\n", "line 3: is empty", "remove the row"),
        (b'x,y\n"1\n2",2\n3\n', "line 4: expected 2 fields, found 1", "complete or remove the row"),
        (b'x,y\n1,2\n3,"4\n5,6\n', "the row that begins on line 3: unexpected end", "close every"),
        (b'x,y\n1,"2"3\n', "the row that begins on line 2: ',' expected", "double those"),
        (b"x;y\n1;2\n", "found one column, named 'x;y'", "commas"),
    ],
)
def test_a_malformed_file_is_refused_with_its_place(bench, content, sentence, advice):
    """The message has the file, the place and what was found; the advice says what to do."""
    with pytest.raises(DataError) as caught:
        bench.numbers(content)

    assert caught.value.message.startswith("data/people.csv: ")
    assert sentence in caught.value.message
    assert advice in caught.value.advice


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_content_does_not_depend_on_newlines_or_byte_order_mark(bench, people, newline, bom, last):
    """The bytes differ and so does sha256; the table and its digest do not."""
    expected = bench.load(people).content
    text = people if last else people.removesuffix("\n")
    actual = bench.load(bom + text.replace("\n", newline).encode()).content

    assert expected == actual


def test_spaces_in_text_are_kept(bench):
    """A space can tell two categories apart, so none is stripped."""
    table = bench.load("age,city,bad\n 1 , Rome,yes\n2,Rome ,no\n", ignored=())

    assert table.features["city"].tolist() == [" Rome", "Rome "]
    assert table.features["age"].tolist() == [1.0, 2.0]


def test_changed_column_order_changes_content(bench):
    """The order of columns in the file counts, that of the target too."""
    orders = ["x1,x2,y\n1,2,3\n4,5,6\n", "x2,x1,y\n2,1,3\n5,4,6\n", "y,x1,x2\n3,1,2\n6,4,5\n"]

    assert len({bench.numbers(text).content for text in orders}) == 3


def test_the_name_of_the_target_and_every_value_count(bench):
    """A table that differs anywhere has another content."""
    base = "x,y\n1,2\n3,4\n"
    tables = [
        bench.numbers(base),
        bench.numbers("x,y\n1,2\n3,5\n"),
        bench.numbers("x,y\n1,2\n3.0000000000000004,4\n"),
        bench.numbers("x,y\n1,2\n,4\n"),
        bench.numbers("x,z\n1,2\n3,4\n", target="z"),
        bench.numbers(base, numeric=(), categorical=("x",)),
    ]

    assert len(tables) == len({table.content for table in tables})
