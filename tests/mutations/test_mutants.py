"""Mutants of scripts and experiments: the changed call or setting is named; nothing else alarms."""

from __future__ import annotations

import pytest

from tests.needs import require
from tools.mutations.benchmark import originals
from tools.mutations.operators import PUBLISHED, mutants_of
from tools.mutations.programs import EXPERIMENTS, PROGRAMS

BY_NAME = {program.name: program for program in PROGRAMS}


def marked(name):
    scripts = name in BY_NAME and BY_NAME[name].needs
    return pytest.param(name, marks=[pytest.mark.scripts] if scripts else [])


EVERY = [marked(name) for name in (*BY_NAME, *EXPERIMENTS)]


def original(path, name):
    for module in BY_NAME[name].needs if name in BY_NAME else ():
        require(module)
    [found] = originals(path, [name])
    return found


def test_a_published_mutant_is_named_and_the_unchanged_script_is_identical(tmp_path):
    """Although a new line above moves every other line of the mutant."""
    found = original(tmp_path, "forest")
    [mutant] = [each for each in found.mutants if each.form == PUBLISHED]

    judged = found.judge(mutant)

    assert judged.wrong == ()
    assert judged.changes is True
    assert set(judged.doors) == {"compare", "verify"}
    for door in judged.doors.values():
        assert door.verdict != "identical"
        assert door.lines == ["forest.py:10"]
        assert door.causes["forest.py:10 numpy.random.seed"] == ["7", "8"]
    assert found.reproduces() == "identical"


@pytest.mark.parametrize("name", EVERY)
def test_every_mutant_is_named(tmp_path, name):
    found = original(tmp_path, name)

    judged = [found.judge(mutant) for mutant in found.mutants]

    assert judged
    assert [each.wrong for each in judged if each.wrong] == []


@pytest.mark.parametrize("name", EVERY)
def test_an_unchanged_program_is_identical(tmp_path, name):
    assert original(tmp_path, name).reproduces() == "identical"


def test_every_operator_has_a_place():
    found = {
        (mutant.operator, mutant.form)
        for program in PROGRAMS
        for file in program.files
        for mutant in mutants_of(file, (program.folder / file).read_text(encoding="utf-8"))
    }

    assert {operator for operator, form in found if form == PUBLISHED} == {
        "random-seed", "data-split", "cv-fold-count", "dependency-pin",
    }  # fmt: skip
