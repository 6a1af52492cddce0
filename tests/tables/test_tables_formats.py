"""Same table, same answer: whatever the format, markers count and content agrees."""

from __future__ import annotations

import datetime
import io
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tables.packing import pa, packed

from repro.config.data import Task
from repro.core.errors import DataError
from repro.datasets.formats.csv_text import CsvTable
from repro.datasets.formats.parquet import open_parquet

FILE = "data/people.parquet"
AGES = {
    "int64": pa.array([31, -99, 58, -99, 40]),
    "int8": pa.array([31, -99, 58, -99, 40], "int8"),
    "int with nulls": pa.array([31, -99, 58, None, 40]),
    "float64": pa.array([31.0, -99.0, 58.0, -99.0, 40.0]),
    "float32": pa.array([31.0, -99.0, 58.0, -99.0, 40.0], "float32"),
    "decimal": pa.array([Decimal(v) for v in (31, -99, 58, -99, 40)], pa.decimal128(5, 0)),
    "decimal with a scale": pa.array(
        [Decimal(v) for v in (31, -99, 58, -99, 40)], pa.decimal128(9, 2)
    ),
    "text": pa.array(["31", "-99", "58", "-99", "40"]),
    "dictionary": pa.array(["31", "-99", "58", "-99", "40"]).dictionary_encode(),
}
REST = {"id": list(range(5)), "city": ["a", "b", "a", "b", "a"], "bad": ["yes", "no"] * 2 + ["no"]}
TEXT = "id,age,city,bad\n" + "".join(
    f"{i},{age},{city},{bad}\n"
    for i, age, city, bad in zip(
        REST["id"], ["31", "-99", "58", "-99", "40"], REST["city"], REST["bad"], strict=True
    )
)


@pytest.mark.parametrize("form", AGES)
@pytest.mark.parametrize("mark", ["-99", "-99.0"])
def test_a_marker_counts_in_every_type_of_column(bench, form, mark):
    """Two of five cells are missing, as in the text, and the content is that of the text."""
    expected = bench.load(TEXT, missing=(mark,))
    content = packed(id=REST["id"], age=AGES[form], city=REST["city"], bad=REST["bad"])
    actual = bench.load(content, path=FILE, missing=(mark,))

    assert actual.features["age"].isna().tolist() == [False, True, False, True, False]
    assert actual.content == expected.content


@pytest.mark.parametrize(("mark", "cell"), [("0.1", 0.1), ("-1", -1.0), ("1e3", 1000.0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_marker_is_compared_in_the_precision_of_the_column(mark, cell, dtype):
    """0.1 of 32 bits is the marker 0.1."""
    content = packed(x=pa.array([cell, 2.0], dtype))
    column = (
        open_parquet("t.parquet", content, frozenset([mark])).read({"x": "number"}).columns["x"]
    )

    assert np.isnan(column).tolist() == [True, False]


@pytest.mark.parametrize(
    ("values", "mark", "expected"),
    [
        ([1, -99, 3], "-99", ["1", None, "3"]),
        ([True, False, True], "False", ["True", None, "True"]),
        (["a", "?", "b"], "?", ["a", None, "b"]),
        ([Decimal("1.10"), Decimal("9.00"), None], "9.00", ["1.10", None, None]),
        (
            [datetime.date(2024, 2, 29), datetime.date(1900, 1, 1)],
            "1900-01-01",
            ["2024-02-29", None],
        ),
        ([10**18 + 1, 10**18 + 2, None], "-1", [str(10**18 + 1), str(10**18 + 2), None]),
    ],
)
def test_typed_categories_are_the_text_of_a_csv_file(values, mark, expected):
    """Each type that has one spelling is that text, and markers count in it."""
    typed = open_parquet("t.parquet", packed(x=values), frozenset([mark])).read({"x": "text"})
    cells = "\n".join(["x,y", *(f"{mark if v is None else v},1" for v in values)])
    text = CsvTable.open("t.csv", cells.encode(), frozenset([mark])).read({"x": "text"})

    assert typed.columns["x"].tolist() == expected == text.columns["x"].tolist()


ROW = st.tuples(
    st.one_of(st.integers(-100, 100), st.sampled_from([-99, 999])),
    st.one_of(st.floats(-1e6, 1e6), st.sampled_from([-99.0, 999.0, 0.0])),
    st.sampled_from(["a", "NA", "-99", "b"]),
)


@given(st.lists(ROW, min_size=1, max_size=8), st.sets(st.sampled_from(["-99", "999", "NA"])))
def test_what_pandas_writes_reads_the_same_from_both_formats(rows, marks):
    """CSV and Parquet of one frame give the same columns, whatever is declared missing."""
    frame = pd.DataFrame(rows, columns=["i", "f", "t"])
    out = io.BytesIO()
    frame.to_parquet(out)
    kinds = {"i": "number", "f": "number", "t": "text"}
    text = CsvTable.open("t.csv", frame.to_csv(index=False).encode(), frozenset(marks)).read(kinds)
    typed = open_parquet("t.parquet", out.getvalue(), frozenset(marks)).read(kinds)

    for name in ("i", "f"):
        assert text.columns[name].tobytes() == typed.columns[name].tobytes()
    assert text.columns["t"].tolist() == typed.columns["t"].tolist()


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), Decimal("Infinity")])
@pytest.mark.parametrize("row", [0, 2])
def test_an_infinity_is_refused_by_name(bench, value, row):
    """The sentence has column and row; declared as a marker it is missing."""
    if isinstance(value, Decimal):
        value = float(value)
    ages = [1.0, 2.0, 3.0]
    ages[row] = value
    rest = {"id": [1, 2, 3], "city": ["a", "b", "a"], "bad": ["yes", "no", "no"]}
    with pytest.raises(DataError, match=rf"column 'age': 1 value is not .*{value} in row {row}"):
        bench.load(packed(age=ages, **rest), path=FILE)

    table = bench.load(packed(age=ages, **rest), path=FILE, missing=(str(value),))
    assert np.flatnonzero(table.features["age"].isna()).tolist() == [row]


@pytest.mark.parametrize("blank", ["", " ", "\t", "  \t ", "\u00a0"])
@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_blank_label_is_no_class(bench, blank, task, form):
    """It is refused with its rows, in both formats."""
    labels = ["yes", blank, "no", blank, "yes"]
    if form == "csv":
        rows = "".join(f"{i},{i},a,{label}\n" for i, label in enumerate(labels))
        arguments = {"content": "id,age,city,bad\n" + rows}
        places = "line 3, line 5"
    else:
        content = packed(id=list(range(5)), age=list(range(5)), city=["a"] * 5, bad=labels)
        arguments = {"content": content, "path": FILE}
        places = "row 1, row 3"
    with pytest.raises(DataError) as caught:
        bench.load(**arguments, task=task, missing=("?",))

    assert f"target 'bad': 2 labels are blank, in {places}" in caught.value.message


def test_many_blank_labels_are_counted(bench):
    """Five places are shown."""
    rows = "".join(f"{i},{i},a,{'' if i % 2 else 'yes'}\n" for i in range(16))
    with pytest.raises(DataError, match=r"8 labels are blank, in line 3, .* line 11 and 3 more"):
        bench.load("id,age,city,bad\n" + rows, missing=("?",))
