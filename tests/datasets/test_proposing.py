"""The task that ``data add`` proposes."""

from __future__ import annotations

import hashlib

import pytest
from tests.conftest import ROOT

from repro.cli import run
from repro.config.data import Task
from repro.config.yaml import read_leaves
from repro.datasets.registry import registry


def _table(targets: list[str]) -> str:
    return "x,y\n" + "".join(f"{i}.25,{target}\n" for i, target in enumerate(targets))


FRACTIONS = [f"{i * 0.37:.2f}" for i in range(1, 41)]
CASES = {
    "fractions": (FRACTIONS, None, Task.REGRESSION),
    "one fraction among whole numbers": (["1", "2", "3", "2.5"] * 10, None, Task.REGRESSION),
    "many whole numbers": ([str(i) for i in range(40)], None, Task.REGRESSION),
    "powers of ten": ([f"1e{i % 25}" for i in range(200)], None, Task.REGRESSION),
    "few rows of each number": ([*"123456789"], None, Task.REGRESSION),
    "three digits": (["1", "2", "3"] * 14, None, Task.MULTICLASS),
    "three digits with a point": (["1.0", "2.0", "3.0"] * 14, None, Task.MULTICLASS),
    "text": (["a", "b", "c"] * 14, None, Task.MULTICLASS),
    "two labels": (["yes", "no"] * 20, "yes", Task.BINARY),
}


@pytest.mark.parametrize("case", CASES)
def test_the_proposed_experiment_has_the_task_of_the_target(case, tmp_path, capsys):
    """What is printed is an experiment that reads back, with a metric of that task."""
    targets, positive, expected = CASES[case]
    (tmp_path / "configs").mkdir()
    (tmp_path / "data").mkdir()
    for name in ("configs/base.yaml", "configs/datasets.yaml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    text = _table(targets)
    (tmp_path / "data/t.csv").write_text(text)
    words = ["data", "add", "t", str(tmp_path / "data/t.csv"), "--target", "y", "--licence", "MIT"]
    words += [
        "--origin",
        "made up",
        "--description",
        "one: two # three",
        "--project",
        str(tmp_path),
    ]
    status = run(
        [*words, "--project", str(tmp_path), *(["--positive", positive] if positive else [])]
    )
    printed = capsys.readouterr().out

    assert 0 == status
    assert hashlib.sha256(text.encode()).hexdigest() == registry(tmp_path)["t"].sha256
    tree = read_leaves(printed[printed.index("schema: repro.experiment/v1") :], "proposed")
    assert expected.value == tree["task",].value
    assert "one: two # three" == tree["description",].value
    metrics = {Task.REGRESSION: "rmse", Task.MULTICLASS: "f1_macro", Task.BINARY: "roc_auc"}
    assert metrics[expected] == tree["selection", "metric"].value
