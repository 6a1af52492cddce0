"""CSV text in the dialects of offices: declared, guessed with a reason, and read as strictly."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.config.data import FileSource
from repro.config.resolve import validate
from repro.config.tables import Dialect
from repro.config.yaml import read_leaves
from repro.core.errors import ConfigError, DataError
from repro.datasets.adding import append_entry
from repro.datasets.drafting import Given, Proposal, checked_layout, draft_entry
from repro.datasets.formats.csv_text import CsvTable
from repro.datasets.formats.interface import RefusedColumnsError
from repro.datasets.loading import load_entry, read_new_rows
from repro.datasets.registry import registry

GERMAN = (
    "Ort;Umsatz;Menge;Kauf\r\n"
    "Köln;1.234,50;12.500;ja\r\n"
    "München;-7,25;17;nein\r\n"
    "Köln;99.001,00;1.234;ja\r\n"
)
PLAIN = "Ort,Umsatz,Menge,Kauf\nKöln,1234.5,12500,ja\nMünchen,-7.25,17,nein\nKöln,99001,1234,ja\n"
EMPTY = "schema: repro.datasets/v1\ndatasets: {}\n"


def proposal(**changes: object) -> Proposal:
    values = {
        "name": "sales",
        "path": Path("data/t.csv"),
        "target": "Kauf",
        "positive": "ja",
        "missing": (),
        "licence": "MIT",
        "origin": "made up",
        "description": "",
    }
    layout = changes.pop("layout", {})
    return Proposal(**(values | {"given": Given(layout=layout)} | changes))


def added(bench, content: bytes, **changes: object):
    """Register a file in an empty registry; return its text, its entry, and its table."""
    bench.write(content, "data/t.csv")
    bench.write(EMPTY, "configs/datasets.yaml")
    text = draft_entry(bench.path, proposal(**changes))
    entry = append_entry(bench.path, text)["sales"]
    return text, entry, load_entry(bench.path, entry, None)


def guesses(text: str) -> list[str]:
    return [line.strip(" #") for line in text.splitlines() if "# guessed" in line]


def test_a_german_office_file_is_read_as_it_is(bench):
    """Every guess is printed with its reason, and pandas reads the same values when told them."""
    text, entry, table = added(bench, GERMAN.encode("cp1252"))

    expected = pd.read_csv(
        io.BytesIO(GERMAN.encode("cp1252")), sep=";", decimal=",", thousands=".", encoding="cp1252"
    )
    assert [
        "guessed encoding cp1252: not UTF-8 at byte 24, and reads 'Köln', 'München'",
        "guessed delimiter ';': it gives 4 cells in every row",
        "guessed decimal ',': as in '-7,25' of 'Umsatz'",
        "guessed thousands '.': as in '1.234,50' of 'Umsatz'",
    ] == guesses(text)
    assert entry.source.dialect == Dialect(
        delimiter=";", decimal=",", thousands=".", encoding="cp1252"
    )
    assert expected["Umsatz"].tolist() == table.features["Umsatz"].tolist()
    assert expected["Menge"].tolist() == table.features["Menge"].tolist()
    assert expected["Ort"].tolist() == table.features["Ort"].tolist()
    assert expected["Kauf"].tolist() == table.target.tolist()


@pytest.mark.parametrize(
    "content",
    [
        GERMAN.encode("cp1252"),
        GERMAN.encode("utf-8-sig"),
        GERMAN.encode("utf-16"),
        GERMAN.replace(";", "\t").encode("utf-16-le"),
        GERMAN.replace(";", "|").encode(),
        GERMAN.replace("99.001,00", "99 001,00").replace(".", " ").encode(),
        ("Verkauf, 2024\n\n" + GERMAN).encode(),
        ("# exported; by hand\n# twice\n" + GERMAN).encode(),
        ("Stand: 1.1.2024;;;\n\n" + GERMAN).encode(),
        PLAIN.replace("1234.5", '"1,234.50"').replace("12500", '"12,500"').encode(),
    ],
    ids=[
        "cp1252",
        "bom",
        "utf-16",
        "tabs",
        "bars",
        "spaces",
        "titles",
        "comments",
        "stand",
        "english",
    ],
)
def test_the_digest_is_of_values_in_any_dialect(bench, content):
    """The same table has the same digest, and its declaration reads back."""
    expected = added(bench, PLAIN.encode())[2]
    actual = added(bench, content)[2]

    assert expected.content == actual.content
    assert expected.sha256 != actual.sha256


def test_a_standard_file_declares_no_dialect(bench):
    """Nothing is guessed, and nothing of a dialect is written, so that no digest changes."""
    text, entry, _ = added(bench, PLAIN.encode())

    assert guesses(text) == []
    assert "dialect" not in text
    assert "dialect" not in entry.model_dump(mode="json")["source"]
    spelled = entry.source.model_copy(update={"dialect": Dialect(delimiter=",", decimal=".")})
    assert entry.source.model_dump(mode="json") == spelled.model_dump(mode="json")


def test_single_quotes_are_guessed_where_they_hold_a_delimiter(bench):
    """Without them the rows have no one width."""
    content = b"Ort;x;Kauf\n'a; b';1;ja\n'c';2;nein\n"
    text, _, table = added(bench, content)

    assert 'guessed quote "\'": with double quotes the rows have no one width' in guesses(text)
    assert table.features["Ort"].tolist() == ["a; b", "c"]


@pytest.mark.parametrize("cell", ['"5" pipe"', '"open'])
def test_a_wrong_double_quote_is_an_error_and_no_dialect(bench, cell):
    """No guess turns it into text."""
    with pytest.raises(DataError, match="expected after") as caught:
        added(bench, f'Ort,Kauf\n"Rome",ja\n{cell},nein\n"it\'s",ja\n'.encode())

    assert "line" in caught.value.message


def column(cells: list[str], delimiter: str = ";") -> bytes:
    rows = "".join(
        f"{cell}{delimiter}{'ja' if i % 2 else 'nein'}\n" for i, cell in enumerate(cells)
    )
    return f"x{delimiter}Kauf\n{rows}".encode()


@pytest.mark.parametrize(
    ("cells", "delimiter", "expected"),
    [
        # A fraction of a different length decides for the column.
        (["1.234", "0.5", "17.25"], ";", [1.234, 0.5, 17.25]),
        (["1.234", "2.500.000", "3.000"], ";", [1234.0, 2500000.0, 3000.0]),
        # Whole numbers below 1000 only, beside it: nobody writes a fraction so.
        (["1.234", "999", "12.500"], ";", [1234.0, 999.0, 12500.0]),
        # A whole number of four digits without the mark: it is no mark of thousands.
        (["1.234", "2500", "3.125"], ";", [1.234, 2500.0, 3.125]),
        # The comma delimits, so numbers have points.
        (["1.234", "2.345", "3.125"], ",", [1.234, 2.345, 3.125]),
        (["1'234.5", "2'000'000", "7"], ";", [1234.5, 2000000.0, 7.0]),
    ],
)
def test_a_point_is_read_by_the_whole_column(bench, cells, delimiter, expected):
    """And the reason is given wherever it could be read differently."""
    text, _, table = added(bench, column(cells, delimiter))

    assert expected == table.features["x"].tolist()
    assert bool(guesses(text)) == (delimiter == ";" or "1.234" in cells)


def test_what_no_cell_decides_is_refused_with_the_option(bench):
    """Either option decides it."""
    content = column(["1.234", "2.345", "3.125"])
    with pytest.raises(DataError) as caught:
        added(bench, content)

    assert "'1.234' of 'x' is ambiguous: every number of the table allows 1234 and 1.234" in str(
        caught.value.message
    )
    assert caught.value.advice == "say which: --thousands . for 1234, --decimal . for 1.234"
    fractions = added(bench, content, layout={"decimal": "."})[2]
    thousands = added(bench, content, layout={"thousands": "."})[2]
    assert [1.234, 2.345, 3.125] == fractions.features["x"].tolist()
    assert [1234.0, 2345.0, 3125.0] == thousands.features["x"].tolist()


def test_columns_that_contradict_each_other_are_refused(bench):
    """One file has one decimal mark; a person says which column is text."""
    content = b"x;y;Kauf\n1,5;1.5;ja\n2,5;2.5;nein\n"
    with pytest.raises(DataError, match=r"'2?1?[.,]5' of '.' and '.*' of '.' have different ones"):
        added(bench, content)

    _, entry, _ = added(bench, content, layout={"decimal": ","})
    assert (entry.columns.numeric, entry.columns.categorical) == (("x",), ("y",))


def test_two_delimiters_that_fit_are_refused(bench):
    """Every row has both."""
    with pytest.raises(DataError) as caught:
        added(bench, b"a;b,Kauf\n1;2,ja\n3;4,nein\n")

    assert "the delimiter is ambiguous: ',' (2 columns) and ';' (2 columns)" in caught.value.message
    assert caught.value.advice.startswith("name it: --delimiter")


@pytest.mark.parametrize("encoding", ["cp850", "cp1251", "mac_roman"])
def test_text_of_a_different_encoding_is_not_taken_for_cp1252(bench, encoding):
    """Letters that no word has are a refusal, with the option; named, it is read."""
    word = "Москва" if encoding == "cp1251" else "Würzburg"
    content = f"Ort;Kauf\n{word};ja\n{word}b;nein\n".encode(encoding)
    with pytest.raises(DataError, match="not UTF-8 at byte") as caught:
        added(bench, content)

    assert "--encoding" in caught.value.advice
    table = added(bench, content, layout={"encoding": encoding})[2]
    assert [word, f"{word}b"] == table.features["Ort"].tolist()


def test_a_cell_that_does_not_parse_is_named_by_line_and_column(bench):
    """A group of two digits, a second comma, a point among commas: nothing is skipped."""
    dialect = Dialect(delimiter=";", decimal=",", thousands=".", skip_rows=1, comment="#")
    for cell in ("12.34", "1,2,3", "1.5", "1e", "1 000", "NaN"):
        content = f"title\n# one\nx;y\n1.000,5;a\n# two\n{cell};b\n".encode()
        table = CsvTable.open("t.csv", content, frozenset(), dialect)
        with pytest.raises(RefusedColumnsError) as caught:
            table.read({"x": "number"})

        assert caught.value.message == (
            f"t.csv: column 'x': 1 value is not a finite number: {cell!r} in line 6"
        )


def test_a_marker_is_compared_as_it_is_written(bench):
    """In the file's own spelling, or as the number that it spells."""
    dialect = Dialect(delimiter=";", decimal=",")
    table = CsvTable.open("t.csv", b"x;y\n-99,0;a\n1,5;b\n", frozenset({"-99"}), dialect)

    np.testing.assert_array_equal([np.nan, 1.5], table.read({"x": "number"}).columns["x"])


