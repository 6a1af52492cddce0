"""Arrow, Excel, several files, files elsewhere, queries: the same table, whatever carried it."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import sys
from datetime import datetime

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, ipc
from tests.conftest import ROOT

from repro.cli import run
from repro.core.errors import ConfigError, DataError, PreconditionError
from repro.datasets.formats import open_table
from repro.datasets.formats.interface import RefusedColumnsError
from repro.datasets.loading import load_entry
from repro.datasets.registry import registry
from repro.datasets.sources.sql import Query, take_snapshot

FACTS = ("--target", "bad", "--positive", "yes", "--licence", "MIT", "--origin", "made up")
SECRET = "hunter2"


def people(rows: int = 24) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "age": [20 + i % 7 for i in range(rows)],
            "income": [1000.5 + i * 3 for i in range(rows)],
            "city": [("Köln", "Rome", "Oslo")[i % 3] for i in range(rows)],
            "bad": ["yes" if i % 2 else "no" for i in range(rows)],
        }
    )
    frame.loc[3, "income"] = np.nan
    return frame


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with an empty registry and the people as CSV, registered as ``plain``."""
    folder = tmp_path / "project"
    for name in ("configs/experiments", "data"):
        (folder / name).mkdir(parents=True)
    (folder / "configs/base.yaml").write_bytes((ROOT / "configs/base.yaml").read_bytes())
    (folder / "configs/datasets.yaml").write_text("schema: repro.datasets/v1\ndatasets: {}\n")
    people().to_csv(folder / "data/plain.csv", index=False)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("REPRO_SQL", raising=False)
    assert run(["data", "add", "plain", "data/plain.csv", *FACTS]) == 0
    return folder


def added(project, *words: str):
    """Register a data set, and return its entry and table."""
    assert run(["data", "add", *words, *FACTS]) == 0
    entry = registry(project)[words[0]]
    return entry, load_entry(project, entry, None)


def failed(capsys, *words: str) -> str:
    capsys.readouterr()
    assert run([*words]) in {1, 2, 3}
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err
    return captured.err


def content(project, name: str = "plain") -> str:
    return load_entry(project, registry(project)[name], None).content


def workbook(frame: pd.DataFrame, title: str = "Data", before: int = 0) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.active.title = title
    for _ in range(before):
        book.active.append(["A report"])
    book.active.append(list(frame.columns))
    for row in frame.itertuples(index=False):
        book.active.append([None if value != value else value for value in row])
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


@pytest.mark.parametrize("compression", ["uncompressed", "lz4"])
def test_an_arrow_file_is_the_table_of_the_csv_file(project, compression):
    """Feather is its name; whatever compresses it."""
    feather.write_feather(people(), str(project / "data/t.feather"), compression=compression)
    entry, table = added(project, "arrow", "data/t.feather")

    assert (entry.source.format, table.content) == ("feather", content(project))


def test_an_arrow_stream_is_the_table_too(project):
    """A file without an index."""
    (project / "data/t.arrow").write_bytes(stream(pa.Table.from_pandas(people())))

    assert added(project, "arrow", "data/t.arrow")[1].content == content(project)


@pytest.mark.parametrize("cut", [0, 6, 100, -20])
def test_a_damaged_arrow_file_is_refused_by_name(cut):
    """Whatever was cut off."""
    out = io.BytesIO()
    feather.write_feather(people(), out)
    with pytest.raises(DataError, match=r"t\.feather: not a readable Arrow file"):
        open_table("feather", "t.feather", out.getvalue()[:cut], ()).read({"age": "number"})


def test_a_sheet_is_the_table_of_the_csv_file(project, capsys):
    """The sheet and the row that have the target are found, and said."""
    book = workbook(people(), "Numbers", before=2)
    book.create_sheet("Notes", 0).append(["nothing"])
    (project / "data/t.xlsx").write_bytes(saved(book))
    capsys.readouterr()
    entry, table = added(project, "sheet", "data/t.xlsx")
    out = capsys.readouterr().out

    assert table.content == content(project)
    assert entry.source.workbook.model_dump() == {"sheet": "Numbers", "header_row": 3}
    assert "# guessed sheet 'Numbers': it has the column 'bad'" in out
    assert "# guessed header_row 3: it has the column 'bad'" in out


