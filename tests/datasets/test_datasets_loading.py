"""Loading: the hash first, then a table that can be trained on, or the reason why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from repro.config.data import Task
from repro.core.errors import ConfigError, DataError, PreconditionError
from repro.datasets.hashing import HashMismatchError
from repro.datasets.loading import hash_source, load, read_new_rows
from repro.datasets.sources import interface


def test_another_hash_is_refused_before_anything_is_parsed(bench, people, monkeypatch):
    """The message has the file, both hashes and the command that prints the new one."""
    bench.write(people)
    declared = bench.declare()
    bench.write(people + "4,1,Rome,no\n")
    found = bench.declare().sha256
    monkeypatch.setattr(interface, "open_table", lambda *_: pytest.fail("parsed too early"))
    with pytest.raises(HashMismatchError) as caught:
        load(bench.path, declared, Task.BINARY)

    assert (
        f"data/people.csv: expected sha256 {declared.sha256}, found {found}" == caught.value.message
    )
    assert "`repro data hash NAME`" in caught.value.advice


def test_the_bytes_that_were_checked_are_the_bytes_that_are_parsed(bench, people, monkeypatch):
    """A file that changes after it was read changes nothing."""
    file = bench.write(people)
    declared, expected = bench.declare(), bench.load(people).content
    read_bytes = Path.read_bytes

    def read_then_change(path: Path) -> bytes:
        content = read_bytes(path)
        file.write_bytes(b"other")
        return content

    monkeypatch.setattr(Path, "read_bytes", read_then_change)
    actual = load(bench.path, declared, Task.BINARY).content

    assert expected == actual


def test_a_missing_file_is_a_precondition_with_a_suggestion(bench, people):
    """The nearest file in the folder is offered."""
    bench.write(people, "data/peoples.csv")
    with pytest.raises(PreconditionError) as caught:
        load(bench.path, bench.declare(), Task.BINARY)

    assert caught.value.message == "data/people.csv: no such file"
    assert caught.value.advice.endswith("did you mean 'peoples.csv'?")


def test_a_folder_is_not_a_file(bench):
    """What cannot be read is named with the reason."""
    (bench.path / "data/people.csv").mkdir(parents=True)
    with pytest.raises(PreconditionError, match=r"data/people\.csv: cannot be read: "):
        load(bench.path, bench.declare(), Task.BINARY)


@pytest.mark.parametrize("path", ["../people.csv", "/people.csv", "data/../../people.csv"])
def test_a_path_outside_the_project_is_refused(bench, path):
    """A project that is handed over cannot name what lies elsewhere."""
    with pytest.raises(ConfigError, match="lies outside the project"):
        load(bench.path, bench.declare(path), Task.BINARY)


@pytest.mark.parametrize(
    ("text", "task", "sentence"),
    [
        ("yes,yes", Task.BINARY, "target 'bad': only one class, 'yes'"),
        ("a,a", Task.MULTICLASS, "target 'bad': only one class, 'a'"),
        ("yes,no,maybe", Task.BINARY, "has two labels, found 3: 'maybe', 'no', 'yes'"),
        ("Yes,no", Task.BINARY, "the positive label 'yes' is not among 'Yes', 'no'"),
        ("yes,,no,", Task.BINARY, "target 'bad': 2 values are missing, first in line 3"),
        ("1,,2", Task.REGRESSION, "target 'bad': 1 value is missing, first in line 3"),
        ("1,b,2", Task.REGRESSION, "column 'bad': 1 value is not a finite number: 'b' in line 3"),
        ("1,1e999", Task.REGRESSION, "not a finite number: '1e999' in line 3"),
    ],
)
def test_a_target_that_does_not_fit_the_task_is_refused(bench, text, task, sentence):
    """Each sentence names file, target, what was found and where."""
    rows = "".join(f"{i},1,Rome,{label}\n" for i, label in enumerate(text.split(",")))
    with pytest.raises(DataError) as caught:
        bench.load("id,age,city,bad\n" + rows, task)

    assert caught.value.message.startswith("data/people.csv: ")
    assert sentence in caught.value.message
    assert caught.value.advice


def test_a_regression_target_is_float64(bench):
    """Numbers are predicted as numbers."""
    actual = bench.numbers("x,y\n1,0.1\n2,3\n").target

    assert np.array([0.1, 3.0]).tobytes() == actual.tobytes()


def test_labels_that_look_like_numbers_stay_text(bench):
    """``01`` and ``1`` are two labels."""
    table = bench.load("id,age,city,bad\n1,1,a,01\n2,2,b,1\n", positive="01")

    assert table.target.tolist() == ["01", "1"]


@pytest.mark.parametrize(("name", "line"), [("age", "1,,Rome"), ("city", "1,30,")])
def test_a_column_without_any_value_is_refused(bench, name, line):
    """There is nothing to impute from."""
    with pytest.raises(DataError) as caught:
        bench.load(f"id,age,city,bad\n{line},yes\n{line},no\n")

    assert f"data/people.csv: column '{name}' has no value in any row" == caught.value.message
    assert "ignored" in caught.value.advice


def test_hash_source_gives_what_load_expects(bench, people):
    """The printed hash, once declared, loads; content is that of the table."""
    expected = bench.load(people)
    actual = hash_source(bench.path, bench.declare(sha256="0" * 64))

    assert (expected.sha256, expected.content) == (actual.sha256, actual.content)


@pytest.mark.parametrize(
    ("labels", "task"),
    [(("1", "2", "3"), Task.REGRESSION), (("a", "b", "c"), Task.MULTICLASS)],
)
def test_hash_source_takes_the_likely_task(bench, labels, task):
    """Without a positive label, numbers make a regression and text makes classes."""
    rows = "".join(f"{i},1,Rome,{label}\n" for i, label in enumerate(labels))
    expected = bench.load("id,age,city,bad\n" + rows, task, positive=None).content
    actual = hash_source(bench.path, bench.declare(positive=None)).content

    assert expected == actual


def test_new_rows_are_typed_as_the_features_were(bench, people):
    """Later rows without target and hash give the same frame."""
    expected = bench.load(people).features
    file = bench.write("city,age\nRome,31\nOslo,\nRome,58\n", "later.csv")
    actual = read_new_rows(file, bench.declare())

    assert list(actual.columns) == ["city", "age"]
    assert expected.equals(actual[["age", "city"]])
    assert list(expected.dtypes) == list(actual[["age", "city"]].dtypes)


def test_new_rows_may_lack_every_value_of_a_feature(bench):
    """That a column went silent is a finding of drift, not an error."""
    file = bench.write("city,age\nRome,\n", "later.csv")

    assert read_new_rows(file, bench.declare())["age"].isna().all()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("later.csv", "age,bad\n1,yes\n", "no column 'city' (categorical)"),
        ("later.csv", "age,city,extra\n1,Rome,2\n", "no role for 1 column: 'extra'"),
        ("later.csv", "age,city\nold,Rome\n", "column 'age': 1 value is not a finite number"),
        ("later.csv", "age,city\n1\n", "line 2: expected 2 fields, found 1"),
        ("later.sav", "", "not a known format"),
    ],
)
def test_new_rows_are_read_as_strictly(bench, name, content, sentence):
    """The same refusals, with the same places."""
    file = bench.write(content, name)
    with pytest.raises((DataError, ConfigError)) as caught:
        read_new_rows(file, bench.declare())

    assert sentence in caught.value.message
    assert name in caught.value.message
    assert caught.value.advice
