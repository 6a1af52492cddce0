"""`repro data add --replace` and `--remove`: changes are printed, and no data is touched."""

from __future__ import annotations

import pytest
from tests.conftest import ROOT

from repro.cli import run
from repro.datasets.registry import registry

TABLE = "id,age,zip,city,bad\n" + "".join(
    f"{i},{20 + i % 40},{1000 + i % 3},{'Rome' if i % 2 else 'Oslo'},{'yes' if i % 3 else 'no'}\n"
    for i in range(40)
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with the data set ``people``."""
    for folder in ("configs/experiments", "data"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("configs/base.yaml", "configs/datasets.yaml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "data/people.csv").write_text(TABLE)
    monkeypatch.chdir(tmp_path)
    words = ["--target", "bad", "--positive", "yes", "--licence", "MIT", "--origin", "made up"]
    assert run(["data", "add", "people", "data/people.csv", *words]) == 0
    return tmp_path


def ran(capsys, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = run(["data", "add", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_a_new_file_replaces_the_old_one_and_says_what_changed(project, capsys):
    """Rows, columns and roles; corrected roles stay, and both files are where they were."""
    before = (project / "configs/datasets.yaml").read_text()
    ran(capsys, "people", "--replace", "--categorical", "zip")
    (project / "data/new.csv").write_text(
        "id,age,zip,region,bad\n"
        + "".join(f"{i},{i % 50},{1000 + i % 3},n,{'yes' if i % 3 else 'no'}\n" for i in range(30))
    )
    status, out, _ = ran(capsys, "people", "data/new.csv", "--replace")

    assert 0 == status
    said = out[out.index("replaced 'people'") :].splitlines()[1:]
    assert [line.strip() for line in said] == [
        "file     data/people.csv -> data/new.csv",
        "rows     40 -> 30",
        "columns  -city, +region",
    ]
    entry = registry(project)["people"]
    assert (entry.columns.numeric, entry.columns.categorical) == (("age",), ("zip", "region"))
    assert (entry.columns.ignored, entry.target, entry.positive) == (("id",), "bad", "yes")
    assert (project / "data/people.csv").read_text() == TABLE
    after = (project / "configs/datasets.yaml").read_text()
    assert before[: before.index("  people:")] == after[: after.index("  people:")]


def test_a_hint_is_a_command_that_applies_it(project, capsys):
    """As it was printed."""
    (project / "data/people.csv").write_text(TABLE.replace(",21,", ",unknown age,"))
    _, out, _ = ran(capsys, "people", "--replace", "--categorical", "age")
    hint = next(line for line in out.splitlines() if "--missing-in" in line)
    status, out, _ = ran(capsys, "people", "--replace", "--missing-in", "age", "unknown age")

    assert hint.strip(" #") == (
        "if it means missing: repro data add people --replace --missing-in age 'unknown age'"
    )
    assert status == 0
    status, out, _ = ran(capsys, "people", "--replace", "--numeric", "age")
    assert "  role     age: categorical -> numeric" in out.splitlines()
    assert registry(project)["people"].missing == {"age": ("unknown age",)}


THREE = TABLE.replace(",no\n", ",maybe\n", 4)


def test_a_binary_target_becomes_multiclass_where_the_new_file_has_more_labels(project, capsys):
    """The positive label goes, and the experiment that has the old task is named."""
    experiment = project / "configs/experiments/ages.yaml"
    experiment.write_text("schema: repro.experiment/v1\ndataset: people\ntask: binary\n")
    (project / "data/three.csv").write_text(THREE)
    status, out, err = ran(capsys, "people", "data/three.csv", "--replace")

    assert (0, "") == (status, err)
    assert registry(project)["people"].positive is None
    assert out.splitlines()[-2:] == [
        "  positive yes -> none",
        "  task     binary -> multiclass: correct task and selection.metric in "
        "configs/experiments/ages.yaml",
    ]
    status, _, err = ran(capsys, "people", "data/people.csv", "--replace")
    assert (status, "name the one to detect: --positive LABEL" in err) == (2, True)
    assert ran(capsys, "people", "data/people.csv", "--replace", "--positive", "no")[0] == 0
    assert registry(project)["people"].positive == "no"


def test_a_different_target_has_no_label_of_the_old_one(project, capsys):
    """Two new labels are asked for; numbers have none; a positive label that is named holds."""
    status, _, err = ran(capsys, "people", "--replace", "--target", "city")
    assert (status, "the target 'city' has two labels, Oslo and Rome" in err) == (2, True)
    assert ran(capsys, "people", "--replace", "--target", "age")[0] == 0
    entry = registry(project)["people"]
    assert (entry.target, entry.positive, entry.columns.categorical) == (
        "age", None, ("city", "bad"),
    )  # fmt: skip
    (project / "data/people.csv").write_text(THREE)
    words = ("people", "--replace", "--target", "bad", "--positive", "yes")
    status, _, err = ran(capsys, *words)
    assert (status, "a binary task has two labels, found 3: 'maybe', 'no', 'yes'" in err) == (
        3, True,
    )  # fmt: skip


def test_comments_stay_with_lines_that_stay(project, capsys):
    """Above a line, beside it, of an item and at the end; lost ones are named."""
    file = project / "configs/datasets.yaml"
    head, entry = file.read_text().split("  people:\n")
    entry = (
        entry.replace("target: bad", "target: bad  # as agreed")
        .replace("licence: MIT", "# Ask again in May.\n    licence: MIT # it's #1")
        .replace("categorical: [city]", "categorical:\n        - city  # of birth")
        .replace("numeric: [age, zip]", "numeric: [age, zip]  # years, code")
        .replace("description: ", "description: >  # folded\n      one # two\n    x: ")
        .replace('    x: ""\n', "")
    )
    file.write_text(f"{head}  people:  # ours\n{entry}    # The end.\n\n")
    status, out, err = ran(capsys, "people", "--replace", "--categorical", "zip")

    assert (0, "") == (status, err)
    assert "  comment  its line is gone or different: # years, code" in out.splitlines()
    text = file.read_text()
    assert text.startswith(head)
    assert [line.strip() for line in text[len(head) :].splitlines() if "#" in line] == [
        "people:  # ours",
        'description: "one # two\\n"  # folded',
        "target: bad  # as agreed",
        "# city: of birth",
        "# Ask again in May.",
        "licence: MIT  # it's #1",
        "# The end.",
    ]
    assert registry(project)["people"].description == "one # two\n"
    assert ran(capsys, "people", "--replace")[0] == 0
    assert file.read_text() == text


def test_an_overwritten_file_says_that_its_rows_are_unknown(project, capsys):
    """They cannot be counted any more."""
    (project / "data/people.csv").write_text(TABLE + "99,9,1000,Rome,yes\n")
    status, out, _ = ran(capsys, "people", "--replace")

    assert 0 == status
    assert "  rows     unknown (the file is gone or changed) -> 41" in out.splitlines()


def test_an_entry_in_the_middle_is_replaced_where_it_stands(project, capsys):
    """Comments and entries around it keep every byte."""
    file = project / "configs/datasets.yaml"
    file.write_text(file.read_text() + "\n  # Of the next one.\n  last:\n    description: x\n")
    text = file.read_text()
    credit = text[text.index("  wine:") : text.index("  digits:")]
    last = credit.replace("  wine:", "  last:")
    file.write_text(text[: text.index("  last:")] + last)
    before = file.read_text()
    status, _, err = ran(capsys, "people", "--replace", "--description", "Some people")
    after = file.read_text()

    assert (0, "") == (status, err)
    assert before[: before.index("  people:")] == after[: after.index("  people:")]
    assert before[before.index("\n  # Of the next") :] == after[after.index("\n  # Of the next") :]
    assert registry(project)["people"].description == "Some people"


def test_remove_takes_the_entry_and_leaves_the_file(project, capsys):
    """The registry is the one of before it was added."""
    assert (0, "removed 'people' from configs/datasets.yaml; its file is where it was\n", "") == (
        ran(capsys, "people", "--remove")
    )
    assert (ROOT / "configs/datasets.yaml").read_text() == (
        project / "configs/datasets.yaml"
    ).read_text()
    assert (project / "data/people.csv").read_text() == TABLE


def test_the_last_entry_leaves_an_empty_registry(project, capsys):
    """Which an entry can be added to again."""
    file = project / "configs/datasets.yaml"
    text = file.read_text()
    file.write_text(text[: text.index("  credit:")] + text[text.index("  people:") :])

    assert ran(capsys, "people", "--remove")[0] == 0
    assert registry(project) == {}


def test_remove_refuses_what_an_experiment_uses(project, capsys):
    """It names the experiment."""
    experiment = project / "configs/experiments/ages.yaml"
    experiment.write_text("schema: repro.experiment/v1\ndataset: people\n")
    status, _, err = ran(capsys, "people", "--remove")

    assert 2 == status
    assert "configs/experiments/ages.yaml uses the data set 'people'" in err
    assert "people" in registry(project)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["peple", "--remove"], "did you mean 'people'?"),
        (["peple", "--replace"], "did you mean 'people'?"),
        (["people", "--remove", "--target", "age"], "--remove takes the name"),
        (["people", "--replace", "--ignore", "agee"], "no column 'agee'; did you mean 'age'?"),
        (["people", "--replace", "--numeric", "city"], "are not finite numbers"),
        (["new", "data/people.csv"], "Missing option '--target'"),
        (["new", "--target", "a", "--licence", "b", "--origin", "c"], "Missing argument 'FILE'"),
        (["wine", "--replace"], "is in scikit-learn, which has no file to read again"),
        (["people", "--replace", "--delimiter", ";;"], "--delimiter: delimiter: input should be"),
        (["people", "data/gone.csv", "--replace"], "data/gone.csv: no such file"),
    ],
)
def test_a_mistake_is_named_and_changes_nothing(project, capsys, words, sentence):
    """Before anything is written."""
    before = (project / "configs/datasets.yaml").read_bytes()
    status, out, err = ran(capsys, *words)

    assert status in {1, 2, 3}
    assert sentence in err
    assert "Traceback" not in err + out
    assert before == (project / "configs/datasets.yaml").read_bytes()


def test_a_taken_name_says_how_to_replace_it(project, capsys):
    """Nobody has to look it up."""
    words = ["--target", "bad", "--positive", "yes", "--licence", "MIT", "--origin", "made up"]
    status, _, err = ran(capsys, "people", "data/people.csv", *words)

    assert 2 == status
    assert "the data set 'people' exists" in err
    assert "or: repro data add people --replace" in err
