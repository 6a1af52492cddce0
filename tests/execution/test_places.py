"""Places: one door through which every recipe is executed, or refused."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest
from tests.conftest import ROOT

from repro.app.subjects.record_file import parse_record
from repro.config.recorded import parse_config
from repro.core.errors import PreconditionError
from repro.core.record import CommandRecipe, FunctionRecipe
from repro.execution.places import Child, Here, Silent, Skipped, recipe_of
from repro.execution.places.containers import Image, OwnImage
from repro.execution.places.debian import DebianTree
from repro.execution.places.emulation import EmulatedArm
from repro.execution.places.machine import Interpreter, SameMachine
from repro.execution.places.workspace import Workspace
from repro.launch import Level, lacking

RECORD = parse_record((ROOT / "tests/data/record_v2.json").read_bytes(), "record_v2.json")
RECIPES = [
    CommandRecipe(
        kind="command", argv=("touch", "canary"), workdir=".", environ={}, level="portable"
    ),
    FunctionRecipe(kind="function", target="os:abort"),
]
WORKSPACE = Workspace(Path("nowhere"), "one")
MACHINE = (platform.system(), platform.machine())
PYTHON = ("Linux", "x86_64", "3.13")
INSTALLED = [
    SameMachine(WORKSPACE, *PYTHON),
    Interpreter(WORKSPACE, *PYTHON),
    DebianTree(WORKSPACE, "trixie", "3.13", ("python3",), "x86_64"),
    EmulatedArm(WORKSPACE),
    Image(WORKSPACE, "debian:13", "3.13", ("python3",), "x86_64"),
    OwnImage(WORKSPACE, lambda project: ""),
]
OF_THIS = [Here(), Here(shut=True), Child(os.environ), Child.at(Level.STRICT)]
PLACES = [*OF_THIS, *INSTALLED]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.kind)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.title)
def test_nothing_but_an_experiment_is_executed(tmp_path, monkeypatch, place, recipe):
    """It is said beforehand, and refused whoever asks all the same."""
    monkeypatch.chdir(tmp_path)
    assert "only the recipe of an experiment" in place.lacks(tmp_path, recipe).reason
    with pytest.raises(PreconditionError, match=f"this recipe is a {recipe.kind}"):
        place.execute(tmp_path, recipe, Silent())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", INSTALLED, ids=lambda place: place.title)
def test_a_place_that_installs_needs_a_lock(tmp_path, place):
    """Whatever else it needs."""
    assert place.lacks(tmp_path, RECORD.recipe) == Skipped("the project has no requirements.txt")


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (SameMachine(WORKSPACE, "Plan 9", "mips", "3.13"), "the cell is Plan 9 on mips"),
        (Interpreter(WORKSPACE, "Plan 9", "mips", "3.13"), "cannot stand in for a different"),
        (Interpreter(WORKSPACE, *MACHINE, "3.99"), "no Python 3.99 with venv is installed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_place_that_this_machine_lacks_is_skipped_with_the_reason(place, reason):
    assert reason in place.lacks(ROOT, RECORD.recipe).reason


@pytest.mark.parametrize("place", OF_THIS, ids=lambda place: place.title)
def test_an_experiment_lacks_nothing_that_the_processor_has(place):
    config = parse_config(RECORD.config, "record")

    assert place.lacks(ROOT, recipe_of(config)) is None
    assert recipe_of(config) == RECORD.recipe


def test_a_level_of_a_different_processor_is_lacking(monkeypatch):
    """Before anything is trained."""
    monkeypatch.setattr("repro.execution.places.child.lacking", lambda level: ("AVX2", "FMA"))

    assert lacking(Level.SEEDED) == ()
    found = Child.at(Level.PORTABLE).lacks(ROOT, RECORD.recipe)
    assert found == Skipped("this processor has no AVX2, FMA")


@pytest.mark.parametrize(
    ("interpreter", "reason"),
    [("/nowhere/python", "could not be started"), ("/bin/false", "status 1")],
)
def test_a_child_that_cannot_train_says_why(interpreter, reason):
    with pytest.raises(PreconditionError, match=reason):
        Child(os.environ, interpreter=interpreter).execute(ROOT, RECORD.recipe, Silent())


def test_a_child_gives_the_record_of_the_same_training():
    """Data and identity of the record, in a process where no network can be reached."""
    executed = Child.at(Level.SEEDED).execute(ROOT, RECORD.recipe, Silent())

    assert executed.record.content == RECORD.content
    assert executed.record.identity == RECORD.identity
    assert (executed.record.table_rows, executed.record.environment.level) == (178, "seeded")
    assert executed.network is not None
