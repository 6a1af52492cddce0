"""A base from Debian, an image on it, and Docker to run it: made once for all workers of a session.

The base and the wheels are kept in pytest's cache. Docker and the registry are started for the
session alone, apart from any that this machine has, and stopped by whoever leaves last.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import ROOT, Result

from repro.app.image.layouts import Layout, read_layout
from repro.app.image.sources import assemble

fcntl = pytest.importorskip("fcntl", reason="containers of these tests need Linux")

IMAGE = (sys.executable, "-m", "repro", "image")
NEEDED = ("buildah", "skopeo", "mmdebstrap", "docker-registry", "git")
HARDENED = (
    "--read-only", "--network", "none", "--cap-drop", "ALL",
    "--security-opt", "no-new-privileges", "--tmpfs", "/tmp",
)  # fmt: skip
DAY = "2026-01-02T03:04:05+00:00"


@dataclass(frozen=True)
class Bench:
    """What builds need: a snapshot of the project, a base, wheels, and a place."""

    folder: Path
    project: Path
    base: str
    wheels: Path

    def image(self, *arguments: object, env: dict[str, str] | None = None) -> Result:
        """Run ``repro image`` with the base and the wheels of the bench."""
        return image(*self.given(*arguments), env={"TMPDIR": str(self.folder), **(env or {})})

    def given(self, *arguments: object) -> list[object]:
        """Return arguments, with the base and the wheels of the bench where none are named."""
        command, *rest = arguments
        offline = ("--base", self.base, "--wheelhouse", self.wheels, "--project", self.project)
        given = {*map(str, rest)}
        chosen = [
            part
            for option, value in zip(offline[::2], offline[1::2], strict=True)
            if option not in given
            for part in (option, value)
        ]
        return [command, *chosen, *rest]

    def changed(self, name: str) -> Path:
        """Return a copy of the project, to change."""
        copy = self.folder / name
        shutil.copytree(self.project, copy)
        return copy


@dataclass(frozen=True)
class Docker:
    """A daemon that has the image."""

    host: str

    def __call__(self, *arguments: object) -> Result:
        return run("docker", *arguments, env={"DOCKER_HOST": self.host})

    def run(self, *arguments: object, options: tuple[object, ...] = ()) -> Result:
        """Run the image as a careful site would."""
        return self("run", "--rm", *HARDENED, *options, "repro", *arguments)

    def python(self, code: str, *options: object) -> Result:
        """Run Python code in the image."""
        return self.run("-c", code, options=("--entrypoint", "python", *options))


def run(*command: object, env: dict[str, str] | None = None, cwd: Path = ROOT) -> Result:
    """Run a command to its end."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})},
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


def image(*arguments: object, env: dict[str, str] | None = None) -> Result:
    """Run ``repro image``."""
    return run(*IMAGE, *arguments, env=env)


