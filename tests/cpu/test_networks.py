"""PyTorch in the CPU matrix: what is refused, and when a level holds."""

import subprocess
import sys
from importlib.util import find_spec

import pytest
from tests.conftest import ROOT

from tools.cpu_bench.networks import Cell, classes_of, is_below, problem_of

OLD, NEW = {"mlp": ("1f", "2e")}, {"mlp": ("1f", "3d")}


def matrix(*words):
    return subprocess.run(
        [sys.executable, "-m", "tools.cpu_matrix", "--torch", *words], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
def test_without_pytorch_it_is_refused_with_the_way_to_get_it():
    done = matrix()

    assert done.returncode == 3
    assert "error: PyTorch is not installed for" in done.stderr
    assert "make cpu-matrix VENV=build/scripts ARGS=--torch" in done.stderr


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
