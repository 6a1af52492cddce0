"""A text that means no value is no class of a target until somebody says so."""

from __future__ import annotations

import pytest
from tests.conftest import ROOT

from repro.cli import run
from repro.config.data import Task
from repro.datasets.loading import load_entry
from repro.datasets.registry import registry


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project without data sets."""
    for folder in ("configs/experiments", "data"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "configs/base.yaml").write_bytes((ROOT / "configs/base.yaml").read_bytes())
    registered = tmp_path / "configs/datasets.yaml"
    registered.write_text("schema: repro.datasets/v1\ndatasets: {}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def added(project, capsys, labels, *words):
    rows = "".join(f"{20 + i % 7},{label}\n" for i, label in enumerate(labels * 10))
    (project / "data/t.csv").write_text("age,y\n" + rows)
    status = run(["data", "add", "t", "data/t.csv", "--target", "y", "--licence", "MIT",
                  "--origin", "made up", *words])  # fmt: skip
    return status, capsys.readouterr().err


@pytest.mark.parametrize("mark", ["NA", "NaN", "N/A", "null", "?"])
@pytest.mark.parametrize("words", [(), ("--positive", "yes")])
def test_a_label_that_means_no_value_is_refused_with_both_ways(project, capsys, mark, words):
    """It says how many rows, and where the first is: the third row is on line 4."""
    status, err = added(project, capsys, ["yes", "no", mark], *words)

    assert 3 == status
    assert f"data/t.csv: target 'y': 10 rows with '{mark}', first in line 4" in err
    assert "remove these rows" in err
    assert "--missing-in y ''" in err
    assert registry(project) == {}


def test_a_class_of_its_own_is_declared(project, capsys):
    """By the option that the message names, and training has three classes."""
    assert added(project, capsys, ["yes", "no", "NA"], "--missing-in", "y", "")[0] == 0
    entry = registry(project)["t"]
    table = load_entry(project, entry, Task.MULTICLASS)

    assert {"y": ("",)} == entry.missing
    assert ["NA", "no", "yes"] == sorted(set(table.target))


@pytest.mark.parametrize("mark", ["", "NA", "NaN", "?"])
@pytest.mark.parametrize("labels", [["1.5", "2.5", "7"], ["0", "1", "2"]])
def test_a_gap_among_numbers_is_missing(project, capsys, labels, mark):
    """As it is in a feature."""
    status, err = added(project, capsys, [*labels, mark], "--missing", "")

    assert 3 == status
    assert "target 'y': 10 values are missing, first in line 5" in err


@pytest.mark.parametrize("label", ["none", "unknown", "-"])
def test_a_word_that_may_be_a_class_is_one(project, capsys, label):
    """Nothing is asked."""
    assert added(project, capsys, ["yes", "no", label])[0] == 0