def test_marks_and_dates_of_a_sheet_are_recognised(project, capsys):
    """An error of Excel is a missing value among numbers, and a day is text in ISO 8601."""
    book = workbook(people())
    book.active["B4"] = "#N/A"
    book.active["E1"] = "day"
    for row in range(2, 26):
        book.active[f"E{row}"] = datetime(2024, 1, row)  # noqa: DTZ001  # as Excel has it
    (project / "data/t.xlsx").write_bytes(saved(book))
    capsys.readouterr()
    entry, table = added(project, "sheet", "data/t.xlsx")
    out = capsys.readouterr().out

    assert entry.missing == {"income": ("#N/A",)}
    assert table.features["income"].isna().tolist() == [i in {2, 3} for i in range(24)]
    assert entry.columns.ignored == ("day",)
    assert "'day' is ignored: dates, as in '2024-01-02'" in out


def test_a_formula_without_a_stored_value_is_refused_with_its_cell():
    """It would read as missing."""
    book = workbook(people())
    book.active["B5"] = "=1+1"
    with pytest.raises(DataError) as caught:
        open_table("excel", "t.xlsx", saved(book), ())

    assert caught.value.message == (
        "t.xlsx: sheet 'Data': row 5, column 2: the formula =1+1 has no stored value"
    )


def test_a_wrong_cell_is_named_by_its_row_in_the_sheet():
    """As Excel numbers it."""
    book = workbook(people())
    book.active["A7"] = "seven"
    with pytest.raises(RefusedColumnsError, match=r"'seven' in row 7 of sheet 'Data'$"):
        open_table("excel", "t.xlsx", saved(book), ()).read({"age": "number"})


def test_an_empty_row_in_the_middle_of_a_sheet_is_refused():
    """Those at its end are not: a sheet keeps them when they are cleared."""
    book = workbook(people())
    book.active.append([None, None, None, "yes"])
    book.active.append([None])
    for column in "ABCD":
        book.active[f"{column}9"] = None
    with pytest.raises(DataError, match="sheet 'Data': row 9 is empty"):
        open_table("excel", "t.xlsx", saved(book), ())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--sheet", "Dta"), "t.xlsx: no sheet 'Dta'"),
        (("--sheet", "Dta"), "did you mean 'Data'?"),
        (("--delimiter", ";"), "--delimiter is for files of format csv, and the format is excel"),
        (("--header-row", "90"), "row 90 is empty"),
    ],
)
def test_a_mistake_about_a_workbook_is_named(project, capsys, words, sentence):
    """With what to do."""
    (project / "data/t.xlsx").write_bytes(saved(workbook(people())))

    assert sentence in failed(capsys, "data", "add", "s", "data/t.xlsx", *FACTS, *words)


@pytest.mark.parametrize("damaged", [b"", b"PK\x03\x04", b"not a workbook"])
def test_bytes_that_are_no_workbook_are_refused(damaged):
    """Whatever openpyxl raises."""
    with pytest.raises(DataError, match=r"t\.xlsx: not a readable Excel workbook"):
        open_table("excel", "t.xlsx", damaged, ())


