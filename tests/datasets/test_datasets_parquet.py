"""Parquet: the same table as the equal text, and as strict."""

from __future__ import annotations

import datetime
import io
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.config.data import Task
from repro.core.errors import DataError
from repro.datasets.formats.csv_text import CsvTable
from repro.datasets.formats.parquet import open_parquet

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

FILE = "data/people.parquet"


def packed(**columns: object) -> bytes:
    return packed_arrays(list(columns), [pa.array(values) for values in columns.values()])


def packed_arrays(names: list[str], arrays: list[object]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, names=names), out)
    return out.getvalue()


def people(**changes: object) -> bytes:
    columns = {
        "id": [1, 2, 3],
        "age": [31, None, 58],
        "city": ["Rome", "Oslo", "Rome"],
        "bad": ["yes", "no", "no"],
    }
    return packed(**(columns | changes))


def test_content_is_that_of_the_equal_text(bench):
    """The format changes the bytes and sha256, never the content."""
    text = bench.load("id,age,city,bad\n1,31,Rome,yes\n2,,Oslo,no\n3,58,Rome,no\n")
    table = bench.load(people(), path=FILE)

    assert text.content == table.content
    assert text.sha256 != table.sha256
    assert text.features.equals(table.features)
    assert text.target.tolist() == table.target.tolist()


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none(), min_size=1),
    st.lists(st.sampled_from(["a", "B ", "", "é", None]), min_size=1),
)
def test_columns_are_those_of_the_equal_text(numbers, texts):
    """Numbers keep every bit, and null is what a declared mark is in text."""
    size = min(len(numbers), len(texts))
    numbers, texts = numbers[:size], texts[:size]
    content = packed_arrays(
        ["x", "t"], [pa.array(numbers, pa.float64()), pa.array(texts, pa.string())]
    )
    rows = [
        f"{'?' if x is None else repr(x)},{'?' if t is None else t}"
        for x, t in zip(numbers, texts, strict=True)
    ]
    kinds = {"x": "number", "t": "text"}
    marks = frozenset("?")
    expected = CsvTable.open("t.csv", "\n".join(["x,t", *rows, ""]).encode(), marks).read(kinds)
    actual = open_parquet("t.parquet", content, marks).read(kinds)

    assert expected.columns["x"].tobytes() == actual.columns["x"].tobytes()
    assert expected.columns["t"].tolist() == actual.columns["t"].tolist()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([31, None, 58], "int8"),
        ([31, None, 58], "uint64"),
        ([31, None, 58], "float32"),
        ([31, None, 58], "float64"),
        ([31, float("nan"), 58], "float64"),
    ],
)
def test_every_numeric_type_is_a_number(bench, values, kind):
    """Null and NaN are missing; the width does not count."""
    expected = bench.load(people(), path=FILE).content
    array = pa.array(values, pa.type_for_alias(kind), from_pandas=False)
    actual = bench.load(people(age=array), path=FILE).content

    assert expected == actual


def test_booleans_are_zero_and_one_among_numbers(bench):
    """A flag can be a numeric feature."""
    table = bench.load(people(age=[True, None, False]), path=FILE)

    np.testing.assert_array_equal([1.0, np.nan, 0.0], table.features["age"])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7, 7, 9], ["7", "7", "9"]),
        ([True, False, True], ["True", "False", "True"]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array(["a", "b", "a"], pa.large_string()), ["a", "b", "a"]),
    ],
)
def test_whole_numbers_booleans_and_dictionaries_are_text(bench, values, expected):
    """What has one spelling can be a category."""
    table = bench.load(people(city=values), path=FILE)

    assert expected == table.features["city"].tolist()


def test_whole_numbers_with_nulls_are_text_and_missing(bench):
    """A null does not turn ``7`` into ``7.0``."""
    table = bench.load(people(city=[7, None, 9]), path=FILE)

    assert table.features["city"].dropna().tolist() == ["7", "9"]


def test_whole_number_labels_are_classes(bench):
    """The labels are spelled as in text."""
    table = bench.load(people(bad=[1, 0, 0]), path=FILE, positive="1")

    assert table.target.tolist() == ["1", "0", "0"]


