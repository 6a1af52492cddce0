"""The inputs of a build, gathered in one folder."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro import __version__
from repro.app.image.builders import Build
from repro.app.image.sources import assemble, find_base, read_commit
from repro.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_NEEDED = {
    "Dockerfile": "which describes the image",
    ".dockerignore": "which lists the files of the image: '*', then a line '!NAME' for each",
    "requirements.txt": "the lock of the packages in the image",
}


@dataclass(frozen=True)
class Request:
    """An image to build.

    Attributes
    ----------
    project : Path
        The folder with the Dockerfile.
    base : str or None
        A base to build upon in place of the Dockerfile's, as ``NAME@sha256:…``.
    wheelhouse : Path or None
        A folder of wheels; None takes ``wheelhouse`` of the project if it has wheels, or the index.
    source : str or None
        The address of the repository for the labels; None takes the one that git knows.
    """

    project: Path
    base: str | None = None
    wheelhouse: Path | None = None
    source: str | None = None


def prepare(request: Request, context: Path, log: Path) -> Build:
    """Copy everything that an image is made from into a new folder.

    Raises
    ------
    ConfigError, PreconditionError
        If the project lacks a file that an image needs, or the base is not pinned.
    """
    context.mkdir(parents=True)
    assemble(request.project, context, _wheelhouse(request))
    _check_context(request.project, context)
    base = find_base((context / "Dockerfile").read_text(encoding="utf-8"), request.base)
    commit = read_commit(request.project)
    lock = hashlib.sha256((context / "requirements.txt").read_bytes()).hexdigest()
    arguments = {
        "BASE_NAME": base.name,
        "BASE_DIGEST": base.digest,
        "LOCK_DIGEST": f"sha256:{lock}",
        "REVISION": commit.revision,
        "SOURCE": commit.source if request.source is None else request.source,
        "VERSION": __version__,
    }
    index = os.environ.get("PIP_INDEX_URL")
    if index:
        arguments["PIP_INDEX_URL"] = index
    return Build(context, base, arguments, commit.time, log)


def _wheelhouse(request: Request) -> Path | None:
    default = request.project / "wheelhouse"
    if request.wheelhouse is None and any(default.glob("*.whl")):
        return default
    return request.wheelhouse


def check_project(project: Path) -> None:
    """Check that a project has the files that describe an image, before any work is done.

    Raises
    ------
    ConfigError
    """
    for name, meaning in _NEEDED.items():
        if not (project / name).is_file():
            raise ConfigError(
                f"'{project}' has no {name}, {meaning}",
                advice="write it, or name a project that has one with --project",
            )


def _check_context(project: Path, context: Path) -> None:
    for name in ("Dockerfile", "requirements.txt"):
        if not (context / name).is_file():
            raise ConfigError(
                f"{project / '.dockerignore'}: it excludes {name}, which the image needs",
                advice=f"add the line '!{name}'",
            )
