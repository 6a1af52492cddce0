"""The ways to train in a cell: in its image, on a machine of its kind, or in a stand-in.

A way is a function from a job to a plan, and raises ``UnavailableError`` if it does not exist on
this machine.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from repro.app.matrix.containers import FROM_WHEELS, image, own_image, python_inside
from repro.app.matrix.job import ALONE, INSIDE, Plan, UnavailableError
from repro.app.matrix.processes import succeeds
from repro.app.matrix.wheels import wheels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from repro.app.matrix.cells import Cell
    from repro.app.matrix.job import Job

# Of repro's own repository: it installs that source for the emulated processor.
_ARM64 = Path("tools") / "arm64_environment.sh"


def ways(cell: Cell, *, exact: bool) -> Iterator[Callable[[Job], Plan]]:
    """Yield the ways to train in a cell, the truest first.

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


def same_machine(job: Job) -> Plan:
    """Train in the environment that runs this, where machine and Python are the cell's."""
    found = (platform.system(), platform.machine(), "{}.{}".format(*sys.version_info))
    asked = (*job.cell.platform, job.cell.python)
    if found != asked:
        cell, machine = (f"{s} on {m} with Python {v}" for s, m, v in (asked, found))
        raise UnavailableError(f"the cell is {cell}; this machine is {machine}")
    return Plan("native", (sys.executable, *job.training("--python", sys.executable)))


def interpreter(job: Job) -> Plan:
    """Train with a Python of the cell's version that is installed on this machine."""
    if (platform.system(), platform.machine()) != job.cell.platform:
        raise UnavailableError("a Python on this machine cannot stand in for a different system")
    python = _interpreter(job.cell.python)
    command = (python, *job.training("--wheels", str(wheels(job))))
    return Plan(f"Python {job.cell.python}", command)


def chroot(job: Job) -> Plan:
    """Train in a Debian tree, as root."""
    _need("mmdebstrap", "unshare")
    if os.geteuid() != 0:
        raise UnavailableError("only root can enter the file system of a different Debian")
    if platform.machine() != job.cell.platform[1]:
        raise UnavailableError(
            "a file system of a different architecture does not run on this machine"
        )
    suite, packages = job.cell.suite or "", ",".join(job.cell.packages)
    made_of = hashlib.sha256(packages.encode()).hexdigest()[:8]
    tree = job.work / "trees" / f"{suite}-{made_of}"
    if not tree.exists():
        _debian(job, tree, suite, packages)
    folders = map(str, (tree, job.project, INSIDE, wheels(job), job.folder))
    inside = (python_inside(job.cell), *job.training_inside(*FROM_WHEELS))
    return Plan(f"chroot of {suite}", (*ALONE, "sh", str(INSIDE / "chroot.sh"), *folders, *inside))


def _debian(job: Job, tree: Path, suite: str, packages: str) -> None:
    half = tree.with_name(tree.name + ".half")
    shutil.rmtree(half, ignore_errors=True)
    tree.parent.mkdir(parents=True, exist_ok=True)
    # Testing is signed for a week at a time, and a mirror may be older: signed it has to be, but
    # not lately.
    options = ("--variant=apt", '--aptopt=Acquire::Check-Valid-Until "false"')
    try:
        job.do(*ALONE, "mmdebstrap", *options, f"--include={packages}", suite, half)
        half.rename(tree)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def emulation(job: Job) -> Plan:
    """Train on an emulated processor of the cell's architecture."""
    _need("mmdebstrap", "qemu-aarch64")
    script = job.project / _ARM64
    if not script.is_file():
        raise UnavailableError(
            f"the project has no {_ARM64.as_posix()}: emulation needs repro's source"
        )
    sources = [script, job.lock, job.project / "pyproject.toml"]
    made_of = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    folder = job.work / "trees" / f"arm64-{made_of[:8]}"
    if not folder.exists():
        job.do("env", f"PYTHON={sys.executable}", script, folder)
    command = (sys.executable, *job.training("--python", str(folder / "python")))
    return Plan("emulated by qemu-aarch64", command)


@cache
def _interpreter(version: str) -> str:
    name = f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(name), *map(str, sorted(pyenv.glob(f"{version}.*/bin/{name}")))]
    # A name alone promises nothing: pyenv puts one in the path for every version it knows of.
    says = f"import sys, venv, ensurepip; sys.exit('{version}' != '%d.%d' % sys.version_info[:2])"
    for path in filter(None, found):
        if succeeds(path, "-c", says):
            return path
    raise UnavailableError(f"no Python {version} with venv is installed")


def _need(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise UnavailableError(f"{' and '.join(missing)}: not installed")
