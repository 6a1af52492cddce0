"""The image in use, as a careful site starts it: read-only, no network, no rights."""

import json
import os
import shutil

import pytest

from repro.processor import X86_64_V3, present

TRAP = """
import os, sys
os.execve = lambda *_: os._exit(99)
sys.argv = ["repro", "train", "wine", "--profile", "debug", "-m", "knn", "-q"]
from repro.cli import main
main()
"""
COMPILED = """
import pathlib, sys
flags = {path.read_bytes()[4] for path in pathlib.Path("/opt/repro").rglob("*.pyc")}
import repro.cli, sklearn
print(flags, sys.flags.hash_randomization, repro.cli.__cached__)
"""
v3 = pytest.mark.skipif(
    not X86_64_V3 <= (present() or frozenset()), reason="this processor is below the image's level"
)


def test_help_needs_nothing(docker):
    """Neither network nor a place to write."""
    done = docker.run("--help")

    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("Usage: repro ")


@v3
def test_a_training_needs_no_restart(docker):
    """The level is in force from the start; with one inherited variable it is not."""
    assert docker.python(TRAP).status == 0
    control = docker.python(TRAP, "-e", "OMP_NUM_THREADS=2")

    assert control.status == 99, control.err


@v3
def test_the_reference_is_verified(docker):
    """With the verdict, and the exit status that goes with it."""
    done = docker.run("verify", "reference/credit.json", "-q")

    assert done.status == 0, done.out + done.err
    assert "verdict        identical" in done.out or "verdict        equivalent" in done.out


@v3
def test_runs_belong_to_the_caller_and_tell_their_image(docker, bench, layout, tmp_path):
    """The digests of the base and the lock by themselves; that of the image if it is given."""
    runs = tmp_path / "runs"
    runs.mkdir()
    os.chown(runs, 1234, 2345)
    done = docker.run(
        "train", "--profile", "debug", "-q", "--json",
        options=("-v", f"{runs}:/project/runs", "--user", "1234:2345",
                 "-e", f"REPRO_IMAGE_DIGEST=repro@{layout.digest}"),
    )  # fmt: skip

    assert done.status == 0, done.err
    run = runs / json.loads(done.out)["run_id"]
    assert {(p.stat().st_uid, p.stat().st_gid) for p in (run, *run.iterdir())} == {(1234, 2345)}
    environment = json.loads((run / "environment.json").read_text())["environment"]
    assert environment["container"] == {
        "kind": "docker",
        "image_digest": layout.digest,
        "base_digest": bench.base.partition("@")[2],
        "lock_digest": f"sha256:{environment['lock']}",
    }
    assert "no git commit" not in done.err
    assert (environment["dropped"], environment["level"]) == ({}, "portable")
    lineage = json.loads((run / "lineage.json").read_text())
    revision = layout.config["config"]["Labels"]["org.opencontainers.image.revision"]
    assert (lineage["commit"], lineage["dirty"]) == (revision, False)


@v3
def test_a_project_of_its_own_keeps_its_runs_and_has_no_commit_of_the_image(
    docker, bench, tmp_path
):
    """Mounted over the one in the image."""
    own = tmp_path / "own"
    for folder in ("configs", "data"):
        shutil.copytree(bench.project / folder, own / folder)
    os.chown(own, 1234, 2345)
    options = ("-v", f"{own}:/project", "--user", "1234:2345")
    trained = ("train", "wine", "--profile", "debug", "-m", "knn", "-q", "--json")
    done = docker.run(*trained, options=options)

    assert done.status == 0, done.err
    run = own / "runs" / json.loads(done.out)["run_id"]
    assert json.loads((run / "lineage.json").read_text())["commit"] is None


def test_a_digest_that_is_none_is_refused(docker):
    """A tag says nothing: an error before anything is trained."""
    done = docker.run(
        "train", "wine", "--profile", "debug", "-q", options=("-e", "REPRO_IMAGE_DIGEST=latest")
    )

    assert done.status == 3
    assert "REPRO_IMAGE_DIGEST is 'latest', not a digest" in done.err


def test_runs_go_nowhere_else(docker):
    """Everything but the runs and the temporary folder is read-only, and root is nobody."""
    folders = "('/project', '/opt/repro', '/etc')"
    code = f"import os; print(os.getuid(), [os.access(p, os.W_OK) for p in {folders}])"

    assert docker.python(code).out.split() == ["10001", "[False,", "False,", "False]"]


def test_modules_are_compiled_without_times(docker):
    """Python neither compares them with their source nor compiles them again."""
    done = docker.python(COMPILED)

    assert done.out.strip().startswith("{1} 0 /opt/repro/lib/"), done.err


def test_pip_is_not_there(docker):
    """Nor is anything that could bring it."""
    code = (
        "from importlib.util import find_spec\n"
        "print([find_spec(name) for name in ('pip', 'ensurepip', 'setuptools')])"
    )

    assert docker.python(code).out.strip() == "[None, None, None]"
