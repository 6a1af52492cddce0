from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.core.canonical import TaggedHash
from repro.digest.frames import digest_frame, digest_index, digest_rows, digest_series

TEXT = st.lists(st.none() | st.text("ab\ud800é", max_size=2), max_size=4)
COLUMNS = {
    "integer": [1, 2, 3],
    "float": [0.5, np.nan, -0.0],
    "text": pd.array(["x", pd.NA, ""], dtype="string"),
    "object": np.array(["x", None, 1], dtype=object),
    "boolean": pd.array([True, None, False], dtype="boolean"),
    "Int64": pd.array([1, None, 3], dtype="Int64"),
    "Float32": pd.array([0.5, None, 1.5], dtype="Float32"),
    "category": pd.Categorical(["b", None, "a"], categories=["b", "a", "c"]),
    "bins": pd.Categorical(pd.cut([0.5, 1.5, 0.5], [0, 1, 2])),
    "instant": pd.array(["2024-01-01", None, "2024-01-02"], dtype="datetime64[ns]"),
    "zoned": pd.array(["2024-07-01", None, "2024-01-02"], dtype="datetime64[ns, Europe/Berlin]"),
    "duration": np.array([1, "NaT", 3], dtype="timedelta64[s]"),
    "month": pd.PeriodIndex(["2024-01", None, "2024-03"], freq="M"),
}


def frame():
    return pd.DataFrame(COLUMNS, index=pd.Index(["r", "s", "t"], name="row"))


def series(values, dtype):
    return digest_series(pd.Series(values, dtype=dtype))


@pytest.mark.parametrize("dtype", ["string[pyarrow]", "str", pd.StringDtype("python")])
@given(text=TEXT.filter(lambda text: "\ud800" not in "".join(filter(None, text))))
def test_text_unchanged_by_storage_and_sentinel(dtype, text):
    """Text is one dtype, whether Python or Arrow holds it and NaN or NA marks what is missing."""
    if dtype == "str" and int(pd.__version__[0]) < 3:
        pytest.skip("before pandas 3, str is object")

    assert series(text, "string") == series(text, dtype)


def test_arrow_text_is_text():
    """A frame read with Arrow dtypes has the same text."""
    arrow = pd.ArrowDtype(pytest.importorskip("pyarrow").large_string())

    assert series(["a", None], "string") == series(["a", None], arrow)


@given(one=TEXT, other=TEXT)
def test_text_agrees_only_if_equal(one, other):
    """Values, their lengths and what is missing count; a missing one is not an empty one."""
    dtype = pd.StringDtype("python")

    assert (one == other) == (series(one, dtype) == series(other, dtype))


def test_object_is_not_text():
    """A plain object column may hold anything, whatever it holds now."""
    assert series(["a"], object) != series(["a"], "string")


def test_digest_unchanged_by_a_copy():
    """Blocks, views and the order in which columns were added are not content."""
    original = frame()
    rebuilt = pd.concat([original[[name]] for name in original], axis=1)

    assert digest_frame(original) == digest_frame(rebuilt) == digest_frame(original.copy())


def test_digest_unchanged_by_slicing():
    """A view of a longer frame is the shorter frame."""
    longer = pd.concat([frame(), frame()]).astype(frame().dtypes.to_dict())

    assert digest_frame(frame()) == digest_frame(longer.iloc[:3])


@pytest.mark.parametrize("name", COLUMNS)
def test_digest_changes_with_missingness(name):
    """One more missing value in any column gives another digest."""
    changed = frame()
    changed["integer"] = changed["integer"].astype("Int64")
    before = digest_frame(changed)
    changed.loc["t", name] = None

    assert before != digest_frame(changed)


@pytest.mark.parametrize("name", COLUMNS)
def test_digest_changes_with_values(name):
    """Two rows exchanged in any one column give another digest."""
    changed = frame()
    order = [0, 2, 1] if name == "bins" else [2, 1, 0]
    changed[name] = changed[name].iloc[order].set_axis(changed.index)

    assert digest_frame(frame()) != digest_frame(changed)


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it[[*it.columns[1:], it.columns[0]]],
        lambda it: it.rename(columns={"float": "double"}),
        lambda it: it.rename_axis(columns="features"),
        lambda it: it.rename_axis(index=None),
        lambda it: it.reset_index(),
        lambda it: it.reset_index(drop=True),
        lambda it: it.rename(index={"r": "q"}),
        lambda it: it.iloc[::-1],
        lambda it: it.iloc[:2],
        lambda it: it.drop(columns="month"),
        lambda it: it.astype({"integer": "int32"}),
        lambda it: it.astype({"integer": "Int64"}),
        lambda it: it.astype({"integer": "float64"}),
        lambda it: it.astype({"Float32": "Float64"}),
        lambda it: it.astype({"text": object}),
        lambda it: it.astype({"category": object}),
        lambda it: it.assign(category=it["category"].cat.as_ordered()),
        lambda it: it.assign(category=it["category"].cat.remove_unused_categories()),
        lambda it: it.assign(category=it["category"].cat.reorder_categories(["a", "b", "c"])),
        lambda it: it.assign(zoned=it["zoned"].dt.tz_convert("UTC")),
        lambda it: it.assign(instant=it["instant"].dt.as_unit("us")),
    ],
)
def test_digest_changes_with_structure(change):
    """Order, names, dtypes, categories, zones and the index all count."""
    assert digest_frame(frame()) != digest_frame(change(frame()))


