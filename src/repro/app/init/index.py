"""The files that a lock stands for: pip is asked for each system, and the answers are the index.

    python -m repro.app.init.index LOCK INDEX

A lock has versions and hashes, and no file names. Nix needs them, since it fetches each wheel
separately. In the index there is nothing else: no address, no time, no path of this machine.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Report = Iterable[Mapping[str, Any]]

# Of the image and of Nix.
PYTHON = "3.13"
SCHEMA = "repro.wheels/v1"


def _manylinux(machine: str) -> list[str]:
    # Newest first, as pip prefers them; none that needs a newer C library than the images have.
    return [f"manylinux_2_{minor}_{machine}" for minor in range(34, 4, -1)]


class System(NamedTuple):
    """A system that Nix names: the tags of its wheels, and what markers see on it."""

    tags: list[str]
    sys_platform: str
    platform_system: str
    platform_machine: str


SYSTEMS = {
    "aarch64-darwin": System(["macosx_14_0_arm64"], "darwin", "Darwin", "arm64"),
    "aarch64-linux": System(_manylinux("aarch64"), "linux", "Linux", "aarch64"),
    "x86_64-darwin": System(["macosx_14_0_x86_64"], "darwin", "Darwin", "x86_64"),
    "x86_64-linux": System(_manylinux("x86_64"), "linux", "Linux", "x86_64"),
}


class Wheel(NamedTuple):
    """One file that is installed on some of the systems."""

    name: str
    version: str
    file: str
    sha256: str


def reported(system: System, folder: Path, locks: Sequence[Path]) -> list[dict[str, Any]]:
    """Ask pip what it would install from locks on a system; nothing is installed.

    Raises
    ------
    PreconditionError
        If a package has no wheel for the system, or no index can be reached.
    """
    report = folder / "report.json"
    tags = [part for tag in system.tags for part in ("--platform", tag)]
    named = [part for path in locks for part in ("-r", str(path))]
    command = [
        sys.executable, "-P", "-m", "pip", "install", "-q", "--disable-pip-version-check",
        "--dry-run",
        "--ignore-installed", "--no-deps", "--only-binary", ":all:", "--require-hashes",
        "--implementation", "cp", "--python-version", PYTHON, *tags,
        "--target", str(folder / "nothing"), "--report", str(report), *named,
    ]  # fmt: skip
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise PreconditionError(
            f"pip finds no wheel for every package on {system.platform_system} "
            f"{system.platform_machine}: {last}",
            advice="see that the package index can be reached; a package without a wheel for one "
            "of the systems cannot be locked",
        )
    installed: list[dict[str, Any]] = json.loads(report.read_text())["install"]
    return installed


def wheel(entry: Mapping[str, Any]) -> Wheel:
    """Return the file that an entry of pip's report names, without where it came from."""
    download, metadata = entry["download_info"], entry["metadata"]
    file = PurePosixPath(unquote(urlsplit(download["url"]).path)).name
    sha256 = download["archive_info"]["hashes"]["sha256"]
    return Wheel(canonicalize_name(metadata["name"]), metadata["version"], file, sha256)


def index(reports: Mapping[str, Report], locks: Mapping[str, str]) -> str:
    """Return the wheel index: each file once, with the systems that it is for."""
    systems: dict[Wheel, list[str]] = {}
    for system, entries in reports.items():
        for entry in entries:
            systems.setdefault(wheel(entry), []).append(system)
    content = {
        "schema": SCHEMA,
        "python": PYTHON,
        "locks": dict(locks),
        "wheels": [{**w._asdict(), "systems": sorted(systems[w])} for w in sorted(systems)],
    }
    return json.dumps(content, indent=2) + "\n"


def main(lock: Path, target: Path) -> None:
    """Write the index of one lock."""
    with tempfile.TemporaryDirectory() as folder:
        found = {name: reported(each, Path(folder), [lock]) for name, each in SYSTEMS.items()}
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    target.write_text(index(found, {lock.name: digest}), encoding="utf-8")


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[1:]))
    except PreconditionError as error:
        sys.exit(f"error: {error.message}\n  next: {error.advice}")