@given(
    st.lists(st.floats(-1e12, 1e12).map(lambda value: round(value, 3)), min_size=1, max_size=20),
    st.sampled_from([",", "."]),
    st.sampled_from(["", " ", "'", "."]),
)
def test_every_number_survives_its_spelling(values, decimal, thousands):
    """Groups of three and either decimal mark give the float that the program had."""
    if thousands == decimal:
        thousands = ""
    swap = str.maketrans({",": thousands, ".": decimal})
    cells = [f"{value:,.3f}".translate(swap) for value in values]
    content = ("x;y\n" + "".join(f"{cell};a\n" for cell in cells)).encode()
    dialect = Dialect(delimiter=";", decimal=decimal, thousands=thousands)
    actual = CsvTable.open("t.csv", content, frozenset(), dialect).read({"x": "number"})

    assert np.array(values).tolist() == actual.columns["x"].tolist()


def test_quoted_cells_may_hold_what_looks_like_a_comment(bench):
    """Only a line that a row begins on is one, and lines are counted in the file."""
    content = b'x;t\n#no\n1;"a\n#b"\nz;c\n'
    table = CsvTable.open("t.csv", content, frozenset(), Dialect(delimiter=";", comment="#"))

    assert table.read({"t": "text"}).columns["t"].tolist() == ["a\n#b", "c"]
    with pytest.raises(RefusedColumnsError, match=r"'z' in line 5$"):
        table.read({"x": "number"})