def test_declared_marks_mean_missing_in_text_too(bench):
    """The same declaration holds for both formats."""
    table = bench.load(people(city=["Rome", "?", "Oslo"]), path=FILE, missing=("?",))

    assert table.features["city"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"age": ["1", "x", "2"]}, "'age': 1 value is not a finite number: 'x' in row 1"),
        ({"city": [1.5, 2.5, 3.5]}, "column 'city': expected text, found float64 values"),
        ({"city": [b"a", b"b", b"c"]}, "column 'city': expected text, found bytes values"),
        ({"age": np.array([1, 2, 3], "M8[s]")}, "column 'age': expected numbers, found datetime64"),
        ({"age": np.array([1, 2, 3], "m8[s]")}, "column 'age': expected numbers, found timedelta"),
        ({"age": [datetime.date(2024, 2, 29)] * 3}, "'age': expected numbers, found date values"),
        ({"age": [[1], [2], [3]]}, "column 'age': expected numbers, found ndarray values"),
        ({"age": [1.0, float("inf"), 2]}, "'age': 1 value is not a finite number: inf in row 1"),
        ({"age": pa.nulls(3, pa.float64())}, "column 'age' has no value in any row"),
        ({"city": pa.nulls(3, pa.string())}, "column 'city' has no value in any row"),
        ({"bad": ["yes", None, "no"]}, "target 'bad': 1 value is missing, first in row 1"),
        ({"bad": [1.0, 0.0, 0.0]}, "column 'bad': expected text, found float64 values"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(bench, changes, sentence):
    """Each sentence names the file, the column, and what was found."""
    with pytest.raises(DataError) as caught:
        bench.load(people(**changes), path=FILE)

    assert caught.value.message.startswith(f"{FILE}: ")
    assert sentence in caught.value.message
    assert caught.value.advice


def test_an_ignored_column_may_be_of_any_type(bench):
    """What is not used is not read."""
    table = bench.load(people(id=np.array([1, 2, 3], "M8[s]")), path=FILE)

    assert table.rows == 3


def test_duplicate_names_are_refused(bench):
    """Two columns of one name cannot be told apart."""
    arrays = [pa.array([1, 2]), pa.array([3, 4]), pa.array(["a", "b"]), pa.array(["yes", "no"])]
    with pytest.raises(DataError, match=f"{FILE}: 2 columns are named 'age'"):
        bench.load(packed_arrays(["age", "age", "city", "bad"], arrays), path=FILE, ignored=())


def test_a_table_without_rows_is_refused(bench):
    """There is nothing to train on."""
    kinds = {"id": pa.int64(), "age": pa.int64(), "city": pa.string(), "bad": pa.string()}
    content = packed(**{name: pa.array([], kind) for name, kind in kinds.items()})
    with pytest.raises(DataError, match=f"{FILE}: has columns but no rows"):
        bench.load(content, path=FILE)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"id,age\n1,2\n", people()[:-20]])
def test_damaged_bytes_are_refused(bench, content):
    """What is not Parquet is named so."""
    with pytest.raises(DataError) as caught:
        bench.load(content, path=FILE)

    assert f"{FILE}: not a readable Parquet file: " in caught.value.message
    assert caught.value.advice == "export it again"


def test_damaged_pages_are_refused(bench):
    """A file whose footer is whole and whose values are not ends in a sentence too."""
    content = bytearray(people())
    end = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    content[4:end] = b"\xff" * (end - 4)
    with pytest.raises(DataError, match=f"{FILE}: not a readable Parquet file: "):
        bench.load(bytes(content), path=FILE)


FAR = (2**31 - 1, -(2**31), 3_000_000, -800_000, 10**9)


@pytest.mark.parametrize("day", FAR)
@pytest.mark.parametrize("packing", [lambda days: days, lambda days: days.dictionary_encode()])
def test_a_date_outside_the_calendar_is_refused(day, packing):
    """Parquet holds millions of years, and Python ten thousand."""
    content = packed_arrays(["a"], [packing(pa.array([day], pa.date32()))])

    with pytest.raises(DataError, match=r"^f\.parquet: not a readable Parquet file: "):
        open_parquet("f.parquet", content, frozenset()).read({"a": "text"})


@pytest.mark.parametrize(
    "name", [b"\xff\xfe\xff\xfe", b"\xed\xa0\x80a", b"\xc3(ab", b"a\x80bc", b"abc\xf0"]
)
def test_a_name_that_is_not_utf_8_is_refused(name):
    """Arrow makes text of it when it is first asked for."""
    out = io.BytesIO()
    pq.write_table(pa.table({"AAAA": [1.0]}), out, store_schema=False)

    with pytest.raises(DataError, match=r"^f\.parquet: not a readable Parquet file: "):
        open_parquet("f.parquet", out.getvalue().replace(b"AAAA", name), frozenset())


def test_regression_reads_numbers(bench):
    """A numeric target is a number."""
    table = bench.load(people(bad=[1, 2, 3]), Task.REGRESSION, path=FILE, positive=None)

    assert table.target.tolist() == [1.0, 2.0, 3.0]


WITHOUT = """
import sys
sys.modules["pyarrow"] = None
from pathlib import Path
from repro.core.errors import PreconditionError
from repro.datasets.formats import open_table
from repro.datasets.loading import hash_source
from repro.config.data import DatasetEntry
entry = DatasetEntry.model_validate_json(sys.argv[2])
print(hash_source(Path(sys.argv[1]), entry).content)
try:
    open_table("parquet", "t.parquet", b"", ())
except PreconditionError as error:
    print(error.message, error.advice, sep="\\n")
"""


def test_without_pyarrow_text_reads_the_same_and_parquet_says_what_to_install(bench):
    """The package is an extra: its absence changes no content and is told in a sentence."""
    content = bench.load("id,age,city,bad\n1,31,Rome,yes\n2,,Oslo,no\n3,58,Rome,no\n").content
    entry = bench.declare().model_dump_json(exclude={"name"})
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(bench.path), entry],
        capture_output=True,
        text=True,
        check=False,
    )
    expected = [
        content,
        "t.parquet: reading Parquet needs pyarrow, which is not installed",
        "pip install -e '.[parquet]', in the project's environment",
    ]

    assert expected == done.stdout.splitlines(), done.stderr
