"""What can go wrong is one sentence, with the next step and an exit status."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.container.conftest import IMAGE, assemble, image, run

from repro.app.image.failures import explain
from repro.app.image.sources import read_commit

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
        done,
        3,
        "no image can be built on this machine",
        "buildah and skopeo not installed",
        "apt install",
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

    refused(done, 3, "the Docker daemon does not respond", "start it", "leave out --builder")


def test_a_base_without_a_digest():
    """A tag is no pin."""
    if not shutil.which("buildah"):
        pytest.skip("buildah is not installed")
    refused(image("build", "--base", "python:3.13"), 2, "base 'python:3.13' is not pinned")


def test_a_base_that_its_registry_does_not_have(bench, tmp_path):
    """With its name, and what else could be named."""
    base = f"{bench.base.partition('@')[0]}@{NOWHERE}"
    done = bench.image("build", "--base", base, "--output", f"oci:{tmp_path / 'image'}")

    refused(done, 3, f"the registry has no base image {base}", "--base NAME@sha256:")


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_nothing(bench, tmp_path, number):
    """No process and no folder, even if it is told twice, as some do."""
    place, target = tmp_path / "place", tmp_path / "image"
    place.mkdir()
    arguments = bench.given("build", "--builder", "buildah", "--output", f"oci:{target}")
    process = subprocess.Popen(
        [*IMAGE, *arguments],
        env={**os.environ, "TMPDIR": str(place)}, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    # Once the builder runs what the Dockerfile says.
    deadline = time.monotonic() + 120
    while not any("ensurepip" in line for line in at_work(place)):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(number)
    if number != signal.SIGINT:
        process.send_signal(number)
    _, err = process.communicate(timeout=300)

    assert (process.returncode, "no partial output was left" in err) == (130, True), err
    assert (at_work(place), list(place.iterdir()), target.exists()) == ([], [], False)


def at_work(place):
    """The commands of the processes that have a folder as their root, or name it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text(errors="replace")
            if f"{place}/" in f"{(process / 'root').readlink()} {command}":
                found.append(command)
        except OSError:
            continue
    return found


def test_a_folder_for_temporary_files_that_is_not_there(tools, tmp_path):
    """No room would help."""
    if not shutil.which("buildah") or not shutil.which("skopeo"):
        pytest.skip("buildah and skopeo are not installed")
    done = image(
        "build", "--output", f"oci:{tmp_path / 'image'}",
        env={**tools("git", "buildah", "skopeo"), "TMPDIR": str(tmp_path / "none")},
    )  # fmt: skip

    refused(done, 3, "none: no such folder", "create it")


def test_a_folder_that_is_no_project(tools, tmp_path):
    """What is missing is named, and no room is asked for."""
    if not shutil.which("buildah") or not shutil.which("skopeo"):
        pytest.skip("buildah and skopeo are not installed")
    other = tmp_path / "other"
    other.mkdir()
    path = tools("git", "buildah", "skopeo")
    target = f"oci:{tmp_path / 'image'}"
    arguments = ("build", "--project", other, "--output", target)

    refused(image(*arguments, env=path), 3, "no configs/base.yaml in", "--project")
    (other / "configs").mkdir()
    (other / "configs" / "base.yaml").touch()
    for name in ("Dockerfile", ".dockerignore", "requirements.txt"):
        refused(image(*arguments, env=path), 2, f"has no {name}, ", "--project")
        (other / name).touch()
    refused(image(*arguments, env=path), 2, "it leaves out Dockerfile", "add the line")
    (other / "Dockerfile").unlink()
    refused(image("wheelhouse", "--project", other), 2, "has no Dockerfile", "--python")


def test_an_index_that_cannot_be_reached(tmp_path):
    """It is not a wheel that is missing, and no wheelhouse is the way to a wheelhouse."""
    done = image(
        "wheelhouse", tmp_path / "wheels",
        env={
            "PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_RETRIES": "1",
            "PIP_CONFIG_FILE": os.devnull, "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": "",
        },
    )  # fmt: skip
    inside = explain(
        "buildah", "Connection refused\nERROR: Could not find a version that satisfies"
    )

    refused(done, 3, "an index cannot be reached", "PIP_INDEX_URL")
    assert "image wheelhouse" not in done.err
    assert "cannot be reached" in str(inside)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_else_is_not_replaced(tmp_path):
    """A slip in a name costs nobody a folder."""
    (tmp_path / "precious").touch()

    refused(
        image("build", "--output", f"oci:{tmp_path}"),
        2,
        "the content of the folder is not an image",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_wheelhouse_without_wheels(tmp_path):
    """It names how to fill one."""
    if not shutil.which("buildah"):
        pytest.skip("buildah is not installed")
    done = image("build", "--wheelhouse", tmp_path, "--output", f"oci:{tmp_path / 'image'}")

    refused(done, 3, "holds no wheels", "repro image wheelhouse")


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


@pytest.fixture
def project(tmp_path):
    """What an image is made from, as a commit."""
    folder = tmp_path / "project"
    assemble(ROOT, folder, None)
    git = ("git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.org")
    run("git", "init", "-q", folder)
    run(*git, "add", "-A")
    assert run(*git, "commit", "-q", "-m", "a").status == 0
    return folder


def test_a_revision_differs_by_what_the_image_is_made_from(project):
    """A note beside it is not a part of it."""
    (project / "notes.txt").touch()
    before = read_commit(project).revision
    (project / "src" / "repro" / "new.py").touch()

    assert len(before) == 40
    assert read_commit(project).revision == f"{before}-dirty"


@pytest.mark.parametrize(
    "remote",
    [
        "git@example.org:team/project.git",
        "ssh://git@example.org:22/team/project.git",
        "git://example.org/team/project/",
        "https://user:token@Example.org:8443//team//project.git/",
    ],
)
def test_a_repository_has_one_address(project, remote):
    """However it was cloned."""
    run("git", "-C", project, "remote", "add", "origin", remote)

    assert read_commit(project).source == "https://example.org/team/project"
