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
_REVISION = re.compile(r"((?:[0-9a-f]{40}|[0-9a-f]{64})(?:-dirty)?)")
_EXPECTED = {
    _DIGEST: "a digest: expected sha256: and 64 hexadecimal digits",
    _REVISION: "a commit: expected 40 hexadecimal digits, and -dirty where files differ from it",
}


def observe_container(environ: Mapping[str, str], root: Path = Path("/")) -> Container:
    """Return the kind of container, and the digests that its environment tells.

    A build puts those of its base and its lock, and its commit, into the image; the digest of the
    image itself only who starts it can tell.

    Raises
    ------
    PreconditionError
        If what stands there is no digest, or no commit.
    """
    return Container(
        kind=_kind(environ, root),
        image_digest=_read(environ, "REPRO_IMAGE_DIGEST", _DIGEST),
        base_digest=_read(environ, "REPRO_BASE_DIGEST", _DIGEST),
        lock_digest=_read(environ, "REPRO_LOCK_DIGEST", _DIGEST),
        revision=_read(environ, "REPRO_REVISION", _REVISION),
    )


def _read(environ: Mapping[str, str], name: str, form: re.Pattern[str]) -> str | None:
    text = environ.get(name)
    if not text:
        return None
    found = form.fullmatch(text)
    if not found:
        raise PreconditionError(
            f"{name} is '{text}', not {_EXPECTED[form]}",
            advice="give what the build printed, or leave the variable out",
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
