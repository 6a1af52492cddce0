"""The inputs of an image: the base, the files of the project, and their commit."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.capture.git import observe_git
from repro.core.environment import Repository
from repro.core.errors import ConfigError, PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator

# For a tree without a commit: that of no particular event.
_NO_COMMIT_SECONDS = 1767225600
_REFERENCE = re.compile(r"(?P<name>[^@\s]+)@(?P<digest>sha256:[0-9a-f]{64})")
_ADDRESS = re.compile(r"(?P<host>\[.+?\]|[^/:]+)(?P<port>:\d*)?(?P<path>.*)", re.DOTALL)
_LOOPBACK = re.compile(r"(localhost|127\.[\d.]+|\[::1\])(:\d+)?/")


@dataclass(frozen=True)
class Base:
    """The image that is built upon.

    Attributes
    ----------
    name : str
        What it is; goes into the image's labels.
    source : str
        Where it comes from: the same, or a mirror that has the same bits.
    digest : str
        Of its manifest, or of its list of manifests.
    """

    name: str
    source: str
    digest: str

    @property
    def is_insecure(self) -> bool:
        """True if its registry is on this machine, which needs no encryption."""
        return _LOOPBACK.match(self.source) is not None

    def __str__(self) -> str:
        return f"{self.source}@{self.digest}"


@dataclass(frozen=True)
class Commit:
    """The state of the project's repository, as the image records it.

    Attributes
    ----------
    revision : str
        The commit, with ``-dirty`` where files of the image differ from it; empty if there is
        no commit.
    source : str
        Address of the repository; empty where it has none.
    time : int
        Of the commit, in seconds since 1970.
    """

    revision: str
    source: str
    time: int


def find_base(dockerfile: str, wanted: str | None) -> Base:
    """Return the base that a Dockerfile names, or the one that is wanted instead.

    One with the digest of the Dockerfile's is a mirror of it, and gives the same image.

    Raises
    ------
    ConfigError
        If the wanted one has no digest.
    """
    name, digest = (_argument(dockerfile, key) for key in ("BASE_NAME", "BASE_DIGEST"))
    if not wanted:
        return Base(name, name, digest)
    found = _REFERENCE.fullmatch(wanted)
    if not found:
        raise ConfigError(
            f"base '{wanted}' is not pinned: expected NAME@sha256: and 64 hexadecimal digits",
            advice="find the digest with: skopeo inspect --format '{{.Digest}}' docker://NAME",
        )
    if found["digest"] != digest:
        # Images must not differ by the port at which this machine serves the base.
        name = _LOOPBACK.sub("localhost/", found["name"])
    return Base(name, found["name"], found["digest"])


def python_version(project: Path) -> str:
    """Return the version of Python that the base of a project's image has, such as ``3.13``.

    Raises
    ------
    ConfigError, PreconditionError
        If the project has no Dockerfile, or it names no version.
    """
    path = project / "Dockerfile"
    if not path.is_file():
        raise ConfigError(
            f"'{project}' has no Dockerfile to name a version of Python",
            advice="name the version with --python, or the project with --project",
        )
    text = path.read_text(encoding="utf-8")
    found = re.search(r"python:(\d+\.\d+)", _argument(text, "BASE_NAME"))
    if not found:
        raise PreconditionError(
            "Dockerfile: BASE_NAME does not name a version of Python: expected python:3.…"
        )
    return found[1]


def read_commit(project: Path) -> Commit:
    """Return the state of a project's repository; constants if it has none."""
    found = observe_git(project)
    if not isinstance(found, Repository) or found.commit is None:
        return Commit("", "", _NO_COMMIT_SECONDS)
    time = _git(project, "show", "--no-patch", "--format=%ct", found.commit)
    # Files that the image is not made from do not change it.
    changed = found.dirty and _git(
        project, "status", "--porcelain", "--untracked-files=all", "--", *_names(project)
    )
    revision = found.commit + ("-dirty" if changed else "")
    return Commit(revision, _address(found.remote or ""), int(time))


def assemble(project: Path, folder: Path, wheelhouse: Path | None) -> None:
    """Copy what an image is made from into a folder, and nothing that merely lies about.

    That is what ``.dockerignore`` lets through, without what git ignores.
    """
    for name in _files(project, _names(project)):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(project / name, target)
    if wheelhouse is not None:
        wheels = sorted(wheelhouse.glob("*.whl"))
        if not wheels:
            raise PreconditionError(
                f"'{wheelhouse}' holds no wheels", advice="fill it with: repro image wheelhouse"
            )
        locks = (project / f"requirements{kind}.txt" for kind in ("", "-build"))
        locked = "".join(path.read_text(encoding="utf-8") for path in locks if path.is_file())
        (folder / "wheelhouse").mkdir()
        for wheel in wheels:
            copy = Path(shutil.copyfile(wheel, folder / "wheelhouse" / wheel.name))
            digest = hashlib.sha256(copy.read_bytes()).hexdigest()
            if f"sha256:{digest}" not in locked:
                raise PreconditionError(
                    f"'{wheel}' is not a wheel of the lock: its SHA-256 is {digest}",
                    advice="remove it and fetch the wheels again: repro image wheelhouse",
                )


def _names(project: Path) -> list[str]:
    path = project / ".dockerignore"
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line[1:] for line in lines if line.startswith("!") and line != "!wheelhouse"]


def _files(project: Path, names: list[str]) -> Iterator[str]:
    listed = subprocess.run(
        ["git", "-C", project, "ls-files", "-z", "-co", "--exclude-standard", "--", *names],
        capture_output=True, encoding="utf-8", check=False,
    ) if shutil.which("git") else None  # fmt: skip
    if listed and listed.returncode == 0 and listed.stdout:
        # A file that was removed is still listed until that is committed.
        yield from (n for n in listed.stdout.split("\0") if n and (project / n).is_file())
        return
    for name in names:
        for path in (project / name, *sorted((project / name).rglob("*"))):
            inner = path.relative_to(project / name).parts
            if path.is_file() and not any(p.startswith((".", "__pycache__")) for p in inner):
                yield path.relative_to(project).as_posix()


def _argument(dockerfile: str, name: str) -> str:
    found = re.search(rf"^ARG {name}=(\S+)$", dockerfile, re.MULTILINE)
    if not found:
        raise PreconditionError(f"Dockerfile: no line 'ARG {name}=…'")
    return found[1]


def _git(project: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "--no-optional-locks", "-C", project, *arguments],
        capture_output=True, encoding="utf-8", check=True,
    ).stdout  # fmt: skip


def _address(remote: str) -> str:
    # Clones by ssh, by git and by https are to give the same image.
    _, scheme, place = remote.rpartition("://")
    found = _ADDRESS.fullmatch(place)
    if not found:
        return ""
    # Without a scheme, what follows the colon is not a port.
    path = found["path"] if scheme else (found["port"] or "") + found["path"]
    names = [name for name in path.lstrip(":").split("/") if name]
    return "/".join(["https:/", found["host"].lower(), *names]).removesuffix(".git")