def test_no_two_kinds_of_column_agree():
    """Columns without rows still differ by their dtype."""
    empty = frame().iloc[:0]

    assert len(COLUMNS) == len({digest_series(empty[name].rename(None)) for name in COLUMNS})


def test_range_index_is_its_integers():
    """How an index holds its integers is not content; their width is."""
    numbers = pd.Index([3, 5, 7], dtype="int64")

    assert digest_index(numbers) == digest_index(pd.RangeIndex(3, 9, 2))
    assert digest_index(numbers) != digest_index(numbers.astype("int32"))


def test_labels_of_strings_are_text():
    """pandas 2 holds string labels as objects, pandas 3 as text."""
    labels = ["a", None, "b"]

    assert digest_index(pd.Index(labels, dtype=object)) == digest_index(
        pd.Index(labels, dtype="string")
    )


def test_categories_of_strings_are_text():
    """The same holds for categories, so that both versions of pandas agree."""
    plain = pd.CategoricalDtype(pd.Index(["a", "b"], dtype=object))
    text = pd.CategoricalDtype(pd.Index(["a", "b"], dtype="string"))

    assert series(["a", None], plain) == series(["a", None], text)


def test_values_under_a_mask_never_count():
    """What a nullable column holds where it is missing is not content."""
    mask = np.array([False, True])
    arrays = [pd.arrays.IntegerArray(np.array([1, under]), mask) for under in (7, 8)]

    assert len({digest_series(pd.Series(array)) for array in arrays}) == 1


def test_columns_with_one_name_count_by_position():
    """Duplicate names are allowed, and exchanging such columns is noticed."""
    twice = pd.DataFrame([[1, 2.5]], columns=["a", "a"]).astype(object)

    assert digest_frame(twice) != digest_frame(twice.iloc[:, ::-1])


def test_levels_of_an_index_count_in_order():
    """A hierarchical index counts by its levels' names and values."""
    pairs = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", "y"])

    assert digest_index(pairs) == digest_index(pairs.append(pairs)[:2])
    assert digest_index(pairs) != digest_index(pairs.swaplevel())
    assert digest_index(pairs) != digest_index(pairs.set_names(["x", "z"]))


def test_a_frame_without_columns_has_its_rows():
    """Shape counts even where there are no values."""
    assert digest_frame(pd.DataFrame(index=[0, 1])) != digest_frame(pd.DataFrame(index=[0]))


def test_unknown_columns_are_named():
    """What has no canonical form is refused, with the column's name."""
    sparse = pd.DataFrame({"s": pd.arrays.SparseArray([0, 1])})

    with pytest.raises(TypeError, match=r"Column 's': values of dtype Sparse"):
        digest_frame(sparse)


@pytest.mark.parametrize("function", [digest_frame, digest_series])
def test_only_pandas_is_accepted(function):
    """A list has neither a dtype nor an index."""
    with pytest.raises(TypeError, match="not list"):
        function([1])


