"""Adding and verifying declarations."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.config.yaml import read_leaves
from repro.core.errors import ConfigError, DataError
from repro.datasets.adding import append_entry
from repro.datasets.drafting import Proposal, draft_entry
from repro.datasets.entry_text import _scalar
from repro.datasets.loading import load_entry
from repro.datasets.registry import registry
from repro.datasets.verifying import verify_entry

REGISTRY = """# Kept.
schema: repro.datasets/v1
datasets:
  # Kept too.
  iris:
    description: Flowers.  # and this
    source: {kind: sklearn, name: iris}
    sha256: "0000000000000000000000000000000000000000000000000000000000000000"
    target: target
    positive: null
    columns: {numeric: ["*"], categorical: [], ignored: []}
    missing: []
    licence: CC BY 4.0
    origin: UCI"""


@pytest.fixture
def listed(bench):
    """The registry file of a project."""
    return bench.write(REGISTRY, "configs/datasets.yaml")


def proposal(**changes: object) -> Proposal:
    values = {
        "name": "people",
        "path": Path("data/people.csv"),
        "target": "bad",
        "positive": "yes",
        "missing": ("",),
        "licence": "MIT",
        "origin": "made up",
        "description": "People: some of them",
    }
    return Proposal(**(values | changes))


def test_a_drafted_entry_loads_as_it_is(bench, people, listed):
    """What was drafted and appended is in the registry, and its table can be trained on."""
    bench.write(people)
    entries = append_entry(bench.path, draft_entry(bench.path, proposal()))

    assert list(entries) == ["iris", "people"]
    entry = entries["people"]
    assert hashlib.sha256(people.encode()).hexdigest() == entry.sha256
    assert (
        entry.columns.numeric,
        entry.columns.categorical,
        entry.columns.ignored,
    ) == (("age",), ("city",), ("id",))
    assert entry.description == "People: some of them"
    assert load_entry(bench.path, entry, None).rows == 3


def test_appending_keeps_every_byte_before(bench, people, listed):
    """Comments, order and layout stay; the missing final newline is added."""
    bench.write(people)
    text = draft_entry(bench.path, proposal())
    append_entry(bench.path, text)

    assert REGISTRY + "\n" + text == listed.read_text()
    assert [path.name for path in listed.parent.iterdir()] == ["datasets.yaml"]


def test_the_first_entry_of_an_empty_registry(bench, people):
    """An empty mapping makes room for the first entry."""
    bench.write("schema: repro.datasets/v1\ndatasets: {}\n", "configs/datasets.yaml")
    bench.write(people)

    assert list(append_entry(bench.path, draft_entry(bench.path, proposal()))) == ["people"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("  iris:\n    description: again\n", "missing key"),
        (REGISTRY.partition("  # Kept too.\n")[2], "the data set 'iris' exists"),
        ("  new: {}\n", "missing key"),
        ("nonsense: [\n", "not valid YAML"),
    ],
)
def test_a_refused_entry_leaves_the_registry_as_it_was(bench, listed, text, sentence):
    """Nothing is written until everything is valid."""
    with pytest.raises(ConfigError, match=sentence):
        append_entry(bench.path, text)

    assert listed.read_text() == REGISTRY
    assert [path.name for path in listed.parent.iterdir()] == ["datasets.yaml"]


def test_a_registry_that_cannot_be_appended_to_stays_as_it_was(bench, people):
    """A layout that the text does not fit is told, with a way out."""
    indented = REGISTRY.replace("\n  ", "\n    ")
    file = bench.write(indented, "configs/datasets.yaml")
    bench.write(people)
    with pytest.raises(ConfigError) as caught:
        append_entry(bench.path, draft_entry(bench.path, proposal()))

    assert caught.value.message.startswith("configs/datasets.yaml: the entry cannot be appended")
    assert "paste the entry by hand" in caught.value.advice
    assert indented == file.read_text()


def test_a_killed_writer_leaves_the_old_registry(bench, people, listed, monkeypatch):
    """The new file is put in place in one step, or not at all."""
    bench.write(people)
    text = draft_entry(bench.path, proposal())

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        append_entry(bench.path, text)

    assert listed.read_text() == REGISTRY


@pytest.mark.parametrize("name", ["", "People", "1st", "a-b", "a b", "été", "a\n"])
def test_a_name_is_lower_case_letters_digits_and_underscores(bench, people, name):
    """Names go into file names and flags."""
    bench.write(people)
    with pytest.raises(ConfigError, match="is not a name for a data set"):
        draft_entry(bench.path, proposal(name=name))


def test_a_file_outside_the_project_is_refused(bench, people, tmp_path_factory):
    """The advice says to copy it, or how it may stay."""
    outside = tmp_path_factory.mktemp("outside") / "people.csv"
    outside.write_text(people)
    with pytest.raises(ConfigError) as caught:
        draft_entry(bench.path, proposal(path=outside))

    assert caught.value.message == "people.csv: lies outside the project"
    assert caught.value.advice == (
        "copy it into data/ first, or declare that it stays outside: --outside"
    )


def test_an_absolute_path_inside_the_project_becomes_relative(bench, people):
    """The registry names no machine's folders."""
    file = bench.write(people)

    assert "path: data/people.csv," in draft_entry(bench.path, proposal(path=file))


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"target": "badd"}, DataError, "no target column 'badd'"),
        ({"positive": "y"}, DataError, "the positive label 'y' is not among"),
        ({"path": Path("data/people.sav")}, ConfigError, "not a known format"),
    ],
)
def test_a_draft_that_would_not_load_is_refused(bench, people, changes, error, sentence):
    """A declaration is only written once its table was read by it."""
    bench.write(people)
    with pytest.raises(error, match=sentence):
        draft_entry(bench.path, proposal(**changes))


