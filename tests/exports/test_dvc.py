"""Data that a real DVC keeps: in a folder, and on an S3 server on this machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, Project, command, make_project
from tests.exports.servers import PROGRAMS, program, serving

pytestmark = pytest.mark.scripts
PYTHON = sys.executable
DATA = "data/loans.csv"
ADD = (
    "data", "add", "loans", DATA, "--dvc", "--target", "Status", "--positive", "bad",
    "--licence", "MIT", "--origin", "made up",
)  # fmt: skip


@pytest.fixture
def environ(tmp_path, monkeypatch):
    """Credentials of a server of tests, and DVC on the path."""
    program("dvc")
    values = {
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "true",
        "DVC_SITE_CACHE_DIR": str(tmp_path / "site"),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """An S3 server with a bucket."""
    folder = tmp_path_factory.mktemp("s3")
    words = ("-H", "127.0.0.1", "-p", "{port}")
    with serving(folder, "/moto-api/", program("moto_server"), *words) as address:
        code = (
            "import boto3, sys; boto3.client('s3', endpoint_url=sys.argv[1],"
            " region_name='us-east-1', aws_access_key_id='testing',"
            " aws_secret_access_key='testing')"
            ".create_bucket(Bucket='data')"
        )
        python = Path(program("moto_server")).parent / "python"
        subprocess.run([str(python), "-c", code, address], check=True, capture_output=True)
        yield address


def dvc(place: Path, *words: str) -> None:
    done = subprocess.run(
        [program("dvc"), *words], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def remove_data(place: Path) -> None:
    (place / DATA).unlink()
    shutil.rmtree(place / ".dvc" / "cache", ignore_errors=True)


@pytest.fixture(params=["folder", "s3"])
def kept(request, tmp_path, environ) -> Project:
    """A project whose data is in a remote, and no longer on this machine."""
    project = make_project(tmp_path / "project")
    shutil.copy(ROOT / "data" / "credit.csv", project.path / DATA)
    dvc(project.path, "init", "--no-scm", "-q")
    if request.param == "folder":
        dvc(project.path, "remote", "add", "-d", "far", str(tmp_path / "remote"))
    else:
        dvc(project.path, "remote", "add", "-d", "far", "s3://data/kept")
        endpoint = request.getfixturevalue("s3")
        dvc(project.path, "remote", "modify", "far", "endpointurl", endpoint)
    dvc(project.path, "add", "-q", DATA)
    dvc(project.path, "push", "-q")
    remove_data(project.path)
    return project


def test_a_table_is_pulled_checked_and_trained_on(kept):
    """Registered from its pointer alone; a second machine pulls it again before it trains."""
    done = kept.repro(*ADD)
    assert done.status == 0, done.err
    assert "kind: dvc" in done.out
    content = (kept.path / DATA).read_bytes()
    assert hashlib.sha256(content).hexdigest() in done.out
    assert content == (ROOT / "data" / "credit.csv").read_bytes()
    remove_data(kept.path)
    kept.write(
        "configs/experiments/loans.yaml",
        "schema: repro.experiment/v1\ndescription: Loans.\ntask: binary\ndataset: loans\n"
        "families: [logistic_regression]\nselection: {metric: roc_auc}\n",
    )

    run = kept.train("loans", "-p", "debug")

    assert (kept.path / DATA).read_bytes() == content
    remove_data(kept.path)
    done = kept.repro("verify", run)
    assert done.status == 0, done.out + done.err
    assert "identical" in done.out

    (kept.path / DATA).write_bytes(content + b"\n")
    done = kept.repro("data", "verify", "loans")
    assert done.status == 1
    assert "stale" in done.out
    assert "dvc pull" in done.out + done.err


def test_what_the_remote_does_not_have_is_named(kept, tmp_path):
    """With the command that gets it; the cause is DVC's own sentence."""
    dvc(kept.path, "remote", "add", "-d", "-f", "other", str(tmp_path / "nowhere"))
    done = kept.repro(*ADD)

    assert done.status == 3
    assert f"{DATA}: not on this machine, and cannot be pulled: " in done.err
    assert f"dvc pull {DATA}" in done.err


def test_a_project_with_a_pipeline_of_dvc(tmp_path, environ):
    """`dvc repro` runs its stage, whose reference is the output, and then has nothing to do."""
    folder = tmp_path / "made"
    done = command(
        "-m", "repro", "init", folder, "--data", ROOT / "data" / "credit.csv", "--target",
        "Status", "--positive", "bad", "--dvc", cwd=tmp_path,
    )  # fmt: skip
    assert done.status == 0, done.err
    stage = yaml.safe_load((folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["train"]
    assert stage["cmd"] == ["make train", "make reference"]
    assert {"configs", "data", "requirements.txt"} == set(stage["deps"])
    # The environment of the project is not installed here: make runs this one.
    (folder / "Makefile").write_text(
        f"train:\n\t@{PYTHON} -m repro train -p debug\n"
        f"reference:\n\t@{PYTHON} -m repro reference -o reference/credit.json\n"
    )
    dvc(folder, "init", "--no-scm", "-q")
    dvc(folder, "repro", "-q")
    first = (folder / "reference" / "credit.json").read_bytes()
    lock = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]["train"]
    assert lock["outs"][0]["md5"] == hashlib.md5(first).hexdigest()
    runs = sorted((folder / "runs").iterdir())
    dvc(folder, "repro", "-q")

    assert sorted((folder / "runs").iterdir()) == runs
