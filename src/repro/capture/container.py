"""The container around this process, if any."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from repro.core.environment import Container
from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Engines print a digest behind the name of its image.
_DIGEST = re.compile(r"(?:[^@\s]+@)?(sha256:[0-9a-f]{64})")


def observe_container(environ: Mapping[str, str], root: Path = Path("/")) -> Container:
    """Return the kind of container, and the digests in its environment.

    A build puts those of its base and its lock into the image; that of the image itself only who
    starts it can say.

    Raises
    ------
    PreconditionError
        If what stands there is no digest.
    """
    return Container(
        kind=_kind(environ, root),
        image_digest=_digest(environ, "REPRO_IMAGE_DIGEST"),
        base_digest=_digest(environ, "REPRO_BASE_DIGEST"),
        lock_digest=_digest(environ, "REPRO_LOCK_DIGEST"),
    )


def _digest(environ: Mapping[str, str], name: str) -> str | None:
    text = environ.get(name)
    if not text:
        return None
    found = _DIGEST.fullmatch(text)
    if not found:
        raise PreconditionError(
            f"{name} is '{text}', not a digest: expected sha256: and 64 hexadecimal digits",
            advice="use the manifest digest that the build printed, or unset the variable",
        )
    return found[1]


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
