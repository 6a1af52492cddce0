"""The ways to train in a cell: in its image, on a machine of its kind, or in what stands in.

A way is a function from a job to a command, and says why where it does not exist here.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from matrix_cells.processes import next_step, run, told
from oci.sources import read_commit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matrix_cells.model import Cell

ROOT = Path(__file__).resolve().parent.parent.parent
_HERE = Path(__file__).resolve().parent
_WHEELS = ("--wheels", "/wheels")
_OWN_NAME, _OWN_PYTHON = "repro", "/opt/repro/bin/python"
# The C library of the oldest image is newer; pip has to be told of each version up to this one.
_GLIBC_MINOR = 34
_ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
# What stands before the name of a tool.
_BEFORE = {*_ALONE, sys.executable, "-P", "-m", "env"}
_ANSWER_SECONDS = 20
# Nothing of it is kept on disk: the project may have changed since another call.
_BUILT: set[Path] = set()


class UnavailableError(Exception):
    """A way to train does not exist on this machine; the message says why."""


@dataclass(frozen=True)
class Way:
    """How a cell is trained in here.

    Attributes
    ----------
    title : str
        For a person, such as ``chroot of bookworm``.
    command : tuple of str
    end : tuple of str
        The command that ends it, where killing the first one is not enough.
    """

    title: str
    command: tuple[str, ...]
    end: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """A training to be done in a cell.

    Attributes
    ----------
    work : Path
        The folder for all that is kept from call to call; absolute.
    arguments : tuple of str
        For ``repro train``.
    """

    name: str
    cell: Cell
    work: Path
    arguments: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where the cell has its environment, run and record."""
        return self.work / "cells" / self.name

    @property
    def log(self) -> Path:
        """What the last command printed."""
        return self.work / "logs" / f"{self.name}.txt"

    def training(self, *source: str) -> tuple[str, ...]:
        """Return the command that trains in a cell with the file names of this machine."""
        where = ("--project", str(ROOT), "--cell", str(self.folder))
        return (str(_HERE / "train.py"), *where, *source, *self._what)

    def training_inside(self, *source: str) -> tuple[str, ...]:
        """Return the command for a cell that has file names of its own."""
        where = ("--project", "/project", "--cell", "/cell")
        return ("/matrix/train.py", *where, *source, *self._what)

    @property
    def _what(self) -> tuple[str, ...]:
        level = ("--level", self.cell.level) if self.cell.level else ()
        # Last, since the last one counts: a cell that has a level is trained at no other.
        return ("--lock", self.cell.lock, "--", *self.arguments, *level)

    def do(self, *command: str | Path) -> None:
        """Run a command that makes something for the cell.

        Raises
        ------
        UnavailableError
            If it fails.
        """
        if run(command, self.log):
            words = (str(word) for word in command)
            tool = Path(next(w for w in words if w not in _BEFORE and "=" not in w)).name
            reason = f"{tool} failed: {told(self.log)}"
            raise UnavailableError(f"{reason} (next: {next_step(self.log)})")


def ways(cell: Cell, *, exact: bool) -> Iterator[Callable[[Job], Way]]:
    """Give the ways to train in a cell, the truest first.

    Parameters
    ----------
    exact : bool
        Whether nothing may stand in for it.
    """
    if cell.image == "own":
        yield own_image
    elif cell.image is not None:
        yield image
    else:
        yield same_machine
    stand_ins = {"interpreter": interpreter, "chroot": chroot, "emulation": emulation}
    if cell.stand_in is not None and not exact:
        yield stand_ins[cell.stand_in]


def same_machine(job: Job) -> Way:
    """Train in the environment that runs this, where machine and Python are the cell's."""
    here = (platform.system(), platform.machine(), "{}.{}".format(*sys.version_info))
    asked = (*job.cell.platform, job.cell.python)
    if here != asked:
        told_asked, told_here = (f"{s} on {m} with Python {v}" for s, m, v in (asked, here))
        raise UnavailableError(f"it is of {told_asked}, and this is {told_here}")
    return Way("native", (sys.executable, *job.training("--python", sys.executable)))


