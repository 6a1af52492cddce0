"""Single edits of the environment, planted between two real trainings of an estimator's package.

One that changes a bit of the result is named as a suspect that can act. One that changes nothing
accuses nobody.
"""

import shutil
from pathlib import Path

import pytest
from tests.capture.test_inventory import install
from tests.cli.test_planted_edits import (
    Planted,
    acting,
    assert_nobody_is_accused,
    compared,
    result_of,
)
from tests.conftest import make_project

FAMILY = """\
import time
from sklearn.naive_bayes import GaussianNB
import toydep
import toyfam_data


class Toy(GaussianNB):
    def fit(self, X, y):
        hour = time.localtime(0).tm_hour + time.localtime(0).tm_min / 60
        return super().fit(X * toydep.scale() + hour + toyfam_data.shift(), y)
"""
SHIFT = """\
import os


def shift():
    name = os.path.join(os.path.dirname(__file__), "..", "shift.txt")
    return float(open(name).read()) if os.path.isfile(name) else 0.0
"""
DEPENDENCY = "def scale():\n    return 1.0\n"


def packages(folder, *, family=FAMILY, dependency=DEPENDENCY, versions=("1.0", "1.0")):
    """Lay out two distributions, as an installer does, with these versions."""
    site = folder / "lib/site-packages"
    site.mkdir(parents=True)
    files = {"toyfam.py": family, "toyfam_data.py": SHIFT}
    install(site, "toyfam", files, requires="toydep")
    install(site, "toydep", {"toydep.py": dependency})
    for name, version in zip(("toyfam", "toydep"), versions, strict=True):
        metadata = site / f"{name}-1.0.dist-info/METADATA"
        metadata.write_text(metadata.read_text().replace("Version: 1.0", f"Version: {version}"))
    return site


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("planted") / "project")
    project.write(
        "configs/models/toy.yaml",
        "schema: repro.model/v1\nestimators: {classification: 'toyfam:Toy'}\nparams: {}\n",
    )
    project.replace("configs/base.yaml", "lightgbm]", "lightgbm, toyfam]")
    site = packages(tmp_path_factory.mktemp("site"))
    return Planted(project, train(Planted(project, Path()), site)), site


def train(base, site, **variables):
    return base.project.train(
        "wine", "-p", "debug", "-m", "toy", env={"PYTHONPATH": str(site), "TZ": "UTC", **variables}
    )


TWICE = DEPENDENCY.replace("1.0", "2.0")
MOVED = FAMILY.replace("+ hour", "+ hour + 0.25 * (X > 1)")
ACTS = {
    "a version of the package": ({"family": MOVED, "versions": ("2.0", "1.0")}, "packages.toyfam"),
    "a second build of one version": ({"family": MOVED}, "code.toyfam.dist-info"),
    "a version of what it requires": (
        {"dependency": TWICE, "versions": ("1.0", "3.1")},
        "packages.toydep",
    ),
    "a second build of what it requires": ({"dependency": TWICE}, "code.toydep.dist-info"),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_package_that_changes_a_bit_is_named(base, tmp_path, name):
    """By its version, or by its sources where two builds have one version."""
    made, _ = base
    changes, key = ACTS[name]
    run = train(made, packages(tmp_path, **changes))
    found = compared(made, run)

    assert result_of(run) != result_of(made.run)
    assert found.comparison.verdict in {"different", "equivalent"}
    assert key in {k for s in found.suspects if s.can_act for k in s.differences}


def edited(site):
    """Edit an installed file in place: its list of hashes has the content of before."""
    (site / "toydep.py").write_text(TWICE)


def with_data(site):
    """Lay a file beside the package, which it reads."""
    (site.parent / "shift.txt").write_text("0.5\n")


IN_PLACE = {
    "an edited file": (edited, "code.toydep.py"),
    "a file that it reads": (with_data, "shift.txt"),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_a_file_beside_a_package_is_named(base, tmp_path, name):
    """Whatever the versions are."""
    made, site = base
    change, key = IN_PLACE[name]
    copy = tmp_path / "lib/site-packages"
    shutil.copytree(site, copy)
    change(copy)
    run = train(made, copy)
    found = compared(made, run)

    assert result_of(run) != result_of(made.run)
    named = {k for s in found.suspects if s.can_act for k in s.differences}
    assert any(each.endswith(key) for each in named), named


def test_a_time_zone_that_a_package_reads_is_named(base):
    """It is nothing that the pipeline itself reads."""
    made, site = base
    run = train(made, site, TZ="Asia/Kathmandu")
    found = compared(made, run)

    assert result_of(run) != result_of(made.run)
    assert "system" in acting(found)


IDLE = {
    "a version alone": {"versions": ("1.0.1", "1.0")},
    "a version of what it requires": {"versions": ("1.0", "9")},
    "a comment": {"family": FAMILY + "# nothing\n"},
    "an unused function": {"dependency": DEPENDENCY + "\n\ndef unused():\n    return 3\n"},
    "a different folder": {},
}


@pytest.mark.parametrize("name", IDLE)
def test_a_package_that_changes_nothing_accuses_nobody(base, tmp_path, name):
    """The result has the same bits."""
    made, _ = base

    assert_nobody_is_accused(made, train(made, packages(tmp_path, **IDLE[name])))
