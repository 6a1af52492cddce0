"""`repro explain` trains in a tree of the Debian whose C library a record was made with."""

import os
import platform
import shutil
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT, make_project
from tests.schemas import kind_of_valid

from repro.app.configuration import resolve_request
from repro.app.explain.debian import release_with, why_no_tree
from repro.config.compose import Request
from repro.core.environment import Platform
from repro.core.jsonfile import dump_record
from repro.execution.places import Silent, recipe_of
from repro.execution.places.debian import DebianTree
from repro.execution.places.workspace import Workspace

MATHS = "maths functions of the C library"
# Cube roots of single precision come from the C library, whose versions round them differently.
MINE = (
    "import numpy as np\n"
    "from sklearn.naive_bayes import GaussianNB\n\n"
    "def root(X):\n"
    "    return np.cbrt(np.asarray(X, dtype=np.float32)).astype(float)\n\n"
    "class Mine(GaussianNB):\n"
    "    def fit(self, X, y):\n"
    "        return super().fit(root(X), y)\n\n"
    "    def predict_joint_log_proba(self, X):\n"
    "        return super().predict_joint_log_proba(root(X))\n"
)
AS_ROOT = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mmdebstrap") is None,
    reason="it takes root of Linux, and mmdebstrap",
)


def glibc(version):
    return Platform(system="Linux", machine="x86_64", libc="glibc", libc_version=version)


@pytest.mark.parametrize(
    ("recorded", "suite"),
    [
        (glibc("2.36"), "bookworm"),
        (glibc("2.41"), "trixie"),
        (glibc("2.39"), None),
        (glibc("2.41").model_copy(update={"libc": "musl"}), None),
    ],
    ids=["debian 12", "debian 13", "ubuntu 24.04", "musl"],
)
def test_a_release_is_found_by_its_c_library(recorded, suite):
    found = release_with(recorded)

    assert (found.suite if found else None) == suite


@pytest.fixture
def project(tmp_path):
    """A project with the source of repro, since its lock pins no release of repro."""
    made = make_project(tmp_path / "project")
    shutil.copytree(ROOT / "src", made.path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, made.path)
    made.write("mine.py", MINE)
    made.write(
        "configs/models/mine.yaml",
        "schema: repro.model/v1\nestimators: {classification: 'mine:Mine'}\nparams: {}\n",
    )
    made.replace("configs/base.yaml", "lightgbm]", "lightgbm, mine]")
    return made


def configured(project):
    request = Request("wine", "debug", assignments=(("--model", "families", "[mine]"),))
    return resolve_request(project.path, request).config


def test_a_tree_that_cannot_be_used_is_explained(project, monkeypatch):
    """With what to install, or which option to add; a tree of an earlier call needs neither."""
    release, config = release_with(glibc("2.41")), configured(project)
    allowed = why_no_tree(project.path, release, config, fetch=True)
    monkeypatch.setenv("PATH", "")
    bare = why_no_tree(project.path, release, config, fetch=True)

    assert bare.startswith("needs a tree of Debian 13 (trixie): mmdebstrap and unshare: not inst")
    assert bare.endswith("(apt install mmdebstrap util-linux)")
    monkeypatch.undo()
    if allowed:
        pytest.skip(allowed.partition(": ")[2])
    refused = why_no_tree(project.path, release, config, fetch=False)
    assert refused == "add --packages to make a tree of Debian 13 (trixie)"
    tree = DebianTree(
        Workspace(project.path / "build" / "matrix", "explain"),
        "trixie", "3.13", ("python3", "python3-venv"), platform.machine(),
    ).tree  # fmt: skip
    tree.mkdir(parents=True)
    assert why_no_tree(project.path, release, config, fetch=False) == ""


@AS_ROOT
def test_the_c_library_of_a_different_debian_is_confirmed(request, project):
    """A record that was made in Debian's tree; its Python comes along, and is named with it."""
    if getattr(request.config, "cache", None) is None:
        pytest.skip("pytest keeps no cache here, and making a Debian takes long")
    own = platform.libc_ver()[1]
    release = release_with(glibc("2.36" if own == "2.41" else "2.41"))
    work = project.path / "build" / "matrix"
    work.parent.mkdir()
    work.symlink_to(Path(request.config.cache.mkdir(f"explain-{release.suite}")))
    place = DebianTree(
        Workspace(work, "recorded"), release.suite, release.python,
        ("python3", "python3-venv"), platform.machine(),
    )  # fmt: skip
    record = place.execute(project.path, recipe_of(configured(project)), Silent()).record
    project.write("recorded.json", dump_record(record).decode())
    result = project.repro("explain", "recorded.json", "--json")
    found = result.json
    first, *_, last = found["trials"]
    same = record.environment.interpreter.version == platform.python_version()
    brought = {MATHS} if same else {MATHS, "Python"}

    assert kind_of_valid(found) == "explanation"
    assert (result.status, brought <= {*found["confirmed"]}) == (0, True), result.out
    assert same or found["sentence"].endswith("whether all of them are needed was not tried")
    assert (last["release"], "release" in first) == (release.suite, False)
    assert first["agreeing"] < first["outputs"] == last["agreeing"]
