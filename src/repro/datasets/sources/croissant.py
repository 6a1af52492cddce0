"""A table that a Croissant file describes: JSON-LD with files, their hashes, and fields.

Nothing is fetched: the file of a record set lies beside its description, or below it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from repro.core.errors import DataError, PreconditionError, SchemaError
from repro.core.jsonfile import load
from repro.core.pathname import without_secrets
from repro.core.suggest import did_you_mean
from repro.datasets.formats.renamed import renamed
from repro.datasets.sources.file import inside, read_bytes
from repro.datasets.sources.interface import Payload, payload_of
from repro.tables.marks import markers_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from repro.config.data import CroissantSource
    from repro.datasets.formats.interface import RawTable
    from repro.tables.marks import Missing

_HASHES = ("sha256", "md5")


@dataclass(frozen=True)
class RecordSet:
    """A record set that is a table in one file.

    Attributes
    ----------
    name : str
    where : str
        The description, relative to the project.
    file : str
        The file, relative to the project.
    url : str
        The content URL, without secrets.
    hashes : dict of str to str
        By algorithm; at least one.
    columns : dict of str to str
        The column of the file, by the name of the field.
    """

    name: str
    where: str
    file: str
    url: str
    hashes: Mapping[str, str]
    columns: Mapping[str, str]

    def check(self, content: bytes) -> None:
        """Compare the bytes of the file with the description.

        Raises
        ------
        DataError
            If a hash differs.
        """
        for name, expected in self.hashes.items():
            found = hashlib.new(name, content, usedforsecurity=False).hexdigest()
            if found != expected.lower():
                raise DataError(
                    f"{self.file}: {name} {found}, expected {expected} by {self.where}",
                    advice="get the file and its description from the same release",
                )

    def open(self, table: RawTable) -> RawTable:
        """Return a table with the fields of the record set as columns."""
        return renamed(table, self.columns, self.where)


@dataclass(frozen=True)
class Croissant:
    """A record set of a description in the project."""

    project: Path
    source: CroissantSource

    @property
    def label(self) -> str:
        """The path of the description, and the record set."""
        return self.source.label

    def obtain(self, expected: str | None) -> Payload:
        """Read the file of the record set; see ``Source.obtain``.

        The hash that the description has of the file is checked, then the declared one.
        """
        found = find_record_set(self.project, self.source.path, self.source.record_set)
        content = content_of(self.project, found)
        payload = payload_of(self.source, found.file, content, expected)

        def parse(missing: Missing) -> RawTable:
            """Open the file, and rename its columns."""
            return found.open(payload.parse(_of_columns(missing, found.columns)))

        return Payload(self.label, payload.sha256, parse)


def find_record_set(project: Path, path: str, name: str | None, field: str = "") -> RecordSet:
    """Read a description, and return one of its record sets.

    Parameters
    ----------
    path : str
        Of the description, relative to the project.
    name : str or None
        Of the record set; None for the only one.
    field : str
        Of several, the record set with this field is meant.

    Raises
    ------
    SchemaError
        If the file is no such description, or the record set is not a table in one file.
    PreconditionError
        If it cannot be read.
    """
    document = load(read_bytes(inside(project, path), path), path)
    sets = {_name(each): each for each in _items(document, "recordSet")}
    if name is None and field:
        having = [n for n, each in sets.items() if field in map(_name, _items(each, "field"))]
        name = having[0] if len(having) == 1 else None
    if name is None and len(sets) == 1:
        (name,) = sets
    if name not in sets:
        what = "names no record set" if name is None else f"has no record set '{name}'"
        if not sets:
            what = "not a Croissant file with record sets"
        advice = f"record_set: {did_you_mean(name or '', sets)}" if sets else "name such a file"
        raise SchemaError(f"{path}: {what}", advice=advice)
    return _record_set(path, document, name, sets[name])


def _record_set(path: str, document: Any, name: str, entry: Mapping[str, Any]) -> RecordSet:
    columns: dict[str, str] = {}
    owners: list[str] = []
    for each in _items(entry, "field"):
        source = each.get("source")
        extract = source.get("extract") if isinstance(source, dict) else None
        column = extract.get("column") if isinstance(extract, dict) else None
        owner = _reference(source.get("fileObject")) if isinstance(source, dict) else ""
        changed = isinstance(source, dict) and source.get("transform")
        if not isinstance(column, str) or not owner or changed:
            raise SchemaError(
                f"{path}: the field '{_name(each)}' of '{name}' is no column of a file",
                advice="a record set of kind croissant takes each field, unchanged, from a column"
                " of one fileObject; write such a one with the tool that made the file",
            )
        columns[_name(each)] = column
        owners.append(owner)
    twice = next((c for c in columns.values() if list(columns.values()).count(c) > 1), None)
    if twice is not None:
        raise SchemaError(
            f"{path}: two fields of '{name}' are the column '{twice}': expected one",
            advice="leave one of them out",
        )
    if len(set(owners)) != 1:
        raise SchemaError(
            f"{path}: '{name}' takes its fields from {len(set(owners))} files: expected one",
            advice="join them first, and describe the joined file",
        )
    return _with_file(path, document, (name, owners[0]), columns)


def _with_file(
    path: str, document: Any, names: tuple[str, str], columns: Mapping[str, str]
) -> RecordSet:
    record_set, owner = names
    files = _items(document, "distribution")
    objects = {str(each.get("@id") or _name(each)): each for each in files}
    entry = objects.get(owner, {})
    url = entry.get("contentUrl")
    hashes = {name: entry[name] for name in _HASHES if isinstance(entry.get(name), str)}
    if not isinstance(url, str) or entry.get("containedIn"):
        raise SchemaError(
            f"{path}: '{owner}' is no file with a contentUrl of its own",
            advice="unpack the archive, and describe the file that is in it",
        )
    if not hashes:
        raise SchemaError(
            f"{path}: '{owner}' has no sha256, so nothing shows that it is the right file",
            advice="add the hash: repro data hash FILE",
        )
    parts = urlsplit(url)
    # Of a file elsewhere, its name counts: it is looked for beside the description.
    place = unquote(PurePosixPath(parts.path).name if parts.scheme or parts.netloc else url)
    file = (PurePosixPath(path).parent / place).as_posix()
    shown = without_secrets(url) if parts.scheme else url
    return RecordSet(record_set, path, file, shown, hashes, columns)


def content_of(project: Path, found: RecordSet) -> bytes:
    """Read the file of a record set, and check its hashes.

    Raises
    ------
    DataError
        If a hash differs.
    PreconditionError
        If the file is missing or cannot be read.
    """
    try:
        content = read_bytes(inside(project, found.file), found.file)
    except PreconditionError as error:
        if not urlsplit(found.url).scheme:
            raise
        raise PreconditionError(
            f"{found.file}: {error.message.removeprefix(f'{found.file}: ')}",
            advice=f"download it, since repro fetches nothing of it: {found.url}",
        ) from error
    found.check(content)
    return content


def _of_columns(missing: Missing, columns: Mapping[str, str]) -> Missing:
    """Return markers by column of the file, where they are by field or pattern of fields."""
    if not isinstance(missing, Mapping):
        return missing
    return {column: tuple(markers_of(missing, name)) for name, column in columns.items()}


def _items(value: Any, key: str) -> list[Mapping[str, Any]]:
    found = value.get(key) if isinstance(value, dict) else None
    # JSON-LD writes a list of one without the list.
    listed: Iterable[Any] = found if isinstance(found, list) else [found]
    return [each for each in listed if isinstance(each, dict)]


def _name(entry: Mapping[str, Any]) -> str:
    """Return the name; in later versions the last part of the identifier may stand for it."""
    name = entry.get("name") or str(entry.get("@id", "")).rpartition("/")[2]
    return str(name)


def _reference(value: Any) -> str:
    return str(value.get("@id", "")) if isinstance(value, dict) else ""