def test_new_rows_are_read_in_the_dialect_of_the_data_set(bench):
    """A month later the same program exports the same kind of file."""
    entry = added(bench, GERMAN.encode("cp1252"))[1]
    file = bench.write("Ort;Umsatz;Menge\r\nKöln;2.000,5;3\r\n".encode("cp1252"), "new.csv")

    assert read_new_rows(file, entry)["Umsatz"].tolist() == [2000.5]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{delimter: ';'}", "unknown key 'source.dialect.delimter'; did you mean 'delimiter'?"),
        ("{decimal: ';'}", "input should be '.' or ','"),
        ("{encoding: utf8}", "input should be 'utf-8'"),
        ("{decimal: ',', thousands: ','}", "decimal and thousands are both ','"),
        ("{skip_rows: -1}", "greater than or equal to 0, found -1"),
    ],
)
def test_a_wrong_key_of_a_dialect_names_its_siblings(bench, text, sentence):
    """With file, line, key and what was found."""
    lines = added(bench, PLAIN.encode())[0].replace("csv}", f"csv, dialect: {text}}}")
    bench.write(f"schema: repro.datasets/v1\ndatasets:\n{lines}", "configs/datasets.yaml")
    with pytest.raises(ConfigError) as caught:
        registry(bench.path)

    assert sentence in caught.value.message
    assert "configs/datasets.yaml:" in caught.value.message


def test_a_dialect_is_for_csv_text(bench):
    """Other formats have none."""
    tree = read_leaves(
        "kind: file\npath: a.parquet\nformat: parquet\ndialect: {decimal: ','}\n", "t"
    )
    with pytest.raises(ConfigError, match="'dialect' is for format csv, and the format is parquet"):
        validate(tree, FileSource)


def test_an_option_is_checked_by_name():
    """Before any file is read."""
    with pytest.raises(ConfigError, match="--skip-rows: skip_rows: input should be greater"):
        checked_layout({"skip_rows": -1})
