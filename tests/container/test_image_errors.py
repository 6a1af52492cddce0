"""What can go wrong is one sentence, with the next step and an exit status."""

import shutil
import subprocess

import pytest
from tests.conftest import ROOT
from tests.container.conftest import assemble, image, run

NOWHERE = f"sha256:{'0' * 64}"


def refused(done, status, *words):
    lines = done.err.strip().splitlines()
    assert done.status == status, done.out + done.err
    assert [word for word in words if word not in done.err] == [], done.err
    assert [line[:6] for line in lines[-2:]] == ["error:", "  next"], done.err
    assert "Traceback" not in done.err


@pytest.fixture
def tools(tmp_path):
    """A folder with some tools only, to stand for the PATH."""

    def make(*names):
        for name in names:
            (tmp_path / name).symlink_to(shutil.which(name))
        return {"PATH": str(tmp_path)}

    return make


def test_no_builder_at_all(tools):
    """Each of them with the reason."""
    done = image("build", env=tools("git"))

    refused(
        done, 3, "no image can be built here", "buildah and skopeo not installed", "apt install"
    )


def test_no_kernel_for_another_date(tools):
    """Named with its package, before anything is built."""
    done = image("check", "--clock", "2028-02-29", env=tools("git"))

    refused(done, 3, "not installed: linux.uml", "apt install user-mode-linux")


def test_a_daemon_that_does_not_run(tools, tmp_path):
    """Docker alone is no builder."""
    if not shutil.which("docker"):
        pytest.skip("docker is not installed")
    done = image(
        "build", "--builder", "docker",
        env={**tools("git", "docker"), "DOCKER_HOST": f"unix://{tmp_path}/none"},
    )  # fmt: skip

    refused(done, 3, "Docker's daemon does not answer")


def test_a_base_without_a_digest():
    """A tag is no pin."""
    if not shutil.which("buildah"):
        pytest.skip("buildah is not installed")
    refused(image("build", "--base", "python:3.13"), 2, "base 'python:3.13' is not pinned")


def test_a_base_that_its_registry_does_not_have(bench, tmp_path):
    """With its name, and what else could be named."""
    base = f"{bench.base.partition('@')[0]}@{NOWHERE}"
    done = bench.image("build", "--base", base, "--output", f"oci:{tmp_path / 'image'}")

    refused(done, 3, f"the registry has no base image {base}", "BASE=NAME@sha256:")


def test_a_registry_that_does_not_answer(bench, tmp_path):
    """Not the same as one that has no such image."""
    done = bench.image(
        "build", "--base", f"127.0.0.1:1/python@{NOWHERE}", "--output", f"oci:{tmp_path / 'image'}"
    )

    refused(done, 3, "cannot be reached", "base_image.sh")


def test_a_full_disk(bench, tmp_path):
    """What was begun is removed."""
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200m", "none", small], check=False
    ).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        done = bench.image(
            "build", "--output", f"oci:{tmp_path / 'image'}", env={"TMPDIR": str(small)}
        )
        left = list(small.iterdir())
    finally:
        run("umount", small)

    refused(done, 3, "no space is left", "TMPDIR")
    assert (left, (tmp_path / "image").exists()) == ([], False)


def test_a_folder_that_holds_something_else_is_not_replaced(tmp_path):
    """A slip in a name costs nobody a folder."""
    if not shutil.which("buildah"):
        pytest.skip("buildah is not installed")
    (tmp_path / "precious").touch()

    refused(image("build", "--output", f"oci:{tmp_path}"), 2, "something else than an image")
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_wheelhouse_without_wheels(tmp_path):
    """It names how to fill one."""
    if not shutil.which("buildah"):
        pytest.skip("buildah is not installed")
    done = image("build", "--wheelhouse", tmp_path, "--output", f"oci:{tmp_path / 'image'}")

    refused(done, 3, "holds no wheels", "make wheelhouse")


def test_the_context_has_what_is_needed_and_nothing_that_git_ignores(tmp_path):
    """A cache among the sources does not get into the package."""
    project = tmp_path / "project"
    assemble(ROOT, project, None)
    run("git", "init", "-q", project)
    for name in (".gitignore", "src/repro/.mypy_cache/a.db", "src/repro/new.py", "notes.txt"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(".mypy_cache/\n")
    assemble(project, tmp_path / "context", None)
    found = {
        p.relative_to(tmp_path / "context").as_posix() for p in (tmp_path / "context").rglob("*")
    }

    assert {"Dockerfile", "src/repro/new.py", "configs/base.yaml", "data/credit.csv"} <= found
    assert found & {"notes.txt", "src/repro/.mypy_cache"} == set()