@pytest.mark.parametrize(
    ("form", "package", "extra"),
    [("feather", "pyarrow", "parquet"), ("excel", "openpyxl", "excel")],
)
def test_a_package_that_is_missing_is_named_with_its_extra(monkeypatch, form, package, extra):
    """Nothing else is asked first."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PreconditionError) as caught:
        open_table(form, "t", b"x", ())

    assert f"needs {package}, which is not installed" in caught.value.message
    assert caught.value.advice == f"pip install -e '.[{extra}]', in the project's environment"


def parts(project, pieces: int = 3) -> None:
    frame = people()
    size = len(frame) // pieces
    for i in range(pieces):
        part = frame.iloc[i * size : (i + 1) * size]
        part.to_csv(project / f"data/part-{i}.csv", index=False)


@pytest.mark.parametrize(
    "words", [("data/part-*.csv",), ("data/part-2.csv", "data/part-0.csv", "data/part-1.csv")]
)
def test_several_files_are_one_table_in_the_order_of_their_names(project, words):
    """Whatever order they were given in; the hash is that of their hashes."""
    parts(project)
    entry, table = added(project, "parts", *words)
    hashes = [
        hashlib.sha256((project / f"data/part-{i}.csv").read_bytes()).hexdigest() for i in range(3)
    ]

    assert table.content == content(project)
    assert [part.path for part in entry.source.parts] == [f"data/part-{i}.csv" for i in range(3)]
    assert [part.sha256 for part in entry.source.parts] == hashes
    assert entry.sha256 == hashlib.sha256("".join(f"{h}\n" for h in hashes).encode()).hexdigest()


def test_the_file_that_changed_is_named(project):
    """And not only that something did."""
    parts(project)
    entry, _ = added(project, "parts", "data/part-*.csv")
    file = project / "data/part-1.csv"
    file.write_text(file.read_text().replace("Rome", "Roma"))
    with pytest.raises(DataError, match=r"data/part-1\.csv: expected sha256"):
        load_entry(project, entry, None)


def test_a_wrong_cell_is_named_with_its_file(project):
    """By the line in that file."""
    parts(project)
    entry, _ = added(project, "parts", "data/part-*.csv")
    changed = entry.model_copy(
        update={"columns": entry.columns.model_copy(update={"numeric": ("age", "income", "city")})}
    )
    changed = changed.model_copy(
        update={"columns": changed.columns.model_copy(update={"categorical": ()})}
    )
    with pytest.raises(DataError, match=r"first .Köln. in line 2 of data/part-0\.csv"):
        load_entry(project, changed, None)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("city", "town"), "no column 'city' and a column more, 'town'"),
        (("age,income", "income,age"), "the columns have a different order, from 'income' on"),
    ],
)
def test_files_with_different_columns_are_refused(project, capsys, change, sentence):
    """With the file, and what differs."""
    parts(project)
    file = project / "data/part-1.csv"
    file.write_text(file.read_text().replace(*change))
    found = failed(capsys, "data", "add", "parts", "data/part-*.csv", *FACTS)

    assert f"data/part-1.csv: {sentence}, compared with data/part-0.csv" in found


def test_a_pattern_that_matches_nothing_is_refused(project, capsys):
    """Before anything is read."""
    found = failed(capsys, "data", "add", "parts", "data/prt-*.csv", *FACTS)

    assert "prt-*.csv: no file matches the pattern" in found


def test_a_file_elsewhere_is_declared_without_its_path(project, capsys):
    """The registry has name and hash; where it is, only this machine knows."""
    elsewhere = project.parent / "shared"
    elsewhere.mkdir()
    people().to_csv(elsewhere / "claims.csv", index=False)
    assert "--outside" in failed(capsys, "data", "add", "claims", "../shared/claims.csv", *FACTS)
    entry, table = added(project, "claims", "../shared/claims.csv", "--outside")

    assert table.content == content(project)
    assert entry.source.model_dump() == {"kind": "outside", "name": "claims.csv", "format": "csv"}
    assert "shared" not in (project / "configs/datasets.yaml").read_text()
    assert (project / "data/cache/.gitignore").read_text() == "*\n"
    locations = json.loads((project / "data/cache/locations.json").read_text())
    assert locations["locations"] == {"claims.csv": str((elsewhere / "claims.csv").resolve())}


def test_a_different_machine_says_where_it_has_the_file(project, capsys):
    """The command is in the error, and hashes the file before it believes it."""
    file = project.parent / "claims.csv"
    people().to_csv(file, index=False)
    added(project, "claims", str(file), "--outside")
    (project / "data/cache/locations.json").unlink()
    moved = file.rename(project.parent / "moved.csv")
    wrong = project.parent / "wrong.csv"
    wrong.write_text("a\n1\n")
    entry = registry(project)["claims"]
    with pytest.raises(PreconditionError) as caught:
        load_entry(project, entry, None)

    assert "repro data locate NAME FILE" in caught.value.advice
    assert "expected sha256" in failed(capsys, "data", "locate", "claims", str(wrong))
    assert "'plain' is a file" in failed(capsys, "data", "locate", "plain", str(moved))
    assert run(["data", "locate", "claims", str(moved)]) == 0
    assert load_entry(project, entry, None).content == content(project)


def database(project, frame: pd.DataFrame | None = None) -> None:
    connection = sqlite3.connect(project / "data/shop.db")
    (people() if frame is None else frame).to_sql("people", connection, index=False)
    connection.close()


def test_the_answer_to_a_query_is_kept_and_digested(project, capsys):
    """Training reads the file alone; the query and the database are on record."""
    database(project)
    capsys.readouterr()
    query = ("--query", "SELECT age, income, city, bad FROM people")
    entry, table = added(project, "shop", "--sql", "sqlite:///data/shop.db", *query)
    out = capsys.readouterr().out
    (project / "data/shop.db").unlink()

    assert table.content == content(project) == content(project, "shop")
    assert (entry.source.url, entry.source.query) == ("sqlite:///data/shop.db", query[1])
    assert entry.source.path == f"data/shop-{entry.sha256[:8]}.csv"
    assert "# the query has no ORDER BY" in out


def test_a_query_is_asked_again_into_a_new_file(project):
    """The old answer stays where it was."""
    database(project)
    words = ("--sql", "sqlite:///data/shop.db", "--query", "SELECT * FROM people ORDER BY income")
    before, _ = added(project, "shop", *words)
    connection = sqlite3.connect(project / "data/shop.db")
    with connection:
        connection.execute("UPDATE people SET age = age + 1")
    connection.close()
    assert run(["data", "add", "shop", "--replace", *words]) == 0
    after = registry(project)["shop"]

    assert before.sha256 != after.sha256
    for entry in (before, after):
        file = project / entry.source.path
        assert hashlib.sha256(file.read_bytes()).hexdigest() == entry.sha256


def test_an_answer_that_cannot_be_registered_leaves_no_file(project, capsys):
    """Unless it was one before: a file with the same content is not its own."""
    database(project)
    words = ("--sql", "sqlite:///data/shop.db", "--query", "SELECT age, bad FROM people")
    before = sorted(path.name for path in (project / "data").iterdir())
    failed(capsys, "data", "add", "shop", *words, *FACTS, "--target", "gone")

    assert before == sorted(path.name for path in (project / "data").iterdir())
    entry, _ = added(project, "shop", *words)
    failed(capsys, "data", "add", "again", entry.source.path, *words, *FACTS, "--target", "gone")
    assert (project / entry.source.path).is_file()


def test_text_that_looks_like_numbers_of_a_different_country_is_kept(project):
    """An answer is written by repro, in the standard dialect, so that nothing is guessed."""
    database(project, people().assign(city=["1,5", "2,5", "3,5"] * 8))
    words = ("--sql", "sqlite:///data/shop.db", "--query", "SELECT * FROM people ORDER BY income")
    entry, table = added(project, "shop", *words)

    assert entry.source.dialect is None
    assert set(table.features["city"]) == {"1,5", "2,5", "3,5"}


def test_null_and_an_empty_text_stay_apart(project):
    """NULL gets a text that no cell is."""
    database(project, people().assign(city=[None, "", "NULL", *["Rome"] * 21]))
    snapshot = take_snapshot(project, Query("sqlite:///data/shop.db", "SELECT city FROM people"))

    assert snapshot.missing == ("<NULL>",)
    assert snapshot.content.decode().splitlines()[:4] == ["city", "<NULL>", '""', "NULL"]


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM people RETURNING age", "DROP TABLE people", "UPDATE people SET age=1"],
)
def test_a_query_changes_nothing(project, statement):
    """The database is opened to be read."""
    database(project)
    before = (project / "data/shop.db").read_bytes()
    with pytest.raises((PreconditionError, ConfigError)):
        take_snapshot(project, Query("sqlite:///data/shop.db", statement))

    assert before == (project / "data/shop.db").read_bytes()


@pytest.mark.parametrize(
    ("url", "query", "sentence"),
    [
        ("sqlite:///data/gone.db", "SELECT 1", "sqlite:///data/gone.db: no such file"),
        ("sqlite:///data/shop.db", "SELECT gone FROM people", "no such column: gone"),
        ("sqlite:///data/shop.db", "SELECT age FROM people WHERE age > 99", "returns no rows"),
        ("sqlite:///data/shop.db", "SELECT age, age FROM people", "'age', 'age'"),
        ("sqlite:///data/shop.db", "SELECT x'00' AS b", "returns bytes values in the column 'b'"),
        (f"no url {SECRET}", "SELECT 1", "--sql: not the URL of a database"),
        (f"postgresql+nothing://me:{SECRET}@localhost/x", "SELECT 1", ""),
        (f"postgresql://me:{SECRET}@127.0.0.1:9/x?sslpassword={SECRET}", "SELECT 1", ""),
    ],
)
def test_a_query_that_fails_says_why_and_no_secret(project, capsys, url, query, sentence):
    """Neither a message nor a file has the password."""
    database(project)
    found = failed(capsys, "data", "add", "shop", "--sql", url, "--query", query, *FACTS)

    assert sentence in found
    assert SECRET not in found
    texts = (path for path in project.rglob("*") if path.is_file())
    assert not [path for path in texts if SECRET.encode() in path.read_bytes()]


def test_the_url_may_come_from_the_environment(project, monkeypatch):
    """Where no other user of the machine sees it, and no user or folder is written down."""
    database(project)
    monkeypatch.setenv("REPRO_SQL", f"sqlite:///{project / 'data/shop.db'}")
    entry, _ = added(project, "shop", "--query", "SELECT * FROM people ORDER BY income")

    assert entry.source.url == "sqlite:///data/shop.db"


def test_sqlalchemy_that_is_missing_is_named_with_its_extra(project, capsys, monkeypatch):
    """As every extra is."""
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    words = ("--sql", "sqlite:///data/shop.db", "--query", "SELECT 1")
    found = failed(capsys, "data", "add", "shop", *words, *FACTS)

    assert "needs SQLAlchemy, which is not installed" in found
    assert "pip install -e '.[sql]'" in found
