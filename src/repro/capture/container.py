"""The container around this process, if any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from repro.core.environment import Container

if TYPE_CHECKING:
    from collections.abc import Mapping


def observe_container(environ: Mapping[str, str], root: Path = Path("/")) -> Container:
    """Return the kind of container, and the digests that its build put into the environment."""
    return Container(
        kind=_kind(environ, root),
        image_digest=environ.get("REPRO_IMAGE_DIGEST") or None,
        base_digest=environ.get("REPRO_BASE_DIGEST") or None,
        lock_digest=environ.get("REPRO_LOCK_DIGEST") or None,
    )


def _kind(
    environ: Mapping[str, str], root: Path
) -> Literal["docker", "podman", "kubernetes", "none"]:
    # Kubernetes first: its containers may carry the marks of the engine below it.
    if "KUBERNETES_SERVICE_HOST" in environ:
        return "kubernetes"
    if (root / "run/.containerenv").exists():
        return "podman"
    if (root / ".dockerenv").exists():
        return "docker"
    return "none"
