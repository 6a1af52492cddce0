"""Roles and markers that `data add` proposes."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from tests.tables.packing import packed

from repro.core.errors import DataError
from repro.datasets.drafting import Proposal, draft_entry

TARGET = ["yes" if i % 2 else "no" for i in range(12)]


def drafted(bench, missing: tuple[str, ...] = (), form: str = "csv", **columns: list) -> str:
    path = f"data/t.{form}"
    columns["bad"] = TARGET
    if form == "csv":
        rows = zip(*columns.values(), strict=True)
        text = "\n".join(",".join(map(str, row)) for row in (list(columns), *rows)) + "\n"
        bench.write(text, path)
    else:
        bench.write(packed(**columns), path)
    proposal = Proposal("t", Path(path), "bad", "yes", missing, "MIT", "made up", "")
    return draft_entry(bench.path, proposal)


def remarks(text: str) -> list[str]:
    return [line.strip(" #") for line in text.splitlines() if line.strip().startswith("#")]


@pytest.mark.parametrize("mark", ["no answer", "broken"])
def test_an_unknown_mark_is_offered_with_its_command(bench, mark):
    """It may be a category, so a person decides."""
    cells = [mark, *map(str, range(100, 111))]
    text = drafted(bench, x=cells, age=list(range(12)))

    assert remarks(text)[:2] == [
        f"'x' would be numeric if {mark!r} meant missing",
        f"if it means missing: repro data add t --replace --missing-in x {shlex.quote(mark)}",
    ]


@pytest.mark.parametrize("mark", ["", "N/A", " ", "NA", "-", "nan", "missing"])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("numbers", [range(100, 112), [1, 2, 3] * 4])
def test_a_known_mark_in_a_numeric_column_is_guessed(bench, mark, count, numbers):
    """In one cell or several, be every number a different one or not; and the reason is given."""
    cells = [*map(str, numbers)]
    cells[:count] = [mark] * count
    text = drafted(bench, x=cells, age=list(range(12)))

    reason = f"guessed missing {mark!r} in 'x': everything else is a number"
    assert (reason if mark else "guessed missing '': empty cells, as in 'x'") in remarks(text)
    assert "numeric: [x, age]" in text
    assert "numeric: [age, x]" in drafted(bench, (mark,), age=list(range(12)), x=cells)


def test_two_marks_are_guessed_together(bench):
    """Each of them would have to be declared."""
    cells = ["", "N/A", *map(str, range(10))]

    assert remarks(drafted(bench, x=cells, age=list(range(12)))) == [
        "guessed missing '': empty cells, as in 'x'",
        "guessed missing 'N/A' in 'x': everything else is a number",
    ]


def test_a_column_of_words_is_offered_no_mark(bench):
    """Four texts among numbers are categories."""
    cells = ["a", "b", "c", "d"] + ["1", "2"] * 4

    assert remarks(drafted(bench, x=cells, age=list(range(12)))) == []


@pytest.mark.parametrize("code", ["0123", "007", "00501", "01", "000"])
def test_a_column_with_leading_zeros_is_categorical(bench, code):
    """One code is enough, and the remark shows it."""
    text = drafted(bench, zip=[code, *["123", "45"] * 5, "45"], age=list(range(12)))

    assert "categorical: [zip]" in text
    assert remarks(text) == [f"'zip' has leading zeros, as in {code!r}: kept as text"]


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("first", [2**53 + 1, 10**17 + 1, 10**18, 2**62 + 1])
def test_a_column_of_long_numbers_is_text(bench, form, first):
    """It looks like an identifier, and no digit is lost meanwhile."""
    text = drafted(bench, form=form, key=[first + i for i in range(12)], age=list(range(12)))

    assert "categorical: [key]" in text
    assert "'key' is different in every row: consider ignoring it" in remarks(text)
    assert any("too long for a float" in remark for remark in remarks(text))


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_a_column_with_an_infinity_is_refused_by_name(bench, form, value):
    """No role fits it, and a marker may be meant or not: `--missing inf` says so."""
    cells = [value, *(i + 0.5 for i in range(11))]
    with pytest.raises(DataError, match=r"column 'x': 1 value is not a finite number: .*inf"):
        drafted(bench, form=form, x=cells, age=list(range(12)))

    text = drafted(bench, (str(value),), form, x=cells, age=list(range(12)))
    assert "numeric: [x, age]" in text


def test_typed_text_is_no_number_until_a_role_says_so(bench):
    """Digits in a column of text are names."""
    text = drafted(bench, form="parquet", code=["1", "2", "3"] * 4, age=list(range(12)))

    assert "categorical: [code]" in text