def test_doubts_about_a_column_are_comments(bench):
    """A person is told what the guess may have got wrong."""
    rows = "".join(
        f"p{i},{i if i % 2 else 'NA'},same,,{'ab'[i % 2]},{'yes' if i else 'no'}\n"
        for i in range(6)
    )
    bench.write("key,income,constant,empty,kind,bad\n" + rows)
    text = draft_entry(bench.path, proposal())

    change = "repro data add people --replace"
    assert [line for line in text.splitlines() if "#" in line] == [
        "    # guessed missing 'NA' in 'income': everything else is a number",
        "    # 'key' is different in every row: consider ignoring it",
        f"    #   to do so: {change} --ignore key",
        "    # 'constant' never varies: consider ignoring it",
        f"    #   to do so: {change} --ignore constant",
        "    # 'empty' is ignored: no value in any row",
    ]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_reads_back_from_the_draft(text):
    """Names of columns such as ``no``, ``1`` or ``a: b`` stay text, in lists and alone."""
    written = f"alone: {_scalar(text)}\nlist: [{_scalar(text)}, {_scalar(text)}]\n"
    leaves = read_leaves(written, "draft")

    assert text == leaves[("alone",)].value
    assert [text, text] == leaves[("list",)].value


@pytest.mark.parametrize("text", ["no", "null", "True", "1", "1e5", "~", "", "- a", "a #b", "x: y"])
def test_text_that_yaml_could_misread_reads_back(text):
    """The words and numbers of YAML are quoted."""
    assert text == read_leaves(f"a: {_scalar(text)}\n", "draft")[("a",)].value


def test_a_wide_table_is_listed_line_by_line(bench, listed):
    """Long lists read back as they are."""
    names = [f"a column with a long name {i}" for i in range(30)]
    values = ",".join(map(str, range(30)))
    bench.write(",".join([*names, "bad"]) + f"\n{values},yes\n{values},no\n")
    text = draft_entry(bench.path, proposal())
    entry = append_entry(bench.path, text)["people"]

    assert tuple(names) == entry.columns.numeric
    assert max(map(len, text.splitlines())) <= 100


def outcomes(bench, entry) -> dict[str, str]:
    return {check.name: check.outcome for check in verify_entry(bench.path, "people", entry)}


def test_a_declaration_that_holds(bench, people):
    """Every check says what it found."""
    bench.write(people)
    checks = verify_entry(bench.path, "people", bench.declare())

    assert [
        ("people", "available", "holds", "data/people.csv"),
        ("people", "sha256", "holds", bench.declare().sha256),
        ("people", "readable", "holds", "1 numeric and 1 categorical features"),
        ("people", "rows", "holds", "3"),
    ] == [(c.dataset, c.name, c.outcome, c.text) for c in checks]


@pytest.mark.parametrize(
    ("content", "changes", "expected"),
    [
        (None, {}, ["fails", "skipped", "skipped", "skipped"]),
        ("id,age,city,bad\n", {"sha256": "0" * 64}, ["holds", "fails", "skipped", "skipped"]),
        ("id,age,city,bad\n", {}, ["holds", "holds", "fails", "skipped"]),
    ],
)
def test_what_does_not_hold_is_a_value(bench, content, changes, expected):
    """A mismatch is an answer; what could not be asked is skipped, and is no pass."""
    if content is not None:
        bench.write(content)

    assert expected == list(outcomes(bench, bench.declare(**changes)).values())


def test_a_missing_package_leaves_the_question_open(bench, monkeypatch):
    """Without the package nothing was found, good or bad."""
    bench.write(b"PAR1", "data/people.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    checks = verify_entry(bench.path, "people", bench.declare("data/people.parquet"))

    assert [check.outcome for check in checks] == ["holds", "holds", "skipped", "skipped"]
    assert "pip install -e '.[parquet]', in the project's environment" in checks[2].text


def test_the_hash_of_data_without_bytes_is_verified_after_reading(bench, listed):
    """A wrong hash fails even where the table reads well."""
    entry = registry(bench.path)["iris"]

    assert list(outcomes(bench, entry).values()) == ["holds", "fails", "holds", "holds"]
