"""The source that a new entry declares: a file, several, one elsewhere, or an answer to a query."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.config.data import (
    CroissantSource,
    DvcSource,
    FileSource,
    FilesSource,
    OutsideSource,
    Part,
    SqlSource,
)
from repro.config.tables import Dialect, Workbook
from repro.core.errors import ConfigError, PreconditionError
from repro.datasets.formats import format_of
from repro.datasets.formats.csv_text import CsvTable
from repro.datasets.formats.excel import read_sheet
from repro.datasets.guessing.dialect import guess_dialect
from repro.datasets.guessing.notation import guess_notation
from repro.datasets.sources.croissant import content_of, find_record_set
from repro.datasets.sources.dvc import Dvc
from repro.datasets.sources.file import read_bytes
from repro.datasets.sources.outside import known_locations, locate
from repro.datasets.sources.sql import has_order, public_url, take_snapshot
from repro.digest.files import sha256_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from repro.datasets.sources.sql import Query, Snapshot

# No table is written in such a file, so that it describes one.
_CROISSANT = (".json", ".jsonld")
# Rows above the column names of a sheet are a few.
_TITLES = 30


@dataclass(frozen=True)
class Declared:
    """A source that can be read.

    Attributes
    ----------
    source : CroissantSource, DvcSource, FileSource, FilesSource, OutsideSource or SqlSource
    reasons : tuple of str
        A sentence for each guess about how it is written.
    missing : tuple of str
        The markers that the source itself needs.
    written : Path or None
        A file that was written for it.
    """

    source: CroissantSource | DvcSource | FileSource | FilesSource | OutsideSource | SqlSource
    reasons: tuple[str, ...]
    missing: tuple[str, ...] = ()
    written: Path | None = None

    def undo(self) -> None:
        """Remove the file that was written for this source, and only that one."""
        if self.written is not None:
            self.written.unlink(missing_ok=True)


def declare_files(
    project: Path,
    paths: Sequence[Path],
    given: Mapping[str, Any],
    *,
    target: str,
    query: SqlSource | None,
) -> Declared:
    """Declare files of the project, several of them as one table in the order of their paths.

    Parameters
    ----------
    project : Path
    paths : sequence of Path
        Absolute, or relative to the project.
    given : dict of str to object
        What is known of the layout.
    target : str
        The column to predict, by which a sheet of a workbook is found.
    query : SqlSource, optional
        The declaration of the query that the one file is the answer to.

    Raises
    ------
    ConfigError
        If a file lies outside the project, or not all are of one format.
    DataError, PreconditionError
        If a file cannot be read, or its layout is ambiguous.
    """
    names = sorted({inside(project, path) for path in paths})
    if len(names) == 1 and names[0].endswith(_CROISSANT):
        return _declare_croissant(project, names[0], given, target)
    form = format_of(names[0])
    others = [name for name in names if format_of(name) != form]
    if others:
        raise ConfigError(
            f"{others[0]}: not of the format of {names[0]}", advice="name files of one format"
        )
    contents = {name: read_bytes(project / name, name) for name in names}
    layout, reasons = _layout(form, contents, given, target)
    if query is not None:
        return Declared(query.model_copy(update={"path": names[0], **layout}), reasons)
    if len(names) == 1:
        return Declared(FileSource(kind="file", path=names[0], format=form, **layout), reasons)
    parts = tuple(Part(path=name, sha256=sha256_bytes(contents[name])) for name in names)
    return Declared(FilesSource(kind="files", parts=parts, format=form, **layout), reasons)


def _declare_croissant(project: Path, name: str, given: Mapping[str, Any], target: str) -> Declared:
    """Declare a record set of a Croissant file: the only one, or the one that has the target."""
    found = find_record_set(project, name, None, target)
    form = format_of(found.file)
    if form == "excel":
        raise ConfigError(
            f"{found.file}: a workbook has no columns that a description can name",
            advice="save the sheet as CSV, and describe that",
        )
    layout, reasons = _layout(form, {found.file: content_of(project, found)}, given, target)
    source = CroissantSource(
        kind="croissant", path=name, record_set=found.name, format=form, **layout
    )
    return Declared(source, reasons)


def declare_dvc(project: Path, path: Path, given: Mapping[str, Any], *, target: str) -> Declared:
    """Declare a file that DVC tracks; it is pulled if it is missing.

    Raises
    ------
    ConfigError, DataError, PreconditionError
        As ``declare_files``; or if DVC does not track the file, or cannot pull it.
    """
    name = inside(project, path)
    source = DvcSource(kind="dvc", path=name, format=format_of(name))
    Dvc(project, source).obtain(None)
    declared = declare_files(project, [path], given, target=target, query=None)
    layout = {key: getattr(declared.source, key) for key in ("dialect", "workbook")}
    return Declared(source.model_copy(update=layout), declared.reasons)


def declare_outside(
    project: Path, dataset: str, path: Path, given: Mapping[str, Any], *, target: str
) -> Declared:
    """Declare a file that stays outside the project, and remember where this machine has it.

    Raises
    ------
    ConfigError, DataError, PreconditionError
        As ``declare_files``.
    """
    file = (project / path).resolve()
    form = format_of(file.name)
    layout, reasons = _layout(form, {file.name: read_bytes(file, file.name)}, given, target)
    taken = known_locations(project).get(file.name, str(file)) != str(file)
    name = f"{dataset}-{file.name}" if taken else file.name
    locate(project, name, file)
    return Declared(OutsideSource(kind="outside", name=name, format=form, **layout), reasons)


def declare_query(project: Path, dataset: str, path: Path | None, query: Query) -> Declared:
    """Run a query, and keep its answer as a new file of the project.

    Parameters
    ----------
    path : Path, optional
        The file to write; otherwise one in ``data/`` that is named by its content.

    Raises
    ------
    ConfigError
        If the file lies outside the project or is no CSV file; or as ``take_snapshot``.
    DataError, PreconditionError
        As ``take_snapshot``; or if a file of that name has a different content.
    """
    snapshot = take_snapshot(project, query)
    file = path or Path(f"data/{dataset}-{sha256_bytes(snapshot.content)[:8]}.csv")
    name = inside(project, file)
    if format_of(name) != "csv":
        raise ConfigError(f"{name}: an answer is kept as CSV", advice="name a file ending in .csv")
    written = project / name if _keep(project / name, name, snapshot) else None
    source = SqlSource(
        kind="sql",
        path=name,
        format="csv",
        url=public_url(project, query.url),
        query=query.text,
    )
    order = "the query has no ORDER BY: a database may give its rows in a different order"
    reasons = () if has_order(query.text) else (order,)
    return Declared(source, reasons, snapshot.missing, written)


def expanded(paths: Iterable[Path]) -> list[Path]:
    """Return paths with shell patterns replaced by the files that they match.

    Raises
    ------
    PreconditionError
        If a pattern matches no file.
    """
    found: list[Path] = []
    for path in paths:
        text = str(path)
        if not glob.has_magic(text) or path.exists():
            found.append(path)
            continue
        matches = sorted(glob.glob(text))  # noqa: PTH207  # of an absolute pattern
        if not matches:
            raise PreconditionError(
                f"{path.name}: no file matches the pattern", advice="correct the pattern"
            )
        found += map(Path, matches)
    return found


def inside(project: Path, path: Path) -> str:
    """Return the path relative to the project, whether or not links lead to it.

    Raises
    ------
    ConfigError
        If it lies outside the project.
    """
    for root, file in ((project.absolute(), project / path), (project.resolve(), path.resolve())):
        if file.is_relative_to(root) and ".." not in file.relative_to(root).parts:
            return file.relative_to(root).as_posix()
    raise ConfigError(
        f"{path.name}: lies outside the project",
        advice="copy it into data/ first, or declare that it stays outside: --outside",
    )


def _keep(file: Path, name: str, snapshot: Snapshot) -> bool:
    """Write a file, and return whether it was not written before with the same content."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as stream:
            stream.write(snapshot.content)
    except FileExistsError:
        if read_bytes(file, name) != snapshot.content:
            raise PreconditionError(
                f"{name}: exists, and is not the answer to the query",
                advice="name a new file for the answer",
            ) from None
        return False
    except OSError as error:
        raise PreconditionError(
            f"{name}: cannot be written: {error.strerror}", advice="name a different file"
        ) from error
    return True


