"""The first step of a saved pipeline: the table that training saw, or a refusal by name.

The right text is what the file holds, read by ``csv``; the right number is Python's own.
"""

from __future__ import annotations

import csv
import io
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas._libs.parsers import STR_NA_VALUES
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tests.tables.packing import pa

from repro.core.errors import ReproError
from repro.tables.cells import TEXT
from repro.tables.declared import DeclaredTable
from repro.tables.errors import TableError
from repro.tables.spelling import PANDAS_MISSING

STRICT = {"dtype": str, "keep_default_na": False}


def trained(levels: list[str], missing: tuple[str, ...] = ()) -> DeclaredTable:
    """A step that saw some categories of ``c``, and a number ``x``."""
    frame = pd.DataFrame({"c": pd.Series(levels, dtype=TEXT), "x": np.arange(float(len(levels)))})
    return DeclaredTable(["x"], ["c"], list(missing), []).fit(frame)


def table_of(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([["c", "x"], *([cell, n] for n, cell in enumerate(cells))])
    return out.getvalue()


def texts(frame: pd.DataFrame) -> list[str | None]:
    return [None if pd.isna(value) else value for value in frame["c"]]


def quietly(step: DeclaredTable, frame: pd.DataFrame) -> pd.DataFrame:
    """Transform, and fail where categories are unknown."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return step.transform(frame)


RECOVERED = [
    (["True", "False"], ["True", "False", "True"], ()),
    (["TRUE", "FALSE"], ["TRUE", "FALSE"], ()),
    (["true", "false", "NULL?"], ["true", "false"], ()),
    (["True", "False"], ["True", "", "False"], ("",)),
    (["1", "2", "3"], ["1", "2", "3"], ()),
    (["1", "2", "3"], ["3", "", "1"], ("",)),
    (["1.0", "2.0"], ["1.0", "2.0"], ()),
    (["1.5", "2.25"], ["1.5", "2.25"], ()),
    (["-1", "0", "10"], ["-1", "", "0"], ("",)),
    (["a", "b"], ["a", "?", "b"], ("?",)),
    (["1", "2"], ["1", "-99", "2"], ("-99",)),
    (["1", "2"], ["1", "-99", "", "2"], ("-99", "")),
    (["NA", "a"], ["a", "a"], ()),
    (["1", "x"], ["1", "1"], ()),
    (["12345678901234567890", "12345678901234567891"], ["12345678901234567891"], ()),
    (["2024-02-29", "2024-03-01"], ["2024-03-01"], ()),
]


@pytest.mark.parametrize(("levels", "cells", "missing"), RECOVERED)
def test_what_pandas_makes_of_a_category_is_turned_back(levels, cells, missing):
    """Booleans, integers and floats become the text of the file; markers are missing."""
    step, text = trained(levels, missing), table_of(cells)
    expected = [None if cell in missing else cell for cell in cells]

    assert texts(quietly(step, pd.read_csv(io.StringIO(text)))) == expected
    assert texts(quietly(step, pd.read_csv(io.StringIO(text), **STRICT))) == expected


REFUSED = [
    (["NA", "a"], ["a", "NA"], "dtype str|object", "training saw the text 'NA', which pandas"),
    (["None", "a"], ["a", "None"], "dtype str|object", "training saw the text 'None'"),
    (["", "a"], ["a", "", ""], "dtype str|object", "no value in 2 of 3 rows, first in row 1"),
    (["n/a", "1"], ["1", "n/a"], "dtype float64", "training saw the text 'n/a'"),
    (["null", "True"], ["True", "null"], "dtype object", "training saw the text 'null'"),
    (["007", "12"], ["007", "12"], "dtype int64", "the text '007', which a number cannot spell"),
    (["1.50", "2"], ["1.50"], "dtype float64", "the text '1.50', which a number cannot spell"),
    (["1e3", "2"], ["1e3"], "dtype float64", "the text '1e3', which a number cannot spell"),
    (["+1", "2"], ["+1"], "dtype int64", r"the text '\+1', which a number cannot spell"),
    (["1", "1.0"], ["1", "1.0"], "dtype float64", "'1' and '1.0', which pandas reads as one value"),
    (["true", "True"], ["true"], "dtype bool", "'True' and 'true', which pandas reads as one"),
    (
        ["1234567890123456789"],
        ["1234567890123456789", ""],
        "dtype float64",
        "found the float 1.2345678901234568e[+]18 in row 0",
    ),
]


@pytest.mark.parametrize(("levels", "cells", "dtype", "sentence"), REFUSED)
def test_what_cannot_be_turned_back_is_refused_by_name(levels, cells, dtype, sentence):
    """The error is a ValueError with column, dtype and reader; a strict reading has the answer."""
    step, text = trained(levels), table_of(cells)
    with pytest.raises(ValueError, match=sentence) as caught:
        step.transform(pd.read_csv(io.StringIO(text)))

    assert isinstance(caught.value, ReproError)
    assert any(f"column 'c' ({part})" in str(caught.value) for part in alternatives(dtype))
    assert "repro.load_run(RUN).predict(FILE)" in str(caught.value)
    if set(cells) <= set(levels):
        assert texts(quietly(step, pd.read_csv(io.StringIO(text), **STRICT))) == cells


def alternatives(dtype: str) -> list[str]:
    head, _, rest = dtype.partition(" ")
    return [f"{head} {name}" for name in rest.split("|")]


@pytest.mark.parametrize("text", sorted(PANDAS_MISSING))
def test_each_text_that_pandas_reads_as_missing_is_known(text):
    """The list is pandas' own."""
    read = pd.read_csv(io.StringIO(f'c,x\n"{text}",1\nb,2\n'))

    assert read["c"].isna().tolist() == [True, False]
    with pytest.raises(TableError, match="which pandas reads as missing"):
        trained([text, "b"]).transform(read)


def test_no_text_that_pandas_reads_as_missing_is_left_out():
    """In the version that is installed."""
    assert set(STR_NA_VALUES) == set(PANDAS_MISSING)


def value_of(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.lower()


WORDS = ["1", "2", "10", "-3", "True", "False", "a", "b", "1.5", "NA", "null", "007", "TRUE", "1.0"]


@given(
    st.sets(st.sampled_from(WORDS), min_size=1),
    st.lists(st.sampled_from([*WORDS, "", "9"]), min_size=1, max_size=8),
    st.sampled_from([(), ("",), ("NA",), ("-3", "")]),
)
def test_a_frame_of_pandas_never_gives_another_known_category(levels, cells, missing):
    """Whatever pandas made of a file: each cell is the file's own text, unknown, or refused.

    Never is it a different category that training saw, and never missing where the file's was seen.
    A cell that training never saw may become one of the same value, as 1.0 becomes 1 and TRUE
    becomes True: pandas has one value for both.
    """
    levels = sorted(levels - set(missing))
    if not levels:
        return
    step = trained(levels, missing)
    frame = pd.read_csv(io.StringIO(table_of(cells)), skip_blank_lines=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = texts(step.transform(frame))
        except TableError:
            return
    for cell, text in zip(cells, found, strict=True):
        if text in levels:
            assert text == cell or (cell not in levels and value_of(text) == value_of(cell))
        if cell in levels:
            assert text == cell
        if cell in missing:
            assert text is None


@pytest.mark.parametrize("values", [[1, "2", "a"], [True, "2", 1], ["a", 2.0, None], [1, "a", 2]])
def test_a_column_of_mixed_types_goes_cell_by_cell(values):
    """As where pandas reads a long file in pieces."""
    expected = [
        None if v is None else str(int(v)) if isinstance(v, float) else str(v) for v in values
    ]
    frame = pd.DataFrame({"c": pd.Series(values, dtype=object), "x": [1.0, 2.0, 3.0]})

    step = trained(["1", "2", "a", "True", "?"], ("?",))

    assert texts(quietly(step, frame)) == expected


@pytest.mark.parametrize("seen", [True, False])
def test_a_null_of_a_typed_file_is_missing_where_training_had_such(seen):
    """Beside the text NA; elsewhere it may be a text that pandas has lost."""
    levels = ["NA", "a", "?"] if seen else ["NA", "a"]
    step = trained(levels, ("?",))
    frame = pd.DataFrame({"c": ["a", None], "x": [1.0, 2.0]})
    if seen:
        assert texts(step.admit_typed(frame)) == ["a", None]
    else:
        with pytest.raises(TableError, match="training saw the text 'NA'"):
            step.admit_typed(frame)


FRAMES = {
    "categorical": {"c": pd.Categorical(["a", "b", "a"]), "x": pd.Categorical([1, 2, 3])},
    "nullable": {"c": pd.array(["a", "b", "a"], "string"), "x": pd.array([1, 2, 3], "Int64")},
    "nullable floats": {"c": ["a", "b", "a"], "x": pd.array([1.0, 2.0, 3.0], "Float64")},
    "arrow": {
        "c": pd.array(["a", "b", "a"], pd.ArrowDtype(pa.string())),
        "x": pd.array([1, 2, 3], pd.ArrowDtype(pa.int32())),
    },
    "arrow decimals and a dictionary": {
        "c": pd.Series(["a", "b", "a"])
        .astype(pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())))
        .array,
        "x": pd.array([Decimal(1), Decimal(2), Decimal(3)], pd.ArrowDtype(pa.decimal128(5, 1))),
    },
    "objects": {"c": np.array(["a", "b", "a"], object), "x": np.array([1, 2.0, "3"], object)},
    "text": {"c": ["a", "b", "a"], "x": ["1", "2.0", "3e0"]},
    "small": {"c": ["a", "b", "a"], "x": np.array([1, 2, 3], "uint8")},
    "float32": {"c": ["a", "b", "a"], "x": np.array([1, 2, 3], "float32")},
    "sparse": {"c": ["a", "b", "a"], "x": pd.arrays.SparseArray([1.0, 2.0, 3.0])},
}


@pytest.mark.parametrize("form", FRAMES)
@pytest.mark.parametrize("order", [("c", "x"), ("x", "c"), ("x", "other", "c", "y")])
def test_every_dtype_becomes_the_one_of_training(form, order):
    """By name, in any order; columns without a role are ignored, and the index stays."""
    extra = {"other": [[1], {}, None], "y": ["yes", "no", "no"]}
    frame = pd.DataFrame(FRAMES[form] | extra, index=[7, 7, 9])[list(order)]
    found = quietly(trained(["a", "b"]), frame)

    assert found.columns.tolist() == ["c", "x"]
    assert (found["c"].dtype, found["x"].dtype) == (TEXT, np.float64)
    assert (found["c"].tolist(), found["x"].tolist()) == (["a", "b", "a"], [1.0, 2.0, 3.0])
    assert found.index.tolist() == [7, 7, 9]


@pytest.mark.parametrize(
    "dtype", ["int64", "float64", "Int64", "Float32", "object", "str", "double[pyarrow]"]
)
def test_a_declared_marker_is_missing_in_every_dtype(dtype):
    """-99 is no age, whatever pandas made of it."""
    step = DeclaredTable(["x"], [], ["-99"], []).fit(pd.DataFrame({"x": [1.0]}))
    found = step.transform(pd.DataFrame({"x": pd.Series([1, -99, 3]).astype(dtype)}))

    np.testing.assert_array_equal([1.0, np.nan, 3.0], found["x"])


WRONG = [
    (
        {"x": ["1", "old", "older"]},
        "column 'x' .*2 values are not finite numbers, first 'old' in row 1",
    ),
    ({"x": ["1", "2", ""]}, "column 'x' .*1 value is not a finite number: '' in row 2"),
    ({"x": [1.0, 2.0, np.inf]}, "column 'x' .dtype float64.: 1 value is not .* inf in row 2"),
    ({"x": [1, 2, 2**53 + 1]}, "column 'x' .dtype int64.: 1 value .* 9007199254740993 in row 2"),
    ({"x": pd.array([1, None, 2**60 + 1], "Int64")}, "dtype Int64.: 1 value .* in row 2"),
    ({"x": ["1", "2", "007"]}, "column 'x' .*leading zeros: '007' in row 2"),
    ({"x": pd.date_range("2024-01-01", periods=3)}, "expected numbers, found datetime64"),
    ({"x": [1 + 2j, 1, 1]}, "dtype complex128.: expected numbers, found complex128 values"),
    ({"x": [[1], [2], [3]]}, "expected numbers, found list values"),
    ({"c": pd.date_range("2024-01-01", periods=3)}, "column 'c' .*expected text, found datetime64"),
    ({"c": pd.to_datetime(["2024-01-01"] * 3, utc=True)}, "expected text, found Timestamp values"),
    ({"c": [b"a", b"b", b"a"]}, "expected text, found bytes values"),
    ({"c": [("a",), ("b",), 1]}, "expected text, found int and tuple values"),
    ({"c": pd.to_timedelta([1, 2, 3])}, "expected text, found timedelta64"),
]


@pytest.mark.parametrize(("changes", "sentence"), WRONG)
def test_a_column_that_is_not_of_its_role_is_named(changes, sentence):
    """With its dtype, the first offender and its row."""
    frame = pd.DataFrame({"c": ["a", "b", "a"], "x": [1.0, 2.0, 3.0]} | changes)
    with pytest.raises(ValueError, match=sentence) as caught:
        trained(["a", "b"]).transform(frame)

    assert f"(dtype {frame[next(iter(changes))].dtype})" in str(caught.value)


def test_every_problem_is_named_at_once():
    """One error for all columns."""
    frame = pd.DataFrame({"c": [b"a"], "x": ["old"]})
    with pytest.raises(TableError) as caught:
        trained(["a"]).transform(frame)

    assert [line.split()[1] for line in caught.value.message.splitlines()] == ["'c'", "'x'"]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (["c"], "no column 'x'"),
        (["C", "x"], "no column 'c'; did you mean 'C'"),
        (["c", "x", "x"], "2 columns are named 'x'"),
        (["c", "c", "x", "x"], "2 columns are named 'c'\n2 columns are named 'x'"),
        ([0, 1], "no column 'c'"),
        ([], "no column 'c'.*\nno column 'x'"),
    ],
)
def test_missing_and_repeated_columns_are_named(columns, sentence):
    """Whichever of them is needed."""
    frame = pd.DataFrame([[1] * len(columns)], columns=columns)
    with pytest.raises(ValueError, match=sentence):
        trained(["a"]).transform(frame)


