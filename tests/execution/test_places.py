"""Places: one door through which every recipe is executed, or refused."""

from __future__ import annotations

import os

import pytest
from tests.conftest import ROOT

from repro.app.subjects.record_file import parse_record
from repro.config.recorded import parse_config
from repro.core.errors import PreconditionError
from repro.core.record import CommandRecipe, FunctionRecipe
from repro.execution.places import Child, Here, Silent, Skipped, recipe_of
from repro.launch import Level, lacking

RECORD = parse_record((ROOT / "tests/data/record_v2.json").read_bytes(), "record_v2.json")
RECIPES = [
    CommandRecipe(
        kind="command", argv=("touch", "canary"), workdir=".", environ={}, level="portable"
    ),
    FunctionRecipe(kind="function", target="os:abort"),
]
PLACES = [Here(), Here(shut=True), Child(os.environ), Child.at(Level.STRICT)]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.kind)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.title)
def test_nothing_but_an_experiment_is_executed(tmp_path, monkeypatch, place, recipe):
    """It is said beforehand, and refused whoever asks all the same."""
    monkeypatch.chdir(tmp_path)
    assert "only the recipe of an experiment" in place.lacks(tmp_path, recipe).reason
    with pytest.raises(PreconditionError, match=f"this recipe is a {recipe.kind}"):
        place.execute(tmp_path, recipe, Silent())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.title)
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
