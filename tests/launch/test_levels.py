"""What a level fixes, and whether it holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.launch import Level, in_force, missing

NAMES = st.sampled_from([*Level.STRICT.variables, "PATH", "LANG"])
ENVIRONMENTS = st.dictionaries(NAMES, st.sampled_from(["0", "1", "8", "random", ""]))


@pytest.mark.parametrize("level", [Level.PORTABLE, Level.PORTABLE_V2])
def test_portable_levels_fix_all_that_strict_fixes(level: Level):
    """A stricter level fixes all that a looser one fixes."""
    assert Level.SEEDED.variables.items() <= Level.STRICT.variables.items()
    assert Level.STRICT.variables.items() <= level.variables.items()


def test_level_reads_from_its_name():
    """A configured word becomes a level, and a level prints as that word."""
    assert Level("strict") is Level.STRICT
    assert f"{Level.STRICT}" == "strict"


def test_level_is_frozen():
    """What a level fixes cannot be changed by the program that asks for it."""
    with pytest.raises(TypeError):
        Level.STRICT.variables["OMP_NUM_THREADS"] = "8"  # type: ignore[index]


def test_seeded_fixes_nothing():
    """The lowest level asks nothing of the environment."""
    assert missing(Level.SEEDED, {"PYTHONHASHSEED": "random"}) == {}


@given(ENVIRONMENTS)
def test_environment_with_what_was_missing_misses_nothing(environ: dict[str, str]):
    """Setting what ``missing`` names is enough, whatever was inherited."""
    needed = missing(Level.STRICT, environ)

    assert missing(Level.STRICT, {**environ, **needed}) == {}


@given(ENVIRONMENTS)
def test_missing_names_only_what_differs(environ: dict[str, str]):
    """A variable that is right already is not named."""
    needed = missing(Level.STRICT, environ)

    assert all(environ.get(name) != value for name, value in needed.items())


def test_every_wrong_variable_is_a_reason():
    """Each reason names its variable, what it is, and what it should be."""
    reasons = in_force(Level.STRICT, {**Level.STRICT.variables, "OMP_NUM_THREADS": "8"})

    assert reasons[0] == "OMP_NUM_THREADS is '8', not '1'"


def test_hash_seed_set_after_the_start_is_not_in_force(launchpad):
    """A variable that says 0 now does not hide that hashes are random in this process."""
    code = "import os; os.environ['PYTHONHASHSEED'] = '0'\n" + (
        "from repro.launch import Level, in_force; print(in_force(Level.STRICT))"
    )
    right = {**Level.STRICT.variables, "PYTHONHASHSEED": "7"}
    result = launchpad.run("-c", code, environ=right)

    assert result.stdout.strip() == "('PYTHONHASHSEED=0 was not in effect when Python started',)"


def test_import_is_cheap():
    """What runs before NumPy loads neither it nor anything else that is slow."""
    code = "import json, sys, repro.launch; print(json.dumps(sorted(sys.modules)))"
    # Where coverage is measured, it would load more.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    run = subprocess.run([sys.executable, "-c", code], env=plain, capture_output=True, check=True)
    loaded = set(json.loads(run.stdout))

    assert not loaded & {"numpy", "pydantic", "yaml", "rfc8785", "subprocess", "dataclasses"}
