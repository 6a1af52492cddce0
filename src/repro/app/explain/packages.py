"""Recorded versions of packages, in front of those that are installed.

Each package is unpacked into a folder of its own, from a wheel: nothing of it runs until a training
imports it, and the installed packages are left as they are. A training that shall have some of them
gets their folders at the head of its import path.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.metadata import distributions
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from repro.capture.packages import normalised
from repro.core.pins import requirement_of
from repro.execution.processes import finished
from repro.launch import module_command, without_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

_PIP = (
    "install", "--only-binary", ":all:", "--no-deps", "--no-compile", "--no-input", "--quiet",
    "--disable-pip-version-check", "--retries", "1",
)  # fmt: skip


class Throwaway:
    """Versions of packages in a folder that somebody else removes.

    Parameters
    ----------
    folder : Path
    recorded : mapping of str to str
        The version of every package on the other side.
    installed : mapping of str to str
        The installed version of every package.
    notify : callable
        Called before every package is fetched.
    """

    def __init__(
        self,
        folder: Path,
        recorded: Mapping[str, str],
        installed: Mapping[str, str],
        notify: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._recorded = recorded
        self._installed = installed
        self._notify = notify

    def fetch(self, name: str, apart: Collection[str]) -> str:
        """Fetch the recorded version of a package, and those of its requirements that differ.

        Parameters
        ----------
        apart : collection of str
            Packages that do not come along, because each of them is fetched for itself.

        Returns
        -------
        str
            Why it cannot be had; empty where it can.
        """
        if importlib.util.find_spec("pip") is None:
            return "pip, which would fetch it, is not installed"
        pending, fetched = [name], set(apart) - {name}
        while pending:
            current = pending.pop()
            fetched.add(current)
            if reason := self._install(current, self._folder / name):
                return reason
            needed = self._needed(self._folder / name, current)
            pending += [other for other in needed if other not in fetched]
        return ""

    def path(self, names: Iterable[str], environ: Mapping[str, str]) -> str:
        """Return the ``PYTHONPATH`` with which a process has these packages."""
        folders = [str(self._folder / name) for name in names]
        inherited = environ.get("PYTHONPATH")
        return os.pathsep.join([*folders, *([inherited] if inherited else [])])

    def _install(self, name: str, folder: Path) -> str:
        version = self._recorded[name]
        if not _is_version(version):
            return f"{version!r} is not a version of {name}"
        self._notify(f"fetching {name} {version}")
        done = finished(
            module_command(
                sys.executable, "pip", *_PIP, "--target", str(folder), f"{name}=={version}"
            ),
            # What pip unpacks on its way goes with the rest, also where it is killed.
            without_folder(os.environ) | {"TMPDIR": str(self._folder)},
        )
        return (
            _reason(name, version, done.stderr.decode(errors="replace")) if done.returncode else ""
        )

    def _needed(self, folder: Path, name: str) -> list[str]:
        """Name what a fetched package requires and this machine has not in the recorded version."""
        found = [one for one in distributions(path=[str(folder)]) if normalised(one.name) == name]
        texts = [text for one in found for text in one.requires or () if "extra ==" not in text]
        names = [normalised(one.name) for text in texts if (one := requirement_of(text))]
        return [
            other
            for other in dict.fromkeys(names)
            if other in self._recorded and self._recorded[other] != self._installed.get(other)
        ]


def _is_version(text: str) -> bool:
    """Return whether a text from a record is a version, and nothing that pip reads as more."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return text == text.strip()


def _reason(name: str, version: str, errors: str) -> str:
    if "Retrying (" in errors or "Could not fetch URL" in errors:
        return "no package index can be reached"
    if "No matching distribution" in errors:
        running = ".".join(map(str, sys.version_info[:2]))
        return f"the package index has no wheel of {name} {version} for Python {running} here"
    lines = errors.strip().splitlines()
    return lines[-1] if lines else f"pip could not install {name} {version}"
