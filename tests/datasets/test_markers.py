"""Markers of missing values by column: guessed among numbers, declared, and kept as categories."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from repro.core.errors import ConfigError, DataError
from repro.datasets.adding import append_entry
from repro.datasets.drafting import Given, Proposal, draft_entry
from repro.datasets.loading import load_entry
from repro.datasets.registry import registry
from repro.tables.declared import DeclaredTable

TOKENS = ("NA", "?", "-", "n/a", ".", "")
COUNTRIES = ("NA", "DE", "AT", "ZA")


def cars() -> str:
    """408 rows with six markers among the numbers, and Namibia among the countries."""
    rows = ["mpg,horsepower,weight,origin,country,slow"]
    for i in range(408):
        power = TOKENS[i // 20 % 6] if i % 20 == 7 else str(90 + i % 37)
        weight = "?" if i % 101 == 3 else f"{1.5 + i / 100:.2f}"
        rows.append(
            f"{9 + i % 31}.5,{power},{weight},{'usa' if i % 3 else 'japan'},"
            f"{COUNTRIES[i % 4]},{'yes' if i % 2 else 'no'}"
        )
    return "\n".join(rows) + "\n"


def drafted(bench, content: str, given: Given | None = None, missing: tuple[str, ...] = ()):
    bench.write(content, "data/cars.csv")
    bench.write("schema: repro.datasets/v1\ndatasets: {}\n", "configs/datasets.yaml")
    proposal = Proposal(
        name="cars",
        path=Path("data/cars.csv"),
        target="slow",
        positive="yes",
        missing=missing,
        licence="MIT",
        origin="made up",
        description="",
        given=given or Given(),
    )
    text = draft_entry(bench.path, proposal)
    entry = append_entry(bench.path, text)["cars"]
    return text, entry, load_entry(bench.path, entry, None)


def test_markers_among_numbers_are_guessed_and_namibia_stays(bench):
    """Roles are right, values are those of pandas by the same markers, and a category is kept."""
    text, entry, table = drafted(bench, cars())
    expected = pd.read_csv(
        io.StringIO(cars()),
        na_values={"horsepower": list(TOKENS), "weight": ["?"]},
        keep_default_na=False,
    )

    assert entry.columns.numeric == ("mpg", "horsepower", "weight")
    assert entry.columns.categorical == ("origin", "country")
    assert expected["horsepower"].isna().sum() == table.features["horsepower"].isna().sum() > 15
    for name in ("mpg", "horsepower", "weight"):
        assert expected[name].equals(table.features[name])
    assert expected["country"].tolist() == table.features["country"].tolist()
    assert (
        "# guessed missing '-' and '.' and '?' and 'NA' and 'n/a' in 'horsepower': everything else"
        " is a number" in text
    )
    assert "# 'country' has 'NA' in 102 rows: kept as a category" in text
    assert "repro data add cars --replace --missing-in country NA" in text


def test_a_marker_of_one_column_is_text_in_the_next(bench):
    """A name wins over a pattern, which is for all that have no name of their own."""
    content = "a,b,slow\nNA,NA,yes\nx,y,no\n,,yes\n"
    _, _, table = drafted(bench, content, Given(markers={"a": ("NA", "")}), ("",))

    assert table.features["a"].isna().tolist() == [True, False, True]
    assert table.features["b"].fillna("(missing)").tolist() == ["NA", "y", "(missing)"]


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("{incme: [NA]}", "no column 'incme' (missing); did you mean 'income'?"),
        ("{z*: [NA]}", "no column 'z*' (missing); known: country, income, slow"),
    ],
)
def test_markers_of_a_column_that_does_not_exist_are_refused(bench, missing, sentence):
    """With the column that is meant."""
    content = "income,country,slow\n1,NA,yes\n2,DE,no\n"
    text, _, _ = drafted(bench, content)
    changed = text.replace("missing: []", f"missing: {missing}")
    bench.write(f"schema: repro.datasets/v1\ndatasets:\n{changed}", "configs/datasets.yaml")
    with pytest.raises(DataError) as caught:
        load_entry(bench.path, registry(bench.path)["cars"], None)

    assert sentence in caught.value.message


@pytest.mark.parametrize("missing", ["NA", "{income: NA}", "[1]"])
def test_markers_are_lists_of_text(bench, missing):
    """One error, with the line and what was found."""
    text, _, _ = drafted(bench, "income,country,slow\n1,NA,yes\n2,DE,no\n")
    changed = text.replace("missing: []", f"missing: {missing}")
    bench.write(f"schema: repro.datasets/v1\ndatasets:\n{changed}", "configs/datasets.yaml")
    with pytest.raises(ConfigError) as caught:
        registry(bench.path)

    assert len(caught.value.message.splitlines()) == 1
    assert "configs/datasets.yaml:" in caught.value.message
    assert "cars.missing" in caught.value.message or "missing" in caught.value.message


def test_a_saved_pipeline_reads_a_frame_by_the_markers_of_each_column():
    """As the reader of the file does."""
    frame = pd.DataFrame({"income": ["1", "?", "3"], "country": ["NA", "?", "DE"]})
    missing = {"income": ["?"], "country": []}
    table = DeclaredTable(["income"], ["country"], missing, []).fit(frame)
    actual = table.transform(frame)

    assert actual["income"].isna().tolist() == [False, True, False]
    assert actual["country"].tolist() == ["NA", "?", "DE"]


@pytest.mark.parametrize(
    ("option", "expected"),
    [("numeric", ("numeric", [1.0, 2.0])), ("ignored", ("ignored", None))],
)
def test_a_role_that_is_given_is_not_guessed(bench, option, expected):
    """An identifier is a feature for whoever says so."""
    content = "customer_id,x,slow\n1,5,yes\n2,6,no\n"
    _, entry, table = drafted(bench, content, Given(roles={"customer_id": option}))

    role, values = expected
    assert "customer_id" in getattr(entry.columns, role)
    if values:
        assert table.features["customer_id"].tolist() == values


@pytest.mark.parametrize(
    ("name", "cells", "reason"),
    [
        ("id", [7, 3, 9, 1], "an identifier by its name, a different whole number in every row"),
        ("orderId", ["a", "b", "c", "d"], "an identifier by its name, different in every row"),
        ("Kundennummer", [9, 8, 7, 5], "an identifier by its name, a different whole number"),
        (
            "key",
            [f"00000000-0000-4000-8000-00000000000{i}" for i in range(4)],
            "an identifier, a different UUID in every row",
        ),
        ("when", ["2024-01-0" + str(i) for i in (1, 1, 2, 3)], "dates, as in '2024-01-01'"),
        ("when", ["31.12.2024", "1.2.2024", "2.2.2024", "2.2.2024"], "dates, as in '1.2.2024'"),
        ("when", ["12/31/2024", "1/2/2024", "2/2/2024", "2/2/2024"], "dates, as in '1/2/2024'"),
        ("n", range(1, 41), "it counts the rows"),
    ],
)
def test_identifiers_and_dates_are_ignored_with_the_reason(bench, name, cells, reason):
    """And with the command that makes a feature of them."""
    rows = "".join(f"{c},{i % 3},{'yes' if i % 2 else 'no'}\n" for i, c in enumerate(cells))
    text, entry, _ = drafted(bench, f"{name},x,slow\n{rows}")

    assert entry.columns.ignored == (name,)
    assert f"# '{name}' is ignored: {reason}" in text
    role = "numeric" if isinstance(next(iter(cells)), int) else "categorical"
    assert f"to use it: repro data add cars --replace --{role} {name}" in text


def test_a_gap_in_a_target_of_numbers_is_refused_with_its_place(bench):
    """It would make classes of measurements."""
    bench.write("x,price\n1,1.5\n2,NA\n3,2.5\n", "data/cars.csv")
    proposal = Proposal("cars", Path("data/cars.csv"), "price", None, (), "MIT", "made up", "")
    with pytest.raises(DataError) as caught:
        draft_entry(bench.path, proposal)

    assert caught.value.message == (
        "data/cars.csv: target 'price': 1 value is missing, first in line 3"
    )


@pytest.mark.parametrize(
    ("cells", "sign"),
    [
        ("12.5%,3%,NA,7%", "%"),
        ('"$1,234.50",$3,-$4,$ 5', "$"),
        ('"12,50 €",-3 €,4 €,5€', "€"),
        ("USD 5,USD 6,USD 7,USD 8", "USD"),
    ],
)
def test_numbers_with_a_sign_are_named(bench, cells, sign):
    """As a feature and as the target; what to do is said, since no declaration reads them."""
    (row,) = csv.reader([cells])
    table = pd.DataFrame({"x": range(20), "price": row * 5, "slow": ["yes", "no"] * 10})
    text, entry, _ = drafted(bench, table.to_csv(index=False))

    assert entry.columns.categorical == ("price",)
    assert f"# 'price' has numbers with '{sign}', such as '{min(set(row) - {'NA'})}'" in text
    assert "write the numbers alone into the file to make them numeric" in text
    assert "consider ignoring" not in text
    proposal = Proposal("cars", Path("data/cars.csv"), "price", None, ("NA",), "", "", "")
    if "NA" not in row:
        assert f"# the target has numbers with '{sign}'" in draft_entry(bench.path, proposal)


@pytest.mark.parametrize("cells", [["5", "6%"], ["$5", "€6"], ["a%", "3%"], ["12%3", "1%"]])
def test_other_texts_are_no_numbers_with_a_sign(bench, cells):
    """Two signs, or cells without one, are categories as any."""
    table = pd.DataFrame({"x": range(20), "price": cells * 10, "slow": ["yes", "no"] * 10})

    assert "numbers with" not in drafted(bench, table.to_csv(index=False))[0]


def test_whole_numbers_that_are_all_different_are_pointed_out(bench):
    """They may be accounts, or measurements: a person decides."""
    rows = "".join(f"{i * 7919 % 10007},{i % 3},{'yes' if i % 2 else 'no'}\n" for i in range(120))
    text, entry, _ = drafted(bench, f"konto,x,slow\n{rows}")

    assert entry.columns.numeric == ("konto", "x")
    assert "# 'konto' has a different whole number in every row: consider ignoring it" in text
    assert "to do so: repro data add cars --replace --ignore konto" in text


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("id", [1, 1, 2, 3]),
        ("income", [7, 3, 9, 1]),
        ("year", range(1980, 2020)),
        ("humid", ["a", "b", "a", "b"]),
        ("when", ["2024-01-01", "2024-02-31", "2024-01-01", "x"]),
        ("grade", ["1.5.", "2.5.", "1.5.", "3.5."]),
    ],
)
def test_columns_that_only_resemble_them_are_features(bench, name, cells):
    """A number that repeats names no row, and a day that no calendar has is no date."""
    rows = "".join(f"{c},{i % 3},{'yes' if i % 2 else 'no'}\n" for i, c in enumerate(cells))
    _, entry, _ = drafted(bench, f"{name},x,slow\n{rows}")

    assert entry.columns.ignored == ()
