"""Loading an image into Docker."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from repro.app.image.builders import TAG, answer_of, logged, scratch

if TYPE_CHECKING:
    from pathlib import Path


def load(layout: Path, log: Path) -> str:
    """Load an image into Docker; return the reason if Docker cannot take it.

    Raises
    ------
    PreconditionError
        If Docker is available and loading fails.
    """
    reason = _obstacle()
    if reason:
        return reason
    with scratch() as folder:
        archive = folder / "image.tar"
        target = f"docker-archive:{archive}:{TAG}:latest"
        for command in (
            ("skopeo", "copy", "--quiet", f"oci:{layout}", target),
            ("docker", "load", "--quiet", "--input", str(archive)),
        ):
            logged(command, log, {"TMPDIR": str(folder)})
    return ""


def _obstacle() -> str:
    if not shutil.which("docker"):
        return "Docker is not installed"
    if answer_of("docker", "version", "--format", "{{.Server.Version}}") is None:
        return "the Docker daemon does not respond"
    return "" if shutil.which("skopeo") else "skopeo is not installed"
