"""The lineage as the root of what is believed about a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from repro.core.errors import PreconditionError, SchemaError
from repro.core.jsonfile import binding, load_record
from repro.core.model import Record
from repro.core.records import Lineage
from repro.digest.files import sha256_bytes
from repro.digest.line_ends import ADVICE, found_line_ends
from repro.store.disk import JSON_LIMIT, oddity, read_limited
from repro.store.naming import LINEAGE, is_plain_name

if TYPE_CHECKING:
    from pathlib import Path

ONLY_LINE_ENDS = "only its line endings differ from what was written"

_R = TypeVar("_R", bound=Record)
# Predictions grow with the table.
_LIMITS, _LARGEST = {".json": JSON_LIMIT}, 1 << 30


@dataclass(frozen=True)
class RunFiles:
    """The files of a run, each compared with the lineage before anything is made of it."""

    path: Path
    lineage: Lineage

    def content(self, name: str) -> bytes:
        """Read a file and return the very bytes that were checked.

        Raises
        ------
        PreconditionError
            If the file is missing or cannot be read.
        SchemaError
            If it is not what was written.
        """
        entry = self.lineage.files.get(name)
        if entry is None:
            raise SchemaError(f"{LINEAGE}: files: {name} is not listed", advice=_see(self.path))
        content = read_regular(self.path, name)
        if (len(content), sha256_bytes(content)) != (entry.size, entry.sha256):
            ends = found_line_ends(content, entry.sha256)
            what = (
                f"{ONLY_LINE_ENDS}: found {ends}" if ends else "changed since the run was written"
            )
            raise SchemaError(f"{name}: {what}", advice=ADVICE if ends else _see(self.path))
        return content

    def record(self, name: str, model: type[_R]) -> _R:
        """Read a file as a record.

        Raises
        ------
        PreconditionError, SchemaError
            As ``content``, or if it is no such record.
        """
        return load_record(self.content(name), name, model)


def open_run(path: Path) -> RunFiles:
    """Read the lineage of a run, and believe it only if it is as it was written.

    Raises
    ------
    PreconditionError
        If it is missing or cannot be read.
    SchemaError
        If it is malformed or was edited.
    """
    return RunFiles(path, parse_lineage(read_regular(path, LINEAGE)))


def parse_lineage(content: bytes) -> Lineage:
    """Read a lineage that is, to the byte, what was written.

    Raises
    ------
    SchemaError
        If it is malformed, was edited, or lists what cannot be a file of a run.
    """
    lineage = load_record(content, LINEAGE, Lineage)
    if not lineage.files:
        raise SchemaError(f"{LINEAGE}: files: the list is empty, so there is nothing to check")
    for name in lineage.files:
        # It may come from anybody, and must not lead out of the run's folder.
        if not is_plain_name(name) or name == LINEAGE:
            raise SchemaError(f"{LINEAGE}: files: {name!r} cannot be a file of a run")
    if _digest(lineage) != lineage.digest:
        raise SchemaError(f"{LINEAGE}: edited: its digest does not match its content")
    # The digest is of the values; the bytes around them count as well.
    written = _written(lineage)
    if written == content.replace(b"\r\n", b"\n") != content:
        raise SchemaError(f"{LINEAGE}: {ONLY_LINE_ENDS}: found CRLF, expected LF", advice=ADVICE)
    if written != content:
        raise SchemaError(f"{LINEAGE}: edited: these are not the bytes that were written")
    return lineage


def _written(lineage: Lineage) -> bytes:
    """Return what ``dump_record`` makes of a lineage, which has no floats, in a tenth of the time.

    Only floats have more than one shortest form.
    """
    return lineage.model_dump_json(by_alias=True, indent=2).encode() + b"\n"


def read_regular(run: Path, name: str) -> bytes:
    """Read a file of a run that is a regular file.

    Raises
    ------
    PreconditionError
        If it is missing or cannot be read.
    SchemaError
        If it is a symbolic link or anything else that is not a file.
    """
    try:
        path = run / name
        if found := oddity(path):
            raise SchemaError(f"{name}: expected a file, found {found}", advice=_see(run))
        return read_limited(path, name, _LIMITS.get(path.suffix, _LARGEST))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PreconditionError(f"{name}: missing in {run}", advice=_see(run)) from error
    except OSError as error:
        raise PreconditionError(f"{name}: cannot be read: {error.strerror}") from error


def _digest(lineage: Lineage) -> str:
    try:
        return binding(lineage)
    except ValueError as error:
        # An integer that canonical JSON cannot hold was not written by this program.
        raise SchemaError(f"{LINEAGE}: {error}") from error


def _see(run: Path) -> str:
    return f"see which files changed: repro verify {run}"