@pytest.fixture(scope="session")
def bench(request, tmp_path_factory):
    """Return what builds need; skip where tools or Debian's archive are missing."""
    missing = [tool for tool in NEEDED if not shutil.which(tool)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if os.geteuid() != 0:
        pytest.skip("builds of these tests, and their daemons, need root")
    session = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        session = session.parent
    name = hashlib.sha256(str(session).encode()).hexdigest()[:8]
    folder = _roomy(session) / f"repro-bench-{name}"
    folder.mkdir(exist_ok=True)
    kept = request.config.cache.mkdir("image") if request.config.cache else folder
    users = folder / "users"
    with _locked(folder / "lock"):
        users.write_text(f"{users.read_text() if users.exists() else ''}+")
    try:
        with _locked(folder / "lock"):
            made = _bench(folder, kept)
        yield made
    finally:
        with _locked(folder / "lock"):
            users.write_text(users.read_text()[1:])
            last = not users.read_text()
        if last:
            _clear(folder)


@pytest.fixture(scope="session")
def layout(bench: Bench) -> Layout:
    """Return the image, built once."""
    target = bench.folder / "image"
    with _locked(bench.folder / "image.lock"):
        if not (target / "index.json").exists():
            done = bench.image("build", "--no-load", "--output", f"oci:{target}")
            assert done.status == 0, done.err
            (bench.folder / "built.txt").write_text(done.out)
    return read_layout(target)


@pytest.fixture(scope="session")
def docker(bench: Bench, layout: Layout) -> Docker:
    """Return a Docker with the image in it, started for this session."""
    missing = [tool for tool in ("docker", "dockerd") if not shutil.which(tool)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    host = f"unix://{bench.folder}/docker.sock"
    with _locked(bench.folder / "docker.lock"):
        if not (bench.folder / "docker.pid").exists():
            _start_docker(bench.folder, host)
            archive = bench.folder / "image.tar"
            target = f"docker-archive:{archive}:repro:latest"
            assert run("skopeo", "copy", "-q", f"oci:{layout.path}", target).status == 0
            assert run("docker", "-H", host, "load", "-q", "-i", archive).status == 0
            archive.unlink()
    return Docker(host)


def _bench(folder: Path, kept: Path) -> Bench:
    locks = [ROOT / "requirements.txt", ROOT / "requirements-build.txt"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in locks)).hexdigest()
    wheels, base, project = kept / f"wheels-{digest[:12]}", kept / "base", folder / "project"
    if not wheels.is_dir():
        fresh = wheels.with_name(f"{wheels.name}.part")
        done = image("wheelhouse", fresh)
        if done.status != 0:
            pytest.skip(f"the wheels cannot be fetched: {done.err.strip()[-300:]}")
        fresh.rename(wheels)
    if not project.is_dir():
        _snapshot(project)
    script, mine, reference = (
        ROOT / "tools" / "base_image.sh",
        folder / "base",
        folder / "base.txt",
    )
    if not (base / "layout").is_dir():
        done = run(script, "start", base)
        if done.status != 0:
            pytest.skip(f"the base cannot be made: {done.err.strip()[-300:]}")
        run(script, "stop", base)
    if not reference.exists():
        mine.mkdir()
        (mine / "layout").symlink_to(base / "layout")
        done = run(script, "start", mine)
        assert done.status == 0, done.err
        reference.write_text(done.out.strip())
    return Bench(folder, project, reference.read_text(), wheels)


def _snapshot(project: Path) -> None:
    # Others may be changing the tree, and two builds are to be of one state.
    fresh = project.with_name("project.part")
    assemble(ROOT, fresh, None)
    git = ("git", "-C", fresh, "-c", "user.name=a", "-c", "user.email=a@example.org")
    day = {"GIT_AUTHOR_DATE": DAY, "GIT_COMMITTER_DATE": DAY}
    for command in (
        ("git", "init", "-q", fresh),
        (*git, "remote", "add", "origin", "git@example.org:team/project.git"),
        (*git, "add", "-A"),
        (*git, "commit", "-q", "-m", "a"),
    ):
        done = run(*command, env=day)
        assert done.status == 0, done.err
    fresh.rename(project)


def _start_docker(folder: Path, host: str) -> None:
    with (folder / "docker.log").open("wb") as log:
        daemon = subprocess.Popen(
            [
                "dockerd", "--data-root", folder / "docker", "--exec-root", folder / "exec",
                "--pidfile", folder / "dockerd.pid", "-H", host,
                "--iptables=false", "--bridge=none",
            ],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    for _ in range(300):
        if daemon.poll() is not None:
            break
        if run("docker", "-H", host, "version").status == 0:
            (folder / "docker.pid").write_text(str(daemon.pid))
            return
        time.sleep(0.1)
    daemon.terminate()
    lines = (folder / "docker.log").read_text().splitlines()
    pytest.skip(f"dockerd does not start here: {lines[-1] if lines else 'no reason given'}")


def _clear(folder: Path) -> None:
    if (folder / "docker.pid").exists():
        # It is this session's child or another worker's: it ends when its file has gone.
        os.kill(int((folder / "docker.pid").read_text()), signal.SIGTERM)
        for _ in range(200):
            if not (folder / "dockerd.pid").exists():
                break
            time.sleep(0.1)
    run(ROOT / "tools" / "base_image.sh", "stop", folder / "base")
    shutil.rmtree(folder, ignore_errors=True)


def _roomy(otherwise: Path) -> Path:
    # Five builds write some 20 GB.
    memory = Path("/dev/shm")
    if not memory.is_dir() or os.statvfs(memory).f_flag & os.ST_NOEXEC:
        return otherwise
    return memory if shutil.disk_usage(memory).free > 6e9 else otherwise


@contextmanager
def _locked(path: Path):
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