def test_a_repeated_column_that_is_not_needed_does_not_matter():
    frame = pd.DataFrame([["a", 1.0, 2, 3]], columns=["c", "x", "note", "note"])

    assert quietly(trained(["a"]), frame)["x"].tolist() == [1.0]


@pytest.mark.parametrize(
    "given",
    [np.zeros((2, 2)), np.zeros(2), pd.Series([1]), [["a", 1]], {"c": ["a"], "x": [1]}, None],
)
def test_what_is_no_frame_is_refused_in_a_sentence(given):
    """Columns go by name, and an array has none."""
    with pytest.raises(ValueError, match="expected a pandas DataFrame with named columns, found"):
        trained(["a"]).transform(given)


def test_a_frame_without_rows_is_refused():
    with pytest.raises(ValueError, match="the table has no rows"):
        trained(["a"]).transform(pd.DataFrame({"c": [], "x": []}))


@pytest.mark.parametrize(
    ("cells", "count"), [(["z"], 1), (["a", "z", "y"], 2), (["4", "5"] * 9, 18)]
)
def test_unknown_categories_warn_with_a_count(cells, count):
    """And the rows keep their text."""
    step = trained(["a", "1"])
    with pytest.warns(UserWarning, match=rf"column 'c': {count} of {len(cells)} rows ha(s|ve)"):
        found = step.transform(pd.read_csv(io.StringIO(table_of(cells))))

    assert texts(found) == cells


