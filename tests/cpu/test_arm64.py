"""Another architecture, emulated: its class is named, and no verdict is falsely loud or quiet."""

import hashlib
import json
import os
import shutil
import subprocess

import pytest
from tests.conftest import ROOT

from repro.launch import leaking

SCRIPT = ROOT / "tools" / "arm64_environment.sh"


@pytest.fixture(scope="module")
def arm64(request, tmp_path_factory):
    """Python on an emulated processor, made once for a lock and kept in pytest's cache."""
    for tool in ("qemu-aarch64", "mmdebstrap"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    sources = [SCRIPT, ROOT / "requirements.txt", ROOT / "pyproject.toml"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    cache = getattr(request.config, "cache", None)
    base = cache.mkdir("arm64") if cache else tmp_path_factory.mktemp("arm64")
    folder = base / digest[:12]
    if not folder.exists():
        made = subprocess.run([SCRIPT, folder], capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip(f"the environment could not be made: {made.stderr.strip()[-200:]}")
    environ = {k: v for k, v in os.environ.items() if k not in leaking(os.environ)}

    def run(model, *arguments):
        return subprocess.run(
            [folder / "python", "-m", "repro", *map(str, arguments)],
            env=environ | {"QEMU_CPU": model},
            cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False,
        )  # fmt: skip

    return run


def test_a_run_from_x86_is_equivalent_with_its_class_and_difference_told(arm64, trained):
    """Not different, and not identical either."""
    project, run = trained
    done = arm64("cortex-a72", "verify", run, "--project", project.path, "-q")

    assert (done.returncode, "verdict        equivalent" in done.stdout) == (0, True), (
        done.stdout + done.stderr
    )
    assert "there, armv8-a here; the fingerprints differ" in done.stdout
    assert "worst          " in done.stdout
    assert "native.0.architecture: reference Haswell, this run armv8" in done.stdout


def test_two_processors_of_the_architecture_give_one_result(arm64, project):
    """Pinned to the oldest, whatever they would choose by themselves."""
    found = []
    for model in ("neoverse-n1", "cortex-a53"):
        done = arm64(
            model, "train", "wine", "--profile", "debug", "-m", "logistic_regression", "-m", "knn",
            "--project", project.path, "--json",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        run = project.path / json.loads(done.stdout)["path"]
        environment = json.loads((run / "environment.json").read_text())["environment"]
        files = [(run / name).read_bytes() for name in ("stages.json", "predictions.csv")]
        found.append((environment["bits"], environment["fingerprint"], files))

    assert found[0] == found[1]
    assert found[0][0] == "armv8-a"
