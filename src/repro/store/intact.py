"""Integrity: whether the files of a run are those that were written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from repro.core.errors import SchemaError
from repro.digest.files import sha256_file
from repro.digest.line_ends import found_line_ends
from repro.store.disk import oddity, read_limited
from repro.store.lineage import ONLY_LINE_ENDS, parse_lineage
from repro.store.naming import LINEAGE, is_detached, printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from repro.core.records import FileEntry, Lineage


_TEXTS = {".json", ".csv", ".md", ".html"}


class FileOutcome(StrEnum):
    """The state of a file since the run was written."""

    INTACT = "intact"
    CHANGED = "changed"
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class FileCheck:
    """One file compared with the lineage.

    Attributes
    ----------
    name : str
        The file's name in the run folder.
    expected, actual : str or None
        SHA-256 in hexadecimal, or, of ``lineage.json``, the digest that binds it; None
        without one.
    detail : str
        What is wrong, for a person; empty for an intact file.
    """

    name: str
    outcome: FileOutcome
    expected: str | None
    actual: str | None
    detail: str


def integrity(run: Path) -> tuple[FileCheck, ...]:
    """Compare every file of a run with its lineage; the folder's own name does not count.

    A lineage that is not, to the byte, what was written is the only check in the result: nothing
    can be compared with it.

    Returns
    -------
    tuple of FileCheck
        One for ``lineage.json``, for each file that it lists, and for anything else in the
        folder. A symbolic link is never followed and counts as changed.
    """
    head, lineage = _check_lineage(run / LINEAGE)
    if lineage is None:
        return (head,)
    listed = (_check_file(run / name, entry) for name, entry in sorted(lineage.files.items()))
    return (head, *listed, *_unexpected(run, {LINEAGE, *lineage.files}))


def _check_lineage(path: Path) -> tuple[FileCheck, Lineage | None]:
    try:
        if found := oddity(path):
            return _changed(path, None, None, f"expected a file, found {found}"), None
        lineage = parse_lineage(read_limited(path, LINEAGE))
    except OSError as error:
        return _absent(path, None, error), None
    except SchemaError as error:
        detail = error.message.removeprefix(f"{LINEAGE}: ")
        return _changed(path, None, None, detail), None
    digest = lineage.digest
    return FileCheck(LINEAGE, FileOutcome.INTACT, digest, digest, ""), lineage


def _check_file(path: Path, entry: FileEntry) -> FileCheck:
    expected = entry.sha256
    try:
        if found := oddity(path):
            return _changed(path, expected, None, f"expected a file, found {found}")
        size, actual = path.stat().st_size, sha256_file(path)
    except OSError as error:
        return _absent(path, expected, error)
    if size != entry.size:
        if ends := _line_ends(path, entry):
            return _changed(path, expected, actual, f"{ONLY_LINE_ENDS}: found {ends}")
        return _changed(path, expected, actual, f"{size} bytes instead of {entry.size}")
    if actual != expected:
        return _changed(path, expected, actual, "the content differs from what was written")
    return FileCheck(path.name, FileOutcome.INTACT, expected, actual, "")


def _line_ends(path: Path, entry: FileEntry) -> str:
    """Name the line ends where they are all that differs; what is no text is not even read."""
    if path.suffix not in _TEXTS or path.stat().st_size > 2 * entry.size:
        return ""
    return found_line_ends(path.read_bytes(), entry.sha256)


def _unexpected(run: Path, known: Collection[str]) -> Iterator[FileCheck]:
    try:
        paths = sorted(path for path in run.iterdir() if path.name not in known)
    except OSError as error:
        yield _absent(run, None, error)
        return
    for path in paths:
        odd = oddity(path)
        if is_detached(path.name) and not odd:
            # Nothing of the run follows from it: anybody who wants it has to verify it.
            continue
        kind = odd or "a file"
        detail = f"{kind} that does not belong to this run"
        yield FileCheck(printable(path.name), FileOutcome.UNEXPECTED, None, None, detail)


def _changed(path: Path, expected: str | None, actual: str | None, detail: str) -> FileCheck:
    return FileCheck(path.name, FileOutcome.CHANGED, expected, actual, detail)


def _absent(path: Path, expected: str | None, error: OSError) -> FileCheck:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return FileCheck(path.name, FileOutcome.MISSING, expected, None, "missing")
    detail = f"cannot be read: {error.strerror}"
    return FileCheck(path.name, FileOutcome.UNREADABLE, expected, None, detail)
