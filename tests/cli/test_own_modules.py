"""An own estimator in the project: found by the command, recorded, and nothing beside it is run."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.capture.test_inventory import install
from tests.conftest import ROOT

# What workers import when they start, and what this program does.
TRAPS = ("random", "json", "decimal", "socket", "cloudpickle", "click", "numpy", "secrets")
MINE = (
    "import helping\n"
    "from sklearn.naive_bayes import GaussianNB\n\n"
    "class Mine(GaussianNB):\n"
    "    def fit(self, X, y):\n"
    "        import toyfam\n"
    "        return super().fit(X, y)\n"
)


def trapped(project, tmp_path):
    """Declare an own estimator, and lay files beside it that are named like modules."""
    project.write("mine.py", MINE)
    project.write("helping.py", "X = 1\n")
    project.write(
        "configs/models/mine.yaml",
        "schema: repro.model/v1\nestimators: {classification: 'mine:Mine'}\nparams: {}\n",
    )
    project.replace("configs/base.yaml", "lightgbm]", "lightgbm, mine]")
    for name in TRAPS:
        project.write(f"{name}.py", f"open({str(tmp_path / name)!r}, 'w').close()\n")
    packages = tmp_path / "packages"
    install(packages, "toyfam", {"toyfam.py": "x = 1\n"})
    given = tmp_path / "given"
    given.mkdir()
    (given / "sitecustomize.py").write_text("x = 1\n")
    return f"{packages}{os.pathsep}{given}"


@pytest.mark.parametrize("entry", ["module", "console script"])
def test_own_modules_are_found_and_recorded_and_no_other_is_run(project, tmp_path, entry):
    """By both ways to start, in two workers, from the project's folder."""
    path = trapped(project, tmp_path)
    script = Path(sys.executable).parent / "repro"
    if entry == "console script" and not script.exists():
        pytest.skip("the console script is not installed")
    command = [script] if entry == "console script" else [sys.executable, "-m", "repro"]
    done = subprocess.run(
        [*command, "train", "wine", "-p", "debug", "-m", "mine", "--workers", "2", "--json"],
        cwd=project.path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    run = project.path / json.loads(done.stdout)["path"]
    lineage = json.loads((run / "lineage.json").read_text())
    environment = json.loads((run / "environment.json").read_text())["environment"]
    snapshot = json.loads((run / "snapshot.json").read_text())

    assert [name for name in TRAPS if (tmp_path / name).exists()] == []
    expected = {
        "mine.py": project.path, "helping.py": project.path, "sitecustomize.py": tmp_path / "given",
    }  # fmt: skip
    for name, folder in expected.items():
        assert lineage["code"][name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert set(expected) <= set(lineage["loaded"]) <= set(lineage["code"])
    assert environment["used"] == ["toyfam"]
    assert snapshot["keys"]["environment_key"].startswith("environment/v2:")
    assert "sitecustomize.py was loaded from the caller's environment" in done.stderr


def test_the_default_experiment_has_nothing_to_add():
    """In this repository, whose commit identifies this program's own code."""
    lines = subprocess.run(
        [sys.executable, "-P", "-c", OBSERVE],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = json.loads(lines)

    assert found["used"] == []
    assert set(found["loaded"]) <= set(found["dirty"])


OBSERVE = """
import json
from pathlib import Path
from repro.execution.code import observe_code
from repro.app.configuration import resolve_request
from repro.execution.loaded import Watch, inventory_of, observe_loaded
from repro.capture import capture_environment
from repro.config.compose import Request
import repro.cli.train, sklearn.linear_model

root = Path.cwd()
config = resolve_request(root, Request(experiment="credit")).config
environment = capture_environment(root, "seeded")
loaded = observe_loaded(config, inventory_of(environment), Watch())
code = observe_code(root, config, environment, loaded)
dirty = getattr(environment.git, "dirty_files", None)
print(json.dumps({
    "used": loaded.used, "loaded": code.loaded if dirty is not None else [], "dirty": dirty or [],
}))
"""
