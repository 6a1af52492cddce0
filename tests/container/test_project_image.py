"""The image of a project that `repro init` made, on the stand-in base."""

import hashlib
import json
import shutil
import subprocess
import sys

import pytest
from tests.container.conftest import HARDENED, image, run

from repro.app.image.layouts import read_layout

TABLE = "x,z,y\n" + "".join(f"{n % 13},{n * 7 % 29}.5,{'ab'[n % 13 > 6]}\n" for n in range(200))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project, made by the command alone."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "table.csv").write_text(TABLE)
    done = run(sys.executable, "-m", "repro", "init", "mine", "--data", "table.csv", "--target",
               "y", "--positive", "b", cwd=folder)  # fmt: skip
    assert done.status == 0, done.err
    return folder / "mine"


@pytest.fixture(scope="module")
def built(made, bench):
    """Its image, and the wheels that it was built from."""
    locked = (made / "requirements.txt").read_text()
    wheels = made.parent / "wheels"
    wheels.mkdir()
    for wheel in bench.wheels.glob("*.whl"):
        # The bench has the wheels that build this project, too.
        if hashlib.sha256(wheel.read_bytes()).hexdigest() in locked:
            shutil.copy(wheel, wheels)
    done = image(
        "build", "--no-load", "--output", f"oci:{made}/build/image", "--base", bench.base,
        "--wheelhouse", wheels, "--project", made, env={"TMPDIR": str(bench.folder)},
    )  # fmt: skip
    assert done.status == 0, done.err
    return read_layout(made / "build/image")


def test_it_is_described_as_the_project(built):
    labels = built.config["config"]["Labels"]

    assert labels["org.opencontainers.image.title"] == "mine"
    assert labels["org.opencontainers.image.description"] == "Predicts y from data/table.csv."
    assert "org.opencontainers.image.licenses" not in labels
    assert built.config["config"]["Entrypoint"] == ["repro"]


def test_it_trains_and_verifies_as_a_careful_site_starts_it(made, built, bench, docker):
    """Read-only, without a network, as another user; and what it wrote verifies outside."""
    archive = bench.folder / "mine.tar"
    target = f"docker-archive:{archive}:mine:latest"
    assert run("skopeo", "copy", "-q", f"oci:{built.path}", target).status == 0
    assert docker("load", "-q", "-i", archive).status == 0
    archive.unlink()
    runs = made / "runs"
    runs.mkdir()
    runs.chmod(0o777)
    done = docker("run", "--rm", *HARDENED, "-v", f"{runs}:/project/runs", "mine", "train", "-q",
                  "-p", "debug", "--json")  # fmt: skip

    assert done.status == 0, done.err
    name = json.loads(done.out)["run_id"]
    inside = docker("run", "--rm", *HARDENED, "-v", f"{runs}:/project/runs", "mine", "verify",
                    "-q", name)  # fmt: skip
    assert (inside.status, "identical" in inside.out) == (0, True), inside.out + inside.err
    outside = subprocess.run(
        [sys.executable, "-m", "repro", "verify", "-q", "--integrity", name], cwd=made,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert outside.returncode == 0, outside.stdout + outside.stderr
