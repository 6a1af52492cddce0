"""Cells in containers: in an image of any distribution, or in the project's own."""

from __future__ import annotations

import os
import shutil
import sys
from functools import cache
from typing import TYPE_CHECKING

from repro.app.image.sources import read_commit
from repro.app.matrix.job import INSIDE, Plan, UnavailableError
from repro.app.matrix.processes import run, succeeds
from repro.app.matrix.wheels import wheels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repro.app.matrix.cells import Cell
    from repro.app.matrix.job import Job

FROM_WHEELS = ("--wheels", "/wheels")
_OWN_NAME, _OWN_PYTHON = "repro", "/opt/repro/bin/python"


def image(job: Job) -> Plan:
    """Train in the cell's image, without a network if the image has everything."""
    engine, name = _engine(), job.cell.image or ""
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[job.cell.platform[1]]
    kind = ("--platform", f"linux/{architecture}")
    if run((engine, "image", "inspect", name), job.log):
        job.do(engine, "pull", "-q", *kind, name)
    packages = job.cell.packages
    rights = ("--network", "host") if packages else _unprivileged()
    python = python_inside(job.cell)
    inside = ("sh", "/matrix/image.sh", *packages, "--", python, *job.training_inside(*FROM_WHEELS))
    mounts = {"/project:ro": job.project, "/wheels:ro": wheels(job)}
    return _in_container(job, engine, (*kind, *rights), mounts, (name, *inside))


def python_inside(cell: Cell) -> str:
    """Return the name of the interpreter in a cell that brings its own."""
    versioned = f"python{cell.python}"
    return versioned if versioned in cell.packages else "python3"


def own_image(job: Job) -> Plan:
    """Train in the project's own image with what it contains; build it if it does not exist."""
    engine = _engine()
    label = '{{index .Config.Labels "org.opencontainers.image.revision"}}'
    inspect = (engine, "image", "inspect", "--format", label, _OWN_NAME)
    if run(inspect, job.log):
        target = f"oci:{job.work / 'image'}"
        build = (sys.executable, "-P", "-m", "repro", "image", "build")
        job.do(*build, "--project", job.project, "--output", target)
        job.do(*inspect)
    found, wanted = job.log.read_text(encoding="utf-8").strip(), read_commit(job.project).revision
    if found != wanted:
        raise UnavailableError(
            f"the image is of revision {found or 'unknown'}, the project of {wanted or 'unknown'}:"
            " build it again with: repro image build"
        )
    inside = (_OWN_PYTHON, *job.training_inside("--python", _OWN_PYTHON))
    return _in_container(job, engine, _unprivileged(), {}, (_OWN_NAME, *inside))


def _in_container(
    job: Job,
    engine: str,
    options: Sequence[str],
    mounts: dict[str, Path],
    inside: Sequence[str],
) -> Plan:
    name = f"repro-matrix-{os.getpid()}-{job.name}"
    mounts = {"/matrix:ro": INSIDE, "/cell": job.folder} | mounts
    bound = [word for to, path in mounts.items() for word in ("--volume", f"{path}:{to}")]
    fixed = ("run", "--rm", "--init", "--name", name, "--env", "HOME=/cell", "--entrypoint", "")
    return Plan(
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
        if shutil.which(name) and succeeds(name, "version"):
            return name
    raise UnavailableError("no container engine responds (docker, podman)")