PINNED = {
    "integer": "series/v1:ac4eff9495d37b4bd0d43ebbdc951704535e1ad47bed231e8698f7191e3ba694",
    "float": "series/v1:c8413d2645a2291a4c19d8d313b867e6c204565260a1bc49645dbc2e7cb5c281",
    "text": "series/v1:4ecb9a77081ce9660de7c6e50eb88fbd6cf43c2d1b33b9c598ac75637baca0b5",
    "object": "series/v1:801c8bcee35d50f713d6632c150273bf22c79069c18dde4ad0296773c48f5a7a",
    "boolean": "series/v1:ab5caf497035889647575714ce245fe1da5feacdaa58f000b954445ac799dd4f",
    "Int64": "series/v1:ae33901c7f15a097ddc67be2c18c9e41fc611b7d71626c10af93debb4c866635",
    "Float32": "series/v1:2310744c4a7a68b456171d2df08e520b8c5b71fec49463d73b680672630e6871",
    "category": "series/v1:a23bb439cd68b4d5c187b08d7450dc50d8baabfbecc52c0b52d8e37771ec9e21",
    "bins": "series/v1:04c69e23076bcff52e82941a9ea38953477dba62ccaa92079c0aee75f0168f7b",
    "instant": "series/v1:7a64e8ea557c1980a03e185ab5d63944cafcc88b67066a66d95a4671bec6fdff",
    "zoned": "series/v1:dc9b222276fe764f273dac1f81f51c1ab9fa66184999119b2ceb5b7be67b510b",
    "duration": "series/v1:d2339fe6ad86b66fe11833e04677a6424664f0b0440cf4d9107da65e809d01a8",
    "month": "series/v1:72cb56a116e0996fe5e45e0b320201a629fcb37b7de9a5961ad571b5631ed305",
    "frame": "frame/v1:f8e363f3de8ffbf80144d9a5870d31f0d9d2c663f7062e2cd45058adad6a3613",
}


@pytest.mark.parametrize("name", COLUMNS)
def test_series_digests_are_pinned(name):
    """A change of the encoding is noticed, as is a version of pandas that disagrees."""
    assert PINNED[name] == digest_series(frame()[name])


def test_frame_digest_is_pinned():
    """A change of the encoding is noticed, as is a version of pandas that disagrees."""
    assert PINNED["frame"] == digest_frame(frame())


# Few values, so that rows are often equal in all columns but one.
ROW = st.tuples(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, float("nan")]),
    st.sampled_from(["", "a", "b", "a\0", "\ud800", None]),
    st.sampled_from([0, 1, -1]),
)


def rows(values):
    columns = zip(*values, strict=True) if values else ([], [], [])
    number, text, count = map(list, columns)
    dtype = pd.StringDtype("python")
    return pd.DataFrame(
        {
            "number": np.array(number, dtype=float),
            "text": pd.array(text, dtype=dtype),
            "count": np.array(count, dtype=np.int64),
        }
    )


def spelt(row):
    number, text, count = row
    return "nan" if number != number else number.hex(), text, count


@given(st.lists(ROW, max_size=8), st.randoms())
def test_rows_unchanged_by_their_order_and_index(values, random):
    """The rows are a bag: as often as each occurs, wherever."""
    original = rows(values)
    order = random.sample(range(len(values)), len(values))
    shuffled = original.iloc[order]

    assert digest_rows(original) == digest_rows(shuffled)


@given(st.lists(ROW, max_size=4), st.lists(ROW, max_size=4))
def test_rows_agree_only_if_equal(one, other):
    """Values, missing ones, signs of zero, and how often a row occurs."""
    same = Counter(map(spelt, one)) == Counter(map(spelt, other))

    assert same == (digest_rows(rows(one)) == digest_rows(rows(other)))


@given(
    st.integers(1, 11).flatmap(
        lambda width: st.lists(st.tuples(*[st.integers(0, 2)] * width), max_size=30)
    )
)
def test_rows_are_digested_in_the_order_of_their_bytes(values):
    """Of all columns one after the other, however many of them it takes to tell rows apart."""
    columns = [f"c{number}" for number in range(len(values[0]) if values else 1)]
    table = pd.DataFrame(values, columns=columns, dtype=np.int64)

    ordered = sorted(values, key=lambda row: b"".join(n.to_bytes(8, "little") for n in row))
    whole = digest_frame(pd.DataFrame(ordered, columns=columns, dtype=np.int64))
    assert digest_rows(table) == TaggedHash("rows").add(whole.encode()).digest()


def test_rows_are_bound_to_their_columns():
    """Another name, dtype or order of columns is another table; a frame is no bag of rows."""
    original = rows([(1.0, "a", 1), (0.0, "b", 0)])
    others = [
        original.rename(columns={"text": "words"}),
        original.astype({"count": np.int32}),
        original[["text", "number", "count"]],
        original.drop(columns="text"),
    ]

    digests = [digest_rows(frame) for frame in (original, *others)]
    assert len({*digests, digest_frame(original)}) == len(digests) + 1


def test_rows_digest_is_pinned():
    """Another encoding is another version of the scheme."""
    original = rows([(1.5, "b", 1), (-0.0, None, 0), (float("nan"), "é", -1)])
    pinned = "rows/v1:7cc4b3fab4eabd4126d3e17639eafc146dd0b2488d698141d7f47f3a235a4ca8"

    assert digest_rows(original) == pinned


def test_rows_without_an_order_are_refused():
    """Objects of any kind cannot be sorted."""
    with pytest.raises(TypeError, match="'object': values of dtype object have no order"):
        digest_rows(frame()[["object"]])