@pytest.mark.parametrize("null", [None, np.nan, pd.NA, pd.NaT, "NA", "null", ""])
def test_a_category_without_a_value_warns_where_training_had_none(null):
    """Whether pandas made it of a text, or somebody put it there."""
    frame = pd.DataFrame({"c": ["a", null], "x": [1.0, 2.0]})
    if isinstance(null, str):
        frame = pd.read_csv(io.StringIO(f'c,x\na,1\n"{null}",2\n'))
    with pytest.warns(UserWarning, match="column 'c': 1 of 2 rows has no value, and in training"):
        found = trained(["a", "b"]).transform(frame)

    assert texts(found) == ["a", None]


@pytest.mark.parametrize(("levels", "missing"), [(["a", "?"], ("?",)), (["a", "b"], ("",))])
def test_a_missing_value_is_no_news_where_training_or_the_declaration_has_it(levels, missing):
    """Either says how it is to be understood."""
    frame = pd.DataFrame({"c": ["a", None], "x": [1.0, 2.0]})

    assert texts(quietly(trained(levels, missing), frame)) == ["a", None]


def test_features_that_no_step_uses_may_be_absent():
    """Neither are their values kept."""
    frame = pd.DataFrame({"c": ["secret"], "x": [1.0], "d": ["a"]})
    step = DeclaredTable(["x"], ["c", "d"], [], ["c"]).fit(frame)

    assert step.levels_ == {"d": ["a"]}
    assert quietly(step, frame[["d", "x"]]).isna().to_numpy().tolist() == [[True, False, False]]
    assert quietly(step, frame).isna().to_numpy().tolist() == [[True, False, False]]


