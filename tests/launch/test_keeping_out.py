"""Inherited variables that could change a result: kept out, and not forgotten."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.launch import KNOWN, Level, in_force, leaking, overruled, pinned, unwanted

if TYPE_CHECKING:
    from tests.launch.conftest import Launchpad

HOSTILE = {
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2",
    "KMP_BLOCKTIME": "0",
    "MKL_CBWR": "AVX512",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4",
    "OMP_SCHEDULE": "dynamic",
    "OPENBLAS_CORETYPE": "Prescott",
    "OPENBLAS_OF_THE_FUTURE": "1",
    "SKLEARN_WORKING_MEMORY": "1",
}
SHOW = """
import json, os
from repro.launch import dropped
print(json.dumps([dict(os.environ), dropped()]))
"""
PINNING = [Level.STRICT, Level.PORTABLE, Level.PORTABLE_V2]
names = st.sampled_from([*HOSTILE, *Level.PORTABLE_V2.variables, "PATH"])


@pytest.mark.parametrize("level", ["STRICT", "PORTABLE", "PORTABLE_V2"])
def test_hostile_variables_do_not_get_in(launchpad: Launchpad, level: str):
    """The program sees what the level fixes and nothing beside it; what was overruled is told."""
    program = f"from repro.launch import Level, ensure\nensure(Level.{level})\n{SHOW}"
    result = launchpad.run(launchpad.script(program), environ=HOSTILE)
    environ, told = json.loads(result.stdout)

    assert leaking(environ) == leaking(dict(Level[level].variables))
    assert told == overruled(Level[level], HOSTILE)
    assert not {name for name in environ if name.startswith("REPRO_")}


def test_seeded_lets_everything_in(launchpad: Launchpad):
    """The level that fixes nothing keeps nothing out."""
    program = f"from repro.launch import Level, ensure\nensure(Level.SEEDED)\n{SHOW}"
    hostile = {**HOSTILE, "OPENBLAS_CORETYPE": "Nehalem"}
    environ, told = json.loads(launchpad.run("-c", program, environ=hostile).stdout)

    assert leaking(environ) == hostile
    assert told == {}


def test_library_to_be_loaded_first_is_told_without_its_folder(launchpad: Launchpad):
    """A record may be handed over, and holds no folder of a machine."""
    program = f"from repro.launch import Level, ensure\nensure(Level.STRICT)\n{SHOW}"
    preload = {"LD_PRELOAD": "/usr/lib/one.so:/opt/my things/two.so libm.so.6"}
    environ, told = json.loads(launchpad.run(launchpad.script(program), environ=preload).stdout)

    assert "LD_PRELOAD" not in environ
    assert told == {"LD_PRELOAD": "one.so:my two.so libm.so.6"} or "/" not in told["LD_PRELOAD"]


def test_what_scikit_learn_sets_itself_is_let_be(launchpad: Launchpad):
    """Its guards against crashes are no reason to refuse a level."""
    program = "import sklearn\nfrom repro.launch import Level, ensure\nensure(Level.STRICT)"
    result = launchpad.run(launchpad.script(program), environ=launchpad.RIGHT)

    assert (result.returncode, result.stderr) == (0, "")


def test_a_known_variable_is_of_a_family():
    """The list of known names has no name that would not be kept out."""
    harmless = {name for name in KNOWN if not leaking({name: "1"})}

    assert harmless == set()


@pytest.mark.parametrize("level", PINNING)
@given(environ=st.dictionaries(names, st.sampled_from(["0", "1", "8", "Haswell", ""])))
def test_pinned_environment_is_in_force(level: Level, environ: dict[str, str]):
    """Whatever was inherited, the pinned environment gives no reason but the hash seed's."""
    reasons = in_force(level, pinned(level, environ))

    assert [reason for reason in reasons if "PYTHONHASHSEED" not in reason] == []
    assert unwanted(level, pinned(level, environ)) == {}
    assert pinned(level, environ).get("PATH") == environ.get("PATH")
