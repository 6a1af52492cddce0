"""What ``verify`` of a hostile project or record does, as the kernel sees it.

Hooks inside Python miss native code: these tests read every call of the whole tree of processes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests import listening
from tests.conftest import ROOT, Project
from tests.forging import altered
from tests.hostile.tracing import (
    KERNEL,
    SHARED,
    SYSTEM,
    beyond,
    obstacle,
    roots,
    trace,
)

from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.record import RunRecord
from repro.core.record_v1 import RecordFile

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "traced")

# Named like modules that are imported on the way.
SQUATTING = ("json", "random", "socket", "sklearn", "numpy", "joblib", "sitecustomize")


def git(folder, *arguments):
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
    subprocess.run(command, cwd=folder, capture_output=True, check=True)


@pytest.fixture(scope="module")
def base():
    """A folder outside the temporary one, so that a file in it is beyond what may be read."""
    # Its name has what a shell would take apart.
    folder = Path.home() / f".repro test {os.getpid()}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def hostile(base, trained):
    """A run in a project that tries everything which a folder can, and a home with a secret."""
    made, run = trained
    project = base / "project"
    shutil.copytree(made.path, project)
    home = base / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/id").write_text("secret")
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "x")
    program = f"touch '{home}/ran'"
    settings = {
        "core.fsmonitor": program, "core.sshCommand": program, "core.pager": program,
        "core.hooksPath": str(home), "core.worktree": str(home), "diff.external": program,
        "filter.x.clean": f"{program}; cat", "filter.x.smudge": f"{program}; cat",
        "filter.y.process": program, "filter.y.required": "true", "diff.x.textconv": program,
        "alias.status": f"!{program}", "gpg.program": program, "credential.helper": f"!{program}",
        "remote.origin.url": "ext::" + program, "protocol.ext.allow": "always",
        "remote.origin.promisor": "true", "remote.origin.uploadpack": program,
    }  # fmt: skip
    for name, value in settings.items():
        git(project, "config", name, value)
    (project / ".git/info/attributes").write_text("*.csv filter=x diff=x\n*.yaml filter=y\n")
    for path in project.rglob("*.*"):
        if ".git" not in path.parts and path.is_file() and "runs" not in path.parts:
            os.utime(path, ns=(1, 1))
    for name in SQUATTING:
        (project / f"{name}.py").write_text(f"open({str(home / 'ran')!r}, 'w').close()\n")
    return Project(project), project / "runs" / run.name, home


@pytest.fixture(scope="module")
def seen(hostile, tmp_path_factory):
    """The trace of a re-execution in two workers, started in the hostile folder."""
    project, run, home = hostile
    given = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    folder = tmp_path_factory.mktemp("trace")
    found = trace(
        folder, "verify", run.name, "--workers", "2", "-q", "--json", cwd=project.path, env=given
    )
    assert found.status == 0, found.err
    return found


def allowed(project, home):
    mine = (rf"{home}/\.gitconfig", rf"{home}/\.config/git/(config|attributes|ignore)")
    return (*roots(project), *SYSTEM, *KERNEL, *SHARED, *mine)


def test_the_run_reproduces_all_the_same(seen):
    """So that all of it was done under trace."""
    report = json.loads(seen.out)

    assert report["comparison"]["verdict"] == "identical"
    assert len(seen.processes) > 5


def test_no_file_is_opened_outside(seen, hostile):
    """But the project, Python and its packages, the system's libraries, and what is temporary."""
    project, _, home = hostile

    assert beyond(seen.opened, allowed(project.path, home)) == []


def test_nothing_is_written_outside_what_is_temporary(seen, hostile):
    """The project is read, and so is the run."""
    project, _, _ = hostile

    temporary = (rf"{tempfile.gettempdir()}/.*", *SHARED)
    caches = r".*/__pycache__/[^/]*\.pyc(\.\d+)?"
    assert beyond(seen.written, (*temporary, caches)) == []
    changed = {path for path in seen.changed if str(project.path) in path}
    assert beyond(frozenset(changed), (caches, r".*/__pycache__")) == []


