"""The quick reader of plain text gives what the strict reader gives, or leaves the file to it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from repro.config.tables import Dialect
from repro.core.errors import DataError
from repro.datasets.formats import csv_plain, csv_text
from repro.datasets.formats.csv_plain import read_plain
from repro.datasets.formats.csv_text import CsvTable

MARKERS = ["", "NA", "-99", "?", "nan", "-", "inf", "1_0", "e", " ", "é"]
CELLS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**18), 10**18).map(str),
    st.integers(-200, 200).map(str),
    st.text("0123456789.eE+-", max_size=6),
    st.sampled_from(
        [*MARKERS, "-99.0", "10", "007", "-01", "00.5", "+5", "1e5", "1e400", "0x1F", "1_0", " 5",
         "5 ", "nan", "Infinity", "1.", ".5", "9007199254740993", "a", "ä", "True", "1,5", "\t",
         'a"b', "x\r", "\x1c", "\u2028", "1\u0660", "#", "None", "null", "1e-400", "-0", "1d5"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4),
)  # fmt: skip


def strictly(table, kinds):
    """Return what the strict reader gives, or the words in which it refuses the file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_text, "read_plain", lambda *_: None)
        try:
            return table.read(kinds)
        except DataError as error:
            return str(error)


def quickly(table, kinds):
    return read_plain(table.content, table.names, kinds, table.missing, table.dialect)


def assert_same(quick, strict):
    assert not isinstance(strict, str), strict
    for name, values in quick.items():
        expected = strict.columns[name]
        assert values.dtype == expected.dtype
        if values.dtype == object:
            assert values.tolist() == expected.tolist()
        else:
            assert values.tobytes() == expected.tobytes()
    assert {len(values) for values in quick.values()} == {strict.rows}


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 3).flatmap(
        lambda width: st.lists(
            st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6
        )
    ),
    st.sets(st.sampled_from(MARKERS)),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
)
@example([["1"], [""]], {""}, ",", "\n", True, True)
@example([["10"], ["1_0"]], {"1_0"}, ",", "\n", True, True)
@example([["-99.0", "x"]], {"-99"}, ",", "\r\n", False, True)
def test_both_readers_agree(rows, missing, delimiter, end, ends, numeric):
    """Whatever stands in the cells, no file is read differently."""
    width = len(rows[0])
    names = [f"c{number}" for number in range(width)]
    lines = [delimiter.join(row) for row in [names, *rows]]
    content = (end.join(lines) + end * ends).encode()
    kinds = {name: "number" if numeric or n else "text" for n, name in enumerate(names)}
    try:
        table = CsvTable.open("t.csv", content, missing, Dialect(delimiter=delimiter))
    except DataError:
        return
    quick = quickly(table, kinds)

    if quick is not None:
        assert_same(quick, strictly(table, kinds))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_ordinary_table_is_plain(end):
    """Numbers, text beyond ASCII, markers and a quoted header are read quickly, block by block."""
    rows = [f"{n / 7!r},{'ü' if n % 3 else 'NA'},{n if n % 5 else ''},{-n}" for n in range(160_000)]
    content = end.join(['a,"b, c",d,e', *rows, ""]).encode()
    table = CsvTable.open("t.csv", content, {"*": ["", "NA"], "e": ["-99"]})
    kinds = {"e": "number", "a": "number", "d": "number", "b, c": "text"}
    quick = quickly(table, kinds)

    assert len(content) > 2**22
    assert quick is not None
    assert_same(quick, strictly(table, kinds))
    assert quick["a"][-1] == 159_999 / 7
    assert quick["b, c"][:3].tolist() == [None, "ü", "ü"]


@pytest.mark.parametrize("block", [1, 9, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_no_size_of_a_block_and_no_end_of_the_file_loses_a_row(monkeypatch, block, end, last):
    """With a mark of the byte order, and without an end of the last line."""
    monkeypatch.setattr(csv_plain, "_BLOCK", block)
    rows = [f"{n / 3!r},{'ab'[n % 2]}" for n in range(50)]
    content = "\ufeff" + end.join(["a,b", *rows]) + end * last
    table = CsvTable.open("t.csv", content.encode(), [""])

    quick = quickly(table, {"a": "number", "b": "text"})

    assert quick is not None
    assert quick["a"].tolist() == [n / 3 for n in range(50)]
    assert quick["b"].tolist() == ["ab"[n % 2] for n in range(50)]


@pytest.mark.parametrize(
    "content",
    [
        'a,b\n1,"x"\n',
        "a,b\n1,2,3\n",
        "a,b\n1\n",
        "a,b\n1,x\n\n",
        "a,b\n01,x\n",
        "a,b\n1,x\r2,y\n",
        "a,b\n9007199254740993,x\n",
        "a,b\n1e999,x\n",
        "a,b\n 1,x\n",
        'a,"b\n"\n1,x\n',
        "a,b\n",
    ],
)
def test_the_rest_is_left_to_the_strict_reader(content):
    """Quotes, ragged rows, and numbers that need care are not read quickly."""
    names = ("a", "b")
    kinds = {"a": "number", "b": "text"}

    assert read_plain(content.encode(), names, kinds, [""], Dialect()) is None
