"""The installed distribution that a file comes from, and whether the file was changed since."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from repro.capture.packages import installed, requirements_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.metadata import Distribution

_CODE = (".py", ".pyc", ".pyd", ".pth", ".dll", ".dylib", ".so", ".zip", ".egg", ".whl")
_SITE = {"site-packages", "dist-packages"}


# Of a file: its place on the disk, its size, and when it was changed.
_State: TypeAlias = tuple[int, int, int, int]
# The owner of a file, and the hash and size that its list has, as "sha256=...,123".
_Entry: TypeAlias = tuple[str, str]


class Inventory:
    """The files of the installed distributions, as their own lists name them.

    A distribution that is installed from a folder of sources lists none of its modules, so that
    these come from no distribution. One without a list claims what its top-level names cover.

    Parameters
    ----------
    believed : iterable of str
        Distributions whose files need no hash: a system's own packages list none, and native
        libraries of hundreds of megabytes are compared by their size.
    """

    def __init__(self, believed: Iterable[str] = ()) -> None:
        self.believed = frozenset(believed)
        self._vouched: dict[str, tuple[_State, bool]] = {}
        self._files: dict[str, _Entry] = {}
        self._tops: dict[tuple[str, str], str] = {}
        self._folders: set[str] = set()
        self._links: dict[str, str] | None = None
        for name, _, distribution in installed():
            folder = str(Path(str(distribution.locate_file(""))).absolute())
            self._folders.add(folder)
            record = distribution.read_text("RECORD")
            if record is None:
                self._tops |= {(folder, top): name for top in _top_levels(name, distribution)}
                continue
            for path, listed in _lines(record):
                self._files.setdefault(_joined(folder, path), (name, listed))

    def owner(self, file: str) -> str | None:
        """Return the distribution that a file belongs to, whatever its content is now."""
        entry = self._entry(file)
        return entry[0] if entry else self._by_top(file)

    def vouches_for(self, file: str) -> bool:
        """Return whether a distribution provides a file, with the content that it has now.

        A file is hashed again only once it was changed.
        """
        state = _state(file)
        known = self._vouched.get(file)
        if known is None or known[0] != state:
            known = self._vouched[file] = state, self._vouches_for(file)
        return known[1]

    def _vouches_for(self, file: str) -> bool:
        entry = self._entry(file)
        if entry is None:
            # A list of names says nothing of a folder of sources that lies on the import path.
            in_site = bool(_SITE & set(Path(file).parts))
            return in_site and self._by_top(file) in self.believed
        return _is_as_listed(file, entry[1], believed=entry[0] in self.believed)

    def digest_of(self, name: str) -> str | None:
        """Return the SHA-256 of what a distribution lists of its sources; None if it lists none.

        A version does not identify them: somebody may have built and installed it again. Native
        modules are left out, since one version has as many of them as there are systems.
        """
        lines = sorted(
            f"{self._relative(path)},{listed}\n"
            for path, (owner, listed) in self._files.items()
            if owner == name and path.endswith(".py") and listed.startswith("sha256=")
        )
        return hashlib.sha256("".join(lines).encode()).hexdigest() if lines else None

    def _relative(self, path: str) -> str:
        folder = next((f for f in self._folders if path.startswith(f + os.sep)), "")
        return path.removeprefix(folder + os.sep).replace(os.sep, "/")

    @property
    def top_levels(self) -> set[str]:
        """The names of the modules and packages that the distributions bring."""
        found = {top for _, top in self._tops}
        for path in self._files:
            folder = next((f for f in self._folders if path.startswith(f + os.sep)), None)
            if folder is not None:
                found.add(path[len(folder) + 1 :].partition(os.sep)[0].partition(".")[0])
        return found

    def _entry(self, file: str) -> _Entry | None:
        if file in self._files:
            return self._files[file]
        if self._links is None:
            self._links = dict(self._linked())
        real = os.path.realpath(file)
        if real in self._links:
            return self._files.get(self._links[real])
        for folder, given in self._links.items():
            if real.startswith(folder + os.sep):
                found = self._files.get(given + real[len(folder) :])
                if found:
                    return found
        return None

    def _linked(self) -> Iterator[tuple[str, str]]:
        """Give what is reached by a link: folders, packages in them, and native libraries."""
        yield from ((os.path.realpath(folder), folder) for folder in self._folders)
        tops = {
            path[: path.index(os.sep, len(folder) + 1)]
            for path in self._files
            for folder in self._folders
            if path.startswith(folder + os.sep) and os.sep in path[len(folder) + 1 :]
        }
        native = {path for path in self._files if not path.endswith((".py", ".pyc"))}
        for path in tops | native:
            if os.path.islink(path):  # noqa: PTH114 - a thousand paths are slow
                yield os.path.realpath(path), path

    def _by_top(self, file: str) -> str | None:
        for (folder, top), name in self._tops.items():
            if file.startswith(folder + os.sep):
                first = file[len(folder) + 1 :].partition(os.sep)[0]
                if first.partition(".")[0] == top:
                    return name
        return None


def with_requirements(names: Iterable[str]) -> set[str]:
    """Return distributions and all that they require, directly or not, where it is installed."""
    present = {name for name, _, _ in installed()}
    found = set(names) & present
    pending = list(found)
    while pending:
        needed = set(requirements_of(pending.pop())) & present
        pending += needed - found
        found |= needed
    return found


def _lines(record: str) -> list[tuple[str, str]]:
    found = []
    for line in record.splitlines():
        path, _, listed = line.partition(",")
        if line.startswith('"'):
            path, *rest = next(csv.reader([line]))
            listed = ",".join(rest)
        if path.endswith(_CODE) or ".so." in path:
            found.append((path, listed))
    return found


def _joined(folder: str, path: str) -> str:
    whole = f"{folder}{os.sep}{path}" if os.sep == "/" else os.path.join(folder, path)  # noqa: PTH118
    return os.path.normpath(whole) if ".." in path or os.sep != "/" else whole


def owners_of_top_levels() -> dict[tuple[str, str], str]:
    """Return the distribution that brings each top-level module, by folder and module.

    Only the first words of the lists are looked at: a tenth of the time of an `Inventory`.
    """
    found: dict[tuple[str, str], str] = {}
    for name, _, distribution in installed():
        folder = str(Path(str(distribution.locate_file(""))).absolute())
        record = distribution.read_text("RECORD")
        firsts = {line.partition("/")[0] for line in (record or "").splitlines()}
        tops = {each.partition(",")[0].partition(".")[0] for each in firsts}
        for top in tops if record is not None else _top_levels(name, distribution):
            found.setdefault((folder, top), name)
    return found


def _top_levels(name: str, distribution: Distribution) -> list[str]:
    listed = (distribution.read_text("top_level.txt") or "").split()
    return listed or [name.replace("-", "_")]


def _state(file: str) -> _State:
    try:
        found = os.stat(file)  # noqa: PTH116 - a thousand files: pathlib takes as long
    except OSError:
        return 0, 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is_as_listed(file: str, listed: str, *, believed: bool) -> bool:
    hashed, _, size = listed.partition(",")
    kind, _, digest = hashed.partition("=")
    try:
        if believed and not file.endswith((".py", ".pth")):
            return not size or os.stat(file).st_size == int(size)  # noqa: PTH116 - as below
        if kind != "sha256":
            return believed
        with open(file, "rb") as opened:  # noqa: PTH123 - a thousand files: pathlib takes as long
            found = hashlib.sha256(opened.read()).digest()
    except (OSError, ValueError):
        return False
    return base64.urlsafe_b64encode(found).decode().rstrip("=") == digest.rstrip("=")
