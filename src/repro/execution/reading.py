"""The data files and environment variables that own code reads while it is imported and trained.

A result can follow from such a file as from a line of code. Files are known by Python's audit
events: one that a library opens in C or C++ raises none.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from repro.core.redaction import is_secret
from repro.tracing.places import Places
from repro.tracing.variables import watch_variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import FrameType

# Modules that read no file beside what they are given.
_KNOWN = frozenset({"sklearn", "catboost", "lightgbm", "xgboost"})
_SITE = ("site-packages", "dist-packages")
_STANDARD = os.path.join(os.path.dirname(os.__file__), "")  # noqa: PTH118, PTH120 - compared as text
_OWN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")  # noqa: PTH100, PTH118, PTH120
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Reads:
    """The files and variables that one process has read, and the code that read each of them."""

    def __init__(self, project: Path) -> None:
        self.allowed: frozenset[str] = frozenset()
        self.readers: dict[str, set[str]] = {}
        self.written: set[str] = set()
        self.variables: dict[str, tuple[str, set[str]]] = {}
        self._places = Places(str(project.resolve()), "/proc/self")
        self._busy = False

    def hook(self, event: str, given: tuple[Any, ...]) -> None:
        """Handle an audit event; an error in it never reaches the program."""
        if event != "open" or self._busy:
            return
        self._busy = True
        try:
            # Called by the interpreter, so that the caller's frame is that of ``open``.
            self._opened(given[0], given[2], sys._getframe(1))  # noqa: SLF001
        except Exception:  # noqa: BLE001 - as above
            return
        finally:
            self._busy = False

    def variable(self, reader: str, name: str, digest: str) -> None:
        """Note a variable; of one that changes meanwhile, what it was first."""
        if self._is_own(reader) and not reader.startswith(_OWN):
            first = HIDDEN if is_secret(name) else digest
            self.variables.setdefault(name, (first, set()))[1].add(reader)

    def _opened(self, path: object, flags: object, frame: FrameType) -> None:
        if not isinstance(path, str | bytes | os.PathLike) or _imports(frame):
            return
        reader = self._reader(frame)
        file = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - called often
        if not reader or not self._places.data(file):
            return
        if isinstance(flags, int) and flags & _WRITES:
            self.written.add(file)
        else:
            self.readers.setdefault(file, set()).add(reader)

    def _reader(self, frame: FrameType | None) -> str:
        """Return the file of the own code that asks; empty if this program or a library does."""
        while frame is not None:
            file = frame.f_code.co_filename
            if file.startswith(_OWN):
                return ""
            if self._is_own(file):
                return file
            frame = frame.f_back
        return ""

    def _is_own(self, file: str) -> bool:
        if file.startswith("<"):
            return False
        folder = next((each for each in _SITE if f"{os.sep}{each}{os.sep}" in file), None)
        if folder is None:
            return not file.startswith(_STANDARD)
        inner = file.rpartition(f"{os.sep}{folder}{os.sep}")[2]
        return inner.partition(os.sep)[0].partition(".")[0] in self.allowed


HIDDEN = "hidden"
"""In place of the digest of a variable whose name looks like that of a secret."""
Variables: TypeAlias = "tuple[tuple[str, str, tuple[str, ...]], ...]"
_reads: list[_Reads] = []


def watch_reads(project: Path, allowed: Sequence[str]) -> None:
    """Note from now on, in this process, what own code reads; an audit hook cannot be removed.

    Parameters
    ----------
    project : Path
        The files below it count, even where it lies among those of the system.
    allowed : sequence of str
        Top-level modules that a configuration trusts. Without one of somebody's own, nothing is
        watched.
    """
    own = frozenset(allowed) - _KNOWN
    if own and not _reads:
        _reads.append(_Reads(project))
        sys.addaudithook(_reads[0].hook)
        watch_variables(_reads[0].variable)
    for reads in _reads:
        reads.allowed |= own


def report_reads() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each file that was read and not written, with the files of code that read it."""
    return tuple(
        (file, tuple(sorted(readers)))
        for reads in _reads
        for file, readers in sorted(reads.readers.items())
        if file not in reads.written
    )


def report_variables() -> Variables:
    """Return name and digest of each variable that was read, with the files that read it."""
    return tuple(
        (name, digest, tuple(sorted(readers)))
        for reads in _reads
        for name, (digest, readers) in sorted(reads.variables.items())
    )


def variables_read(reported: Iterable[Variables], loaded: Iterable[str]) -> dict[str, str]:
    """Return the digest of each variable that own code of a training has read, sorted.

    Parameters
    ----------
    reported : iterable
        As ``report_variables`` returns them, of this process first.
    loaded : iterable of str
        The files of the own modules.
    """
    own = set(loaded)
    found: dict[str, str] = {}
    for variables in reported:
        for name, digest, readers in variables:
            if any(_counts(each, own) for each in readers):
                found.setdefault(name, digest)
    return dict(sorted(found.items()))


def files_read(
    reported: Iterable[tuple[str, Sequence[str]]], loaded: Iterable[str]
) -> tuple[str, ...]:
    """Return the files that own code of a training has read and that still exist.

    Parameters
    ----------
    reported : iterable of (str, sequence of str)
        As ``report_reads`` returns them, of every process.
    loaded : iterable of str
        The files of the own modules. An earlier training of this process may have read others.
    """
    own = set(loaded)
    found = {file for file, readers in reported if any(_counts(each, own) for each in readers)}
    return tuple(sorted(file for file in found - own if os.path.isfile(file)))  # noqa: PTH113


def _counts(reader: str, own: set[str]) -> bool:
    return reader in own or any(part in reader for part in _SITE)


def _imports(frame: FrameType) -> bool:
    """Return whether Python's own import reads the file: modules are recorded as modules."""
    return frame.f_code.co_filename.startswith("<frozen importlib")
