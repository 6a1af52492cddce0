"""The wheels that a place installs."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from repro.core.pins import lines_of, pins
from repro.execution.places.interface import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.execution.places.workspace import Workspace

_OWN = "repro"
VENDORED = "requirements-repro.txt"
"""The file of a project that names the wheel of repro that it brings along, with its hash."""
# pip needs the name of every version of the C library up to this one; the oldest image has a newer
# one.
_GLIBC_MINOR = 34
# Not kept on disk: the project may have changed since an earlier call.
_BUILT: set[Path] = set()


def wheels(workspace: Workspace, project: Path, version: str, machine: str) -> Path:
    """Return a folder with the locked wheels for a Python, and with the wheel of repro.

    They are fetched with the settings of this machine's pip before anything is trained, so that a
    place needs neither a network nor these settings.

    Raises
    ------
    UnavailableError
        If pip cannot fetch them, or nothing says which repro to install.
    """
    folder, lock = workspace.work / "wheels", project / workspace.lock
    made_of = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    stamp = folder / f".{version}-{machine}-{made_of}"
    pip = (sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "-q")
    if not stamp.exists():
        platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(17, _GLIBC_MINOR + 1)]
        platforms.append(f"manylinux2014_{machine}")
        workspace.do(
            *pip, "download", "--dest", folder, "--no-deps", "--only-binary", ":all:",
            "--require-hashes", "--implementation", "cp", "--python-version", version,
            *(f"--platform={name}" for name in platforms), "-r", lock,
        )  # fmt: skip
        stamp.touch()
    _add_own(workspace, pip, lock, folder / "own")
    return folder


def _add_own(workspace: Workspace, pip: Sequence[str], lock: Path, folder: Path) -> None:
    """Provide the wheel of repro, once a call, unless the lock pins a release.

    It is the one that the project brings along, or it is built from the source.
    """
    if folder in _BUILT:
        return
    shutil.rmtree(folder, ignore_errors=True)
    if _OWN not in pins(lock.read_text(encoding="utf-8")):
        options = ("--no-deps", "--no-index")
        if (lock.parent / VENDORED).is_file():
            _take_vendored(lock.parent, folder)
        elif _is_source(lock.parent):
            building = ("--no-build-isolation", "--wheel-dir", folder, lock.parent)
            workspace.do(*pip, "wheel", *options, *building)
        else:
            raise UnavailableError(
                f"{lock.name} does not pin {_OWN}, and the project has neither its wheel"
                f" ({VENDORED}) nor its source"
            )
    _BUILT.add(folder)


def _take_vendored(project: Path, folder: Path) -> None:
    """Copy the wheel that a project brings along, if it is the one that is named."""
    folder.mkdir(parents=True)
    for line in lines_of((project / VENDORED).read_text(encoding="utf-8")):
        wheel = project / line.text
        try:
            copy = shutil.copy(wheel, folder)
            digest = hashlib.sha256(Path(copy).read_bytes()).hexdigest()
        except OSError as error:
            raise UnavailableError(
                f"{VENDORED}: {line.text} cannot be read: {error.strerror}"
            ) from error
        if f"sha256:{digest}" not in line.hashes:
            raise UnavailableError(f"{line.text} is not the wheel whose hash {VENDORED} has")


def _is_source(project: Path) -> bool:
    try:
        declared = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return canonicalize_name(str(declared.get("project", {}).get("name", ""))) == _OWN
