"""Which files the lock stands for: pip is asked for each system, and the answers are the index."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Report = Iterable[Mapping[str, Any]]

ROOT = Path(__file__).resolve().parents[2]
INDEX = "nix/wheels.json"
BILL = "sbom.json"
# What the index and the bill of materials list; each also notes the digest of every lock.
INSTALLED = ("requirements.txt", "requirements-build.txt")
LOCKS = (
    *INSTALLED, "requirements-dev.txt", "requirements-oldest.txt", "requirements-scripts.txt",
)  # fmt: skip
# Of the image and of Nix.
PYTHON = "3.13"
SCHEMA = "repro.wheels/v1"


def _manylinux(machine: str) -> list[str]:
    # Newest first, as pip prefers them; none that needs a newer C library than the images have.
    return [f"manylinux_2_{minor}_{machine}" for minor in range(34, 4, -1)]


class System(NamedTuple):
    """A system that Nix names: the tags of its wheels, and what markers see there."""

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


def reported(system: System, folder: Path) -> list[dict[str, Any]]:
    """Ask pip what it would install from the lock on a system; nothing is installed."""
    report = folder / "report.json"
    tags = [part for tag in system.tags for part in ("--platform", tag)]
    locks = [part for name in INSTALLED for part in ("-r", str(ROOT / name))]
    command = [
        sys.executable, "-P", "-m", "pip", "install", "-q", "--disable-pip-version-check",
        "--dry-run",
        "--ignore-installed", "--no-deps", "--only-binary", ":all:", "--require-hashes",
        "--implementation", "cp", "--python-version", PYTHON, *tags,
        "--target", str(folder / "nothing"), "--report", str(report), *locks,
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
