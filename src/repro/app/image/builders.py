"""The programs that can build an image, best first.

Each build starts from nothing: no cache and no store of an earlier one can be a part of it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from repro.app.image.failures import explain
from repro.app.image.processes import run, undisturbed
from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from repro.app.image.sources import Base

TAG = "repro"
# The first BuildKit that sets the times of files in layers, and the first Docker that has it.
_BUILDKIT, _ENGINE = (0, 13), 26


@dataclass(frozen=True)
class Build:
    """The inputs of a build, and its circumstances.

    Attributes
    ----------
    context : Path
        Folder with the Dockerfile and what it copies.
    arguments : Mapping of str to str
        The Dockerfile's.
    time : int
        The time that everything in the image gets, in seconds since 1970.
    log : Path
        Where the builder's output goes.
    variables : Mapping of str to str
        Of the environment, beyond this process's own.
    umask : int
        The builder's; -1 is that of this process.
    """

    context: Path
    base: Base
    arguments: Mapping[str, str]
    time: int
    log: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    umask: int = -1

    def run(self, folder: Path, *command: str | Path) -> None:
        """Run a command of the build, and explain it if it fails.

        Parameters
        ----------
        folder : Path
            For temporary files, which an interrupted command leaves behind.
        """
        variables = {"TMPDIR": str(folder), **self.variables}
        logged(command, self.log, variables, umask=self.umask, base=str(self.base))

    def options(self) -> list[str]:
        """Return the arguments as all builders take them."""
        return [part for pair in self.arguments.items() for part in ("--build-arg", "=".join(pair))]


class Builder(Protocol):
    """A program that builds images.

    Attributes
    ----------
    repeatable : bool
        Whether two builds of the same sources give one digest.
    """

    name: str
    repeatable: bool

    def lacks(self) -> str:
        """Return why it cannot be used on this machine; an empty text if it can."""

    def build(self, build: Build, layout: Path) -> None:
        """Build an image and write it as an OCI layout to a folder that does not exist yet."""


class BuildKit:
    """Docker with a BuildKit that can set the times of files in layers."""

    name = "buildkit"
    repeatable = True

    def lacks(self) -> str:
        """Return why it cannot be used on this machine; an empty text if it can."""
        if not shutil.which("docker"):
            return "Docker is not installed"
        if answer_of("docker", "buildx", "version") is None:
            return "Docker has no buildx"
        inspected = answer_of("docker", "buildx", "inspect") or ""
        found = re.search(r"BuildKit( version)?:\s+v?(\d+)\.(\d+)", inspected)
        if not found:
            return "Docker's BuildKit does not respond"
        version, own = (
            (int(found[2]), int(found[3])),
            re.search(r"Driver:\s+docker$", inspected, re.M),
        )
        stores = answer_of("docker", "info", "--format", "{{.DriverStatus}}") or ""
        if own and "io.containerd.snapshotter" not in stores:
            return "Docker's built-in BuildKit cannot export without the containerd image store"
        if version == (0, 0):
            # Distributions leave it out; it is then that of the engine.
            engine = answer_of("docker", "version", "--format", "{{.Server.Version}}") or "0"
            return (
                "" if int(engine.partition(".")[0]) >= _ENGINE else f"Docker {engine} is before 26"
            )
        return "" if version >= _BUILDKIT else f"BuildKit {found[2]}.{found[3]} is before 0.13"

    def build(self, build: Build, layout: Path) -> None:
        """Build an image and write it as an OCI layout to a folder that does not exist yet."""
        with scratch() as folder:
            archive = folder / "image.tar"
            form = "rewrite-timestamp=true,compression=uncompressed,force-compression=true"
            build.run(
                folder, "docker", "buildx", "build",
                "--no-cache", "--provenance=false", "--sbom=false",
                *build.options(), "--build-arg", f"BASE_FROM={build.base.source}",
                "--build-arg", f"SOURCE_DATE_EPOCH={build.time}", "--network", "host",
                "--output", f"type=oci,dest={archive},{form}", build.context,
            )  # fmt: skip
            with tarfile.open(archive) as content:
                content.extractall(layout, filter="data")


class Buildah:
    """Buildah, which needs no daemon."""

    name = "buildah"
    repeatable = True

    def lacks(self) -> str:
        """Return why it cannot be used on this machine; an empty text if it can."""
        missing = [tool for tool in ("buildah", "skopeo") if not shutil.which(tool)]
        return f"{' and '.join(missing)} not installed" if missing else ""

    def build(self, build: Build, layout: Path) -> None:
        """Build an image and write it as an OCI layout to a folder that does not exist yet."""
        with scratch() as folder:
            root, state = folder / "root", folder / "run"
            # A different driver would give the same files, and encode removed ones differently.
            store = ("--root", root, "--runroot", state, "--storage-driver", "vfs")
            # Whatever its name says, netavark's locks go there too: otherwise buildah makes them
            # in /etc/containers, even for a build that needs no network of its own.
            networks = ("--cni-config-dir", folder / "networks")
            build.run(
                folder, "buildah", *store, *_registries(build.base, folder), "bud", "--quiet",
                "--timestamp", str(build.time), "--layers=false", "--identity-label=false",
                "--format", "oci", "--isolation", "chroot", "--network", "host", *networks,
                *build.options(),
                "--build-arg", f"SOURCE_DATE_EPOCH={build.time}", "--tag", TAG, build.context,
            )  # fmt: skip
            # As they are: the bytes of a compressed layer depend on the program that compressed it.
            build.run(
                folder, "skopeo", "copy", "--quiet", "--dest-oci-accept-uncompressed-layers",
                f"containers-storage:[vfs@{root}+{state}]localhost/{TAG}:latest",
                f"oci:{layout}:{TAG}",
            )  # fmt: skip


class Docker:
    """Docker with an older BuildKit: the image is usable, and every build has its own digest."""

    name = "docker"
    repeatable = False

    def lacks(self) -> str:
        """Return why it cannot be used on this machine; an empty text if it can."""
        if not shutil.which("docker"):
            return "Docker is not installed"
        if answer_of("docker", "version", "--format", "{{.Server.Version}}") is None:
            return "the Docker daemon does not respond"
        return "" if shutil.which("skopeo") else "skopeo not installed"

    def build(self, build: Build, layout: Path) -> None:
        """Build an image and write it as an OCI layout to a folder that does not exist yet."""
        with scratch() as folder:
            archive = folder / "image.tar"
            build.run(
                folder, "docker", "build", "--no-cache", "--network", "host", *build.options(),
                "--build-arg", f"BASE_FROM={build.base.source}",
                "--build-arg", f"SOURCE_DATE_EPOCH={build.time}", "--tag", TAG, build.context,
            )  # fmt: skip
            build.run(folder, "docker", "save", "--output", archive, TAG)
            build.run(
                folder, "skopeo", "copy", "--quiet",
                f"docker-archive:{archive}", f"oci:{layout}:{TAG}",
            )  # fmt: skip


BUILDERS: tuple[Builder, ...] = (BuildKit(), Buildah(), Docker())


def choose(name: str | None = None) -> Builder:
    """Return the best builder that this machine has, or the one that is named.

    Raises
    ------
    PreconditionError
        If it cannot be used, or none can.
    """
    wanted = [builder for builder in BUILDERS if name in {None, builder.name}]
    reasons = []
    for builder in wanted:
        reason = builder.lacks()
        if not reason:
            return builder
        reasons.append(f"{builder.name}: {reason}")
    advice = "install one; on Debian and Ubuntu: apt install buildah skopeo"
    if any(reason.endswith("does not answer") for reason in reasons):
        other = (
            "leave out --builder" if name else "install buildah and skopeo, which need no daemon"
        )
        advice = f"start it ('systemctl start docker'), or {other}"
    raise PreconditionError(
        f"no image can be built on this machine ({'; '.join(reasons)})", advice=advice
    )


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a folder that has room for gigabytes, and remove it at the end."""
    place = os.environ.get("TMPDIR") or "/var/tmp"  # noqa: S108 - large files belong in it
    if not Path(place).is_dir():
        raise PreconditionError(
            f"TMPDIR={place}: no such folder", advice="create it, or name a different one"
        )
    folder = Path(tempfile.mkdtemp(prefix="repro-image-", dir=place))
    try:
        yield folder
    finally:
        with undisturbed():
            if os.geteuid() != 0 and shutil.which("buildah"):
                # What a store holds belongs to other users, by whom alone it can be removed.
                subprocess.run(["buildah", "unshare", "rm", "-rf", folder], check=False)
            shutil.rmtree(folder, ignore_errors=True)


def _registries(base: Base, folder: Path) -> list[str | Path]:
    # The machine's own settings count where nothing has to be said.
    name, source = _repository(base.name), _repository(base.source)
    if name == source and not base.is_insecure:
        return []
    path = folder / "registries.conf"
    path.write_text(
        f'[[registry]]\nprefix = "{name}"\nlocation = "{source}"\n'
        f"insecure = {str(base.is_insecure).lower()}\n",
        encoding="utf-8",
    )
    return ["--registries-conf", path]


def _repository(name: str) -> str:
    start, colon, tag = name.rpartition(":")
    return start if colon and "/" not in tag else name


def logged(
    command: Sequence[str | Path],
    log: Path,
    variables: Mapping[str, str],
    *,
    umask: int = -1,
    base: str = "",
) -> None:
    """Run a command with its output in a log.

    Raises
    ------
    PreconditionError
        If it fails; the message explains why.
    """
    with log.open("ab") as file:
        start = file.tell()
        status = run(command, file, variables, umask=umask)
    if status != 0:
        text = log.read_bytes()[start:].decode(errors="replace")
        raise explain(Path(command[0]).name, text, base=base, where=f"'{log}'")


def answer_of(*command: str) -> str | None:
    """Return what a command prints; None if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None