def test_no_network_socket_is_opened(seen):
    """Neither IPv4 nor IPv6, nor one beside the filter."""
    assert [line for line in seen.calls("socket", "connect", "bind") if "AF_UNIX" not in line] == []
    assert all("EACCES" in line for line in seen.calls("io_uring_setup"))


def test_nothing_is_executed_but_python_and_git(seen):
    """No shell, no filter, no hook."""
    own = {os.path.realpath(sys.executable), os.path.realpath(shutil.which("git"))}

    assert seen.executed == own


def test_git_is_asked_to_read_only(seen):
    """Its commands by name, none of which fetches, writes or compares content by a program."""
    lines = [line for line in seen.calls("execve") if '/git", [' in line]
    asked = {name for line in lines for name in ("status", "rev-parse", "config", "ls-files")
             if f'"{name}"' in line}  # fmt: skip

    assert lines
    assert asked == {"status", "rev-parse", "config", "ls-files"}
    assert all(any(f'"{name}"' in line for name in asked) for line in lines)


def test_no_trap_was_sprung(seen, hostile):
    """Each of them would leave a file."""
    _, _, home = hostile

    assert sorted(path.name for path in home.iterdir()) == [".ssh"]


def changed_dataset(record, **source):
    config = json.loads(json.dumps(record.config))
    config["dataset"] |= source
    return config


def changed_models(record, **model):
    config = json.loads(json.dumps(record.config))
    name = next(iter(config["models"]))
    config["models"][name] |= model
    return config


def in_a_file(path):
    return {"source": {"kind": "file", "path": path, "format": "csv"}}


# Each gets the secret's path and the address of a server.
RECORDS = {
    "a cache": lambda r, secret, port: changed_models(
        r, estimator="sklearn.cluster:FeatureAgglomeration", params={"memory": secret}
    ),
    "machines": lambda r, secret, port: changed_models(
        r, estimator="lightgbm:LGBMClassifier",
        params={"machines": f"127.0.0.1:{port}", "num_machines": 2, "local_listen_port": 0},
    ),
    "a forced split": lambda r, secret, port: changed_models(
        r, estimator="lightgbm:LGBMClassifier", params={"forcedsplits_filename": secret}
    ),
    "a module": lambda r, secret, port: changed_models(r, estimator="os:system", params={}),
    "a file above": lambda r, secret, port: changed_dataset(r, **in_a_file("../home/.ssh/id")),
    "a file by its path": lambda r, secret, port: changed_dataset(
        r, name="mine", **in_a_file(secret)
    ),
    "a server": lambda r, secret, port: changed_dataset(
        r, name="mine",
        source={"kind": "url", "url": f"http://127.0.0.1:{port}/a.csv", "format": "csv"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", RECORDS)
def test_a_hostile_record_is_refused_before_anything_is_opened(hostile, tmp_path, kind):
    """It is bound as a record of its own; the secret stays closed, and the server alone."""
    project, _, home = hostile
    servers = listening.start()
    reference = (ROOT / "reference/credit.json").read_bytes()
    record = load_record(reference, "reference", RunRecord, RecordFile)
    config = RECORDS[kind](record, str(home / ".ssh/id"), servers.ports[0])
    given = bound(altered(record, config=config))
    (project.path / "theirs.json").write_bytes(dump_record(given))
    seen = trace(
        tmp_path, "verify", "theirs.json", "-q",
        cwd=project.path, env={"HOME": str(home)}, fast=True,
    )  # fmt: skip
    came = servers.visits()
    servers.close()

    assert seen.status in {1, 2, 3}, seen.out
    assert "Traceback" not in seen.err
    assert beyond(seen.opened, allowed(project.path, home)) == []
    assert not any(path.startswith(str(home / ".ssh")) for path in seen.opened)
    assert seen.calls("socket", "connect", "bind") == []
    assert came == 0
    assert not (home / "ran").exists()
