"""PyTorch in the CPU matrix: what is refused, and when a level holds."""

import subprocess
import sys

import pytest
from tests.conftest import ROOT

from repro.core.errors import PreconditionError
from tools.cpu_bench.networks import Cell, check_torch, classes_of, is_below, problem_of

OLD, NEW = {"mlp": ("1f", "2e")}, {"mlp": ("1f", "3d")}


def matrix(*words):
    return subprocess.run(
        [sys.executable, "-m", "tools.cpu_matrix", "--torch", *words], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_without_pytorch_it_is_refused_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr("tools.cpu_bench.networks.find_spec", lambda _name: None)

    with pytest.raises(PreconditionError, match="PyTorch is not installed for") as caught:
        check_torch()

    assert "make cpu-matrix VENV=build/scripts ARGS=--torch" in str(caught.value.advice)
    assert caught.value.exit_code == 3


def test_options_of_experiments_are_refused():
    done = matrix("-e", "credit")

    assert done.returncode == 2
    assert "--torch trains no experiment: leave out -e, --json and --known" in done.stderr


def test_a_processor_below_a_level_is_left_out():
    """Its table hides instructions that this machine would still run."""
    assert is_below("sandybridge", "portable")
    assert not any(is_below("sandybridge", level) for level in ("strict", "portable-v2"))
    assert not any(is_below(name, "portable") for name in ("haswell", "zen4", "native"))


@pytest.mark.parametrize(
    ("level", "results", "problem"),
    [
        ("portable", (OLD, OLD), ""),
        ("portable", (OLD, NEW), "level portable does not give one result: haswell; zen4"),
        ("portable", (OLD,), "level portable ran on 1 processor: no comparison"),
        ("strict", (OLD, NEW), ""),
        ("strict", (OLD, OLD), "the control shows no difference at the level strict"),
    ],
)
def test_a_portable_level_has_one_class_and_the_control_several(level, results, problem):
    found = {Cell(n, level): each for n, each in zip(("haswell", "zen4"), results, strict=False)}

    assert problem_of(found, level).startswith(problem)
    assert bool(problem_of(found, level)) == bool(problem)
    assert len(classes_of(found, level)) == len({each["mlp"] for each in results})