def _layout(
    form: str, contents: Mapping[str, bytes], given: Mapping[str, Any], target: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    known = {"csv": Dialect.model_fields, "excel": Workbook.model_fields}.get(form, {})
    for key in given:
        if key not in known:
            owner = "csv" if key in Dialect.model_fields else "excel"
            option = f"--{key.replace('_', '-')}"
            raise ConfigError(
                f"{option} is for files of format {owner}, and the format is {form}",
                advice=f"leave out {option}",
            )
    if form == "csv":
        dialect, reasons = _dialect(contents, given)
        return {"dialect": dialect}, reasons
    if form == "excel":
        workbook, reasons = _workbook(contents, given, target)
        return {"workbook": workbook}, reasons
    return {}, ()


def _dialect(
    contents: Mapping[str, bytes], given: Mapping[str, Any]
) -> tuple[Dialect, tuple[str, ...]]:
    guesses = [guess_dialect(label, content, given) for label, content in contents.items()]
    # One file alone may have no letter that shows the encoding of all.
    dialect, reasons = max(guesses, key=lambda guess: guess[0].encoding != "utf-8")
    tables = [CsvTable.open(label, content, (), dialect) for label, content in contents.items()]
    dialect, more = guess_notation(tables, given)
    return dialect, (*reasons, *more)


def _workbook(
    contents: Mapping[str, bytes], given: Mapping[str, Any], target: str
) -> tuple[Workbook, tuple[str, ...]]:
    """Find the sheet and the row that has the target among its cells."""
    label, content = next(iter(contents.items()))
    first = read_sheet(label, content, given.get("sheet", ""))
    others = () if given.get("sheet") else first.others[1:]
    sheets = chain([first], (read_sheet(label, content, name) for name in others))
    sheet, row = next(
        ((sheet, row) for sheet in sheets if (row := _row_with(sheet.rows, target))), (first, 1)
    )
    keys = {"sheet": sheet.name if others else "", "header_row": row, **given}
    reasons = []
    if others and "sheet" not in given:
        reasons.append(f"guessed sheet {sheet.name!r}: it has the column {target!r}")
    if row > 1 and "header_row" not in given:
        reasons.append(f"guessed header_row {row}: it has the column {target!r}")
    return Workbook(**keys), tuple(reasons)


def _row_with(rows: Sequence[Sequence[Any]], name: str) -> int:
    """Return the number of the first row that has a cell, counted from 1; 0 without one."""
    return next((number for number, row in enumerate(rows[:_TITLES], start=1) if name in row), 0)