def interpreter(job: Job) -> Way:
    """Train by a Python of the cell's version that is installed here."""
    here = (platform.system(), platform.machine())
    if here != job.cell.platform:
        raise UnavailableError("no Python of this machine can stand in for one of another kind")
    python = _interpreter(job.cell.python)
    command = (python, *job.training("--wheels", str(_wheels(job))))
    return Way(f"Python {job.cell.python} here", command)


def chroot(job: Job) -> Way:
    """Train in a Debian tree, as root."""
    _need("mmdebstrap", "unshare")
    if os.geteuid() != 0:
        raise UnavailableError("only root can change into the tree of another Debian")
    if platform.machine() != job.cell.platform[1]:
        raise UnavailableError("a tree of another architecture does not run here")
    suite, packages = job.cell.suite or "", ",".join(job.cell.packages)
    made_of = hashlib.sha256(packages.encode()).hexdigest()[:8]
    tree = job.work / "trees" / f"{suite}-{made_of}"
    if not tree.exists():
        _debian(job, tree, suite, packages)
    folders = map(str, (tree, ROOT, _HERE, _wheels(job), job.folder))
    inside = (_python_inside(job.cell), *job.training_inside(*_WHEELS))
    return Way(f"chroot of {suite}", (*_ALONE, str(_HERE / "chroot.sh"), *folders, *inside))


def _debian(job: Job, tree: Path, suite: str, packages: str) -> None:
    half = tree.with_name(tree.name + ".half")
    shutil.rmtree(half, ignore_errors=True)
    tree.parent.mkdir(parents=True, exist_ok=True)
    # Testing is signed for a week at a time, and a mirror may be older: signed it has to be, but
    # not lately.
    options = ("--variant=apt", '--aptopt=Acquire::Check-Valid-Until "false"')
    try:
        job.do(*_ALONE, "mmdebstrap", *options, f"--include={packages}", suite, half)
        half.rename(tree)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def emulation(job: Job) -> Way:
    """Train on an emulated processor of the cell's architecture."""
    _need("mmdebstrap", "qemu-aarch64")
    script = ROOT / "tools" / "arm64_environment.sh"
    sources = [script, ROOT / "requirements.txt", ROOT / "pyproject.toml"]
    made_of = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    folder = job.work / "trees" / f"arm64-{made_of[:8]}"
    if not folder.exists():
        job.do("env", f"PYTHON={sys.executable}", script, folder)
    command = (sys.executable, *job.training("--python", str(folder / "python")))
    return Way("emulated by qemu-aarch64", command)


def image(job: Job) -> Way:
    """Train in the cell's image, without a network where all is in it that is needed."""
    engine, name = _engine(), job.cell.image or ""
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[job.cell.platform[1]]
    kind = ("--platform", f"linux/{architecture}")
    if run((engine, "image", "inspect", name), job.log):
        job.do(engine, "pull", "-q", *kind, name)
    packages = job.cell.packages
    rights = ("--network", "host") if packages else _unprivileged()
    python = _python_inside(job.cell)
    inside = ("/matrix/image.sh", *packages, "--", python, *job.training_inside(*_WHEELS))
    mounts = {"/project:ro": ROOT, "/wheels:ro": _wheels(job)}
    return _in_container(job, engine, (*kind, *rights), mounts, (name, *inside))


def _python_inside(cell: Cell) -> str:
    versioned = f"python{cell.python}"
    return versioned if versioned in cell.packages else "python3"