def make_pipeline(frame: pd.DataFrame) -> Pipeline:
    encode = ColumnTransformer([("c", OneHotEncoder(), ["c"]), ("x", StandardScaler(), ["x"])])
    step = DeclaredTable(["x"], ["c"], [], [])
    return Pipeline([("table", step), ("encode", encode), ("model", LogisticRegression())]).fit(
        frame, ["no", "yes", "no", "yes"]
    )


def test_a_pipeline_with_it_is_one_of_scikit_learn():
    """Cloned, fitted again, sliced: the same numbers as without it."""
    frame = pd.DataFrame({"c": ["1", "2", "1", "2"], "x": [0.0, 1.0, 2.0, 5.0]})
    made = make_pipeline(frame)
    again = clone(made).fit(frame[["x", "c"]], ["no", "yes", "no", "yes"])
    alone = Pipeline(clone(made).steps[1:]).fit(frame, ["no", "yes", "no", "yes"])
    misread = frame.astype({"c": "int64"})

    assert made.feature_names_in_.tolist() == ["c", "x"]
    assert (made.n_features_in_, made.classes_.tolist()) == (2, ["no", "yes"])
    expected = alone.predict_proba(frame)
    for found in (made, again):
        np.testing.assert_array_equal(found.predict_proba(misread), expected)
    np.testing.assert_array_equal(made[:-1].transform(misread), alone[:-1].transform(frame))
    assert made[:-1].transform(misread).shape == (4, 3)
