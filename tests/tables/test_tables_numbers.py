"""Numbers: none is changed on its way to a 64-bit float without a word."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tables.packing import pa, packed

from repro.config.data import Task
from repro.core.errors import DataError
from repro.datasets.formats.csv_text import CsvTable
from repro.datasets.formats.interface import RefusedColumnsError
from repro.tables.cells import Cells, CellsError, to_numbers
from repro.tables.marks import Marks

NONE = Marks.of(())
BEYOND = [2**53 + 1, -(2**53) - 1, 10**18 + 7, 2**63 - 1, 2**64 - 1, 10**19 + 3, 10**30 + 1]
HELD = [0, -7, 2**53, -(2**53), 2**53 + 2, 2**63, 10**22]


def csv(cells: list[str]) -> CsvTable:
    return CsvTable.open(
        "t.csv", "\n".join(["x,k", *(f"{c},a" for c in cells)]).encode(), NONE.texts
    )


@pytest.mark.parametrize("value", BEYOND)
@pytest.mark.parametrize("form", ["csv", "object", "decimal", "text"])
def test_an_integer_that_a_float_would_change_is_refused(value, form):
    """Whatever carries it; the sentence has the value, the place and the way out."""
    values = {"object": value, "decimal": Decimal(value)}
    typed = Cells.of_array(np.array([1, values.get(form, str(value))], dtype=object))
    table = csv(["1", str(value)])
    with pytest.raises((CellsError, RefusedColumnsError)) as caught:
        table.read({"x": "number"}) if form == "csv" else to_numbers(typed, NONE)

    text = str(caught.value)
    assert int(float(value)) != value
    assert "1 value is a number beyond 2**53 that a float would change" in text
    assert str(value) in text
    assert "categorical or ignored" in text
    assert ("line 3" if form == "csv" else "row 1") in text


@pytest.mark.parametrize("value", HELD)
def test_an_integer_that_is_a_float_is_that_float(value):
    """The limit is what is lost, not the size."""
    read = csv([str(value)]).read({"x": "number"}).columns["x"]
    typed = to_numbers(Cells.of_array(np.array([value], dtype=object)), NONE)

    assert [int(read[0]), int(typed[0])] == [value, value]


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.parametrize("null", [False, True])
def test_typed_integers_beyond_are_refused_beside_missing_ones_too(bench, dtype, null):
    """Arrow makes floats of integers with nulls, and none may change on the way."""
    values = pa.array([1, 2**53 + 1, None if null else 5], dtype)
    content = packed(x=values, y=[1.0, 2.0, 3.0])
    with pytest.raises(DataError, match=r"column 'x': 1 value .*9007199254740993 in row 1"):
        bench.load(content, Task.REGRESSION, path="data/t.parquet", **NUMBERS)


NUMBERS = {"numeric": ("x",), "categorical": (), "ignored": (), "target": "y", "positive": None}


@pytest.mark.parametrize(
    "cells", [["1e23"], ["1.5e300"], ["99999999999999991611392"], ["-1E20"], ["1e16"]]
)
def test_a_measurement_beyond_is_a_number(cells):
    """An exponent, or digits that are the float itself."""
    assert csv(cells).read({"x": "number"}).columns["x"].tolist() == [float(cells[0])]


@pytest.mark.parametrize("cell", ["0123", "007", "00", "-01", "+012", " 05"])
def test_leading_zeros_are_a_code(cell):
    """In a numeric column they are refused by place; as text they stay what they are."""
    with pytest.raises(RefusedColumnsError, match=r"column 'x': 1 value is a number with leading"):
        csv(["1", cell, "2"]).read({"x": "number"})

    assert csv(["123", cell]).read({"x": "text"}).columns["x"].tolist() == ["123", cell]


@pytest.mark.parametrize("cell", ["0", "-0", "0.5", "00.5", "0e5", "1e-05", "10", "1e+05"])
def test_other_zeros_are_numbers(cell):
    """A zero before a point or in an exponent is no code."""
    assert csv(["3", cell]).read({"x": "number"}).columns["x"].tolist() == [3.0, float(cell)]


@pytest.mark.parametrize("count", [60, 700])
@pytest.mark.parametrize("digits", [17, 20, 25])
def test_ids_stay_distinct_as_text(bench, count, digits):
    """Sixty ids of twenty digits are sixty values, in text and in whole numbers."""
    ids = [10**digits + i for i in range(count)]
    rows = "".join(f"{i},{n},{'yes' if n % 2 else 'no'}\n" for n, i in enumerate(ids))
    roles = {"numeric": ("x",), "categorical": ("key",), "ignored": ()}
    table = bench.load("key,x,bad\n" + rows, **roles)
    typed = bench.load(
        packed(
            key=pa.array([Decimal(i) for i in ids], pa.decimal128(38, 0)),
            x=list(range(count)),
            bad=["yes" if n % 2 else "no" for n in range(count)],
        ),
        path="data/t.parquet",
        **roles,
    )

    assert table.features["key"].tolist() == [str(i) for i in ids]
    assert typed.content == table.content


CELL = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.integers(2**53 - 3, 2**53 + 3).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["0.1", "0.10", "1", "1.0", "01", "1e0", "9007199254740993.0"]),
)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6))
def test_columns_of_different_numbers_are_different(pairs):
    """Two columns that both read have the same bits only where every number is the same.

    Digits beyond what a float holds are left out below 2**53: there a float is the nearest one.
    """
    left, right = (csv([pair[side] for pair in pairs]) for side in (0, 1))
    try:
        found = [table.read({"x": "number"}).columns["x"].tolist() for table in (left, right)]
    except RefusedColumnsError:
        return
    same = all(Fraction(a) == Fraction(b) for a, b in pairs)
    assert (found[0] == found[1]) == same


@given(st.lists(st.text("0123456789", min_size=1, max_size=22), min_size=2, max_size=6))
def test_categories_are_as_distinct_as_their_text(cells):
    """0123 and 123, and digits of any length, are what is written."""
    assert csv(cells).read({"x": "text"}).columns["x"].tolist() == cells