def own_image(job: Job) -> Way:
    """Train in this project's own image, by what is in it; it is built where there is none."""
    engine = _engine()
    label = '{{index .Config.Labels "org.opencontainers.image.revision"}}'
    inspect = (engine, "image", "inspect", "--format", label, _OWN_NAME)
    if run(inspect, job.log):
        target = f"oci:{job.work / 'image'}"
        job.do(sys.executable, ROOT / "scripts" / "image.py", "build", "--output", target)
        job.do(*inspect)
    found, wanted = job.log.read_text(encoding="utf-8").strip(), read_commit(ROOT).revision
    if found != wanted:
        raise UnavailableError(
            f"the image here is of revision {found or 'none'}, and this is {wanted or 'none'}:"
            " make image"
        )
    inside = (_OWN_PYTHON, *job.training_inside("--python", _OWN_PYTHON))
    return _in_container(job, engine, _unprivileged(), {}, (_OWN_NAME, *inside))


def _in_container(
    job: Job,
    engine: str,
    options: Sequence[str],
    mounts: dict[str, Path],
    inside: Sequence[str],
) -> Way:
    name = f"repro-matrix-{os.getpid()}-{job.name}"
    mounts = {"/matrix:ro": _HERE, "/cell": job.folder} | mounts
    bound = [word for to, path in mounts.items() for word in ("--volume", f"{path}:{to}")]
    fixed = ("run", "--rm", "--init", "--name", name, "--env", "HOME=/cell", "--entrypoint", "")
    return Way(
        f"image, by {engine}",
        (engine, *fixed, *options, *bound, *inside),
        (engine, "rm", "--force", name),
    )


def _unprivileged() -> tuple[str, ...]:
    return (
        "--network", "none", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",  # noqa: S108
        "--security-opt", "no-new-privileges", "--user", f"{os.getuid()}:{os.getgid()}",
    )  # fmt: skip


@cache
def _engine() -> str:
    for name in ("docker", "podman"):
        if shutil.which(name) and _succeeds(name, "version"):
            return name
    raise UnavailableError("no engine of containers answers here (docker, podman)")


def _succeeds(*command: str) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_ANSWER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@cache
def _interpreter(version: str) -> str:
    name = f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(name), *map(str, sorted(pyenv.glob(f"{version}.*/bin/{name}")))]
    # A name alone promises nothing: pyenv puts one in the path for every version it knows of.
    says = f"import sys, venv, ensurepip; sys.exit('{version}' != '%d.%d' % sys.version_info[:2])"
    for path in filter(None, found):
        if _succeeds(path, "-c", says):
            return path
    raise UnavailableError(f"no Python {version} with venv is installed here")


def _need(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise UnavailableError(f"{' and '.join(missing)}: not installed")


def _wheels(job: Job) -> Path:
    """Return a folder with the locked wheels for a cell, and with this project's own.

    They are fetched out here, by the settings of this machine's pip, so that nothing of a network
    or of those settings is needed inside.
    """
    folder, version, machine = job.work / "wheels", job.cell.python, job.cell.platform[1]
    lock = ROOT / job.cell.lock
    made_of = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    stamp = folder / f".{version}-{machine}-{made_of}"
    pip = (sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "-q")
    if not stamp.exists():
        platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(17, _GLIBC_MINOR + 1)]
        platforms.append(f"manylinux2014_{machine}")
        job.do(
            *pip, "download", "--dest", folder, "--no-deps", "--only-binary", ":all:",
            "--require-hashes", "--implementation", "cp", "--python-version", version,
            *(f"--platform={name}" for name in platforms), "-r", lock,
        )  # fmt: skip
        stamp.touch()
    _own_wheel(job, pip, folder / "own")
    return folder


def _own_wheel(job: Job, pip: Sequence[str], folder: Path) -> None:
    """Build this project's wheel, once a call."""
    if folder not in _BUILT:
        shutil.rmtree(folder, ignore_errors=True)
        options = ("--no-deps", "--no-build-isolation", "--no-index")
        job.do(*pip, "wheel", *options, "--wheel-dir", folder, ROOT)
        _BUILT.add(folder)
