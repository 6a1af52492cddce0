"""PyTorch on other processors: one digest at a portable level, and several without pins."""

import os
import subprocess
import sys

import pytest
from tests.needs import require

from repro.launch import Level
from tools.cpu_bench.bench import BenchError, Mask, by_name, clean, default_folder
from tools.cpu_bench.networks import SCRIPT

V3 = ("haswell", "epyc", "zen3", "skylake-x", "icelake", "zen4")
V2 = ("nehalem", "sandybridge")
pytestmark = pytest.mark.scripts


@pytest.fixture(scope="module")
def mask():
    require("torch")
    mask = Mask(default_folder())
    try:
        way = mask.how(by_name("haswell"))
    except BenchError as error:
        pytest.skip(str(error))
    if way != "faulting":
        pytest.skip("this machine cannot answer CPUID at once: PyTorch's libraries take minutes")
    return mask


def lines_on(mask, name, variables):
    """Return what the script prints on a processor; on this machine's own without a name."""
    argv = [sys.executable, str(SCRIPT)]
    done = subprocess.run(
        mask.command(by_name(name), argv) if name else argv, capture_output=True, text=True,
        env={**clean(os.environ), **Level.STRICT.variables, **variables}, check=True,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 4 * 5
    return done.stdout


def presentable(mask, names):
    """Return those of the processors whose instructions this machine has."""
    return [name for name in names if mask.reason_to_skip(by_name(name)) is None]


@pytest.mark.parametrize(
    ("level", "names"), [(Level.PORTABLE, V3), (Level.PORTABLE_V2, (*V2, *V3))], ids=["v3", "v2"]
)
def test_a_portable_level_gives_one_digest(mask, level, names):
    """At every mark of every network, on this machine's own processor, too."""
    found = {name: lines_on(mask, name, level.variables) for name in presentable(mask, names)}

    assert found
    assert set(found.values()) == {lines_on(mask, "", level.variables)}


def test_without_pins_processors_differ(mask):
    """The control: otherwise the levels would have nothing to do."""
    names = presentable(mask, (*V2, *V3))

    assert len({lines_on(mask, name, {}) for name in (*names, "")}) > 1
