"""The draft of a registry entry for a table in the project."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from repro.config.data import Columns, DatasetEntry, FileSource
from repro.core.errors import ConfigError
from repro.datasets.formats import format_of
from repro.datasets.formats.interface import RefusedColumnsError
from repro.datasets.roles import check_header
from repro.datasets.sources.file import File
from repro.datasets.table import build, likely_task
from repro.tables.numbers import Fault, fault_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from repro.datasets.formats.interface import Body, Kind, RawTable

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
# What YAML 1.1 reads as no text is quoted, too: other programs may read the file.
_RESERVED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_WIDTH = 100
_INFINITIES = frozenset(f"{sign}{word}" for sign in ("", "+", "-") for word in ("inf", "infinity"))
# A column with more texts than these among its numbers is not a numeric one.
_MARKS = 3


class TwoLabelsError(ConfigError):
    """A target has two labels, and nobody has said which one is to be detected.

    Attributes
    ----------
    labels : tuple of str
        Both, sorted.
    """

    def __init__(self, target: str, labels: tuple[str, ...]) -> None:
        super().__init__(
            f"the target '{target}' has two labels, {' and '.join(labels)}",
            advice="name the one to detect: --positive LABEL",
        )
        self.labels = labels


@dataclass(frozen=True)
class Proposal:
    """A person's description of a new data set.

    Attributes
    ----------
    name : str
        Lower-case letters, digits and underscores.
    path : Path
        A ``.csv`` or ``.parquet`` file inside the project, absolute or relative to the project.
    target : str
        The column to predict.
    positive : str or None
        The label to detect; None unless the target has two classes.
    missing : tuple of str
        The text that means a missing value.
    licence, origin, description : str
    """

    name: str
    path: Path
    target: str
    positive: str | None
    missing: tuple[str, ...]
    licence: str
    origin: str
    description: str


def draft_entry(project: Path, proposal: Proposal) -> str:
    """Return the YAML text of a registry entry, after the table was read as it says.

    A column is numeric if every value that is not missing is a finite number; otherwise it is
    categorical; one without any value is ignored. These are guesses to be read by a person:
    comments point at text columns that look like identifiers, never vary, or would be numeric
    without one mark.

    Raises
    ------
    ConfigError
        If the name or the file's ending is not allowed, or the file lies outside the project.
    DataError
        If the table cannot be read so, or not be trained on.
    PreconditionError
        If the file, or a package that reads it, is missing.
    """
    if not _NAME.fullmatch(proposal.name):
        raise ConfigError(
            f"'{proposal.name}' is not a name for a data set",
            advice="use lower-case letters, digits and underscores, and begin with a letter",
        )
    path = _inside(project, proposal.path)
    source = FileSource(kind="file", path=path, format=format_of(path))
    payload = File(project, source).obtain(None)
    raw = payload.parse(proposal.missing)
    columns, remarks = _guessed(raw, proposal.target)
    entry = DatasetEntry(
        description=proposal.description,
        source=source,
        sha256=str(payload.sha256),
        target=proposal.target,
        positive=proposal.positive,
        columns=columns,
        missing=proposal.missing,
        licence=proposal.licence,
        origin=proposal.origin,
    )
    table = build(raw, entry, likely_task(raw, entry), payload.sha256)
    labels = sorted(set(table.target.tolist()))
    if proposal.positive is None and len(labels) == len(("positive", "negative")):
        raise TwoLabelsError(proposal.target, tuple(map(str, labels)))
    return _text(proposal.name, entry, source, remarks)


def _inside(project: Path, path: Path) -> str:
    """Return the path relative to the project, whether or not links lead to it."""
    for root, file in ((project.absolute(), project / path), (project.resolve(), path.resolve())):
        if file.is_relative_to(root) and ".." not in file.relative_to(root).parts:
            return file.relative_to(root).as_posix()
    raise ConfigError(f"{path.name}: lies outside the project", advice="copy it into data/ first")


def _guessed(raw: RawTable, target: str) -> tuple[Columns, list[str]]:
    check_header(raw.label, raw.names, target)
    features = [name for name in raw.names if name != target]
    refused = _refused(raw, [name for name in features if name not in raw.text_columns], "number")
    text = [name for name in features if name in raw.text_columns or name in refused]
    unreadable = _refused(raw, text, "text")
    kinds: dict[str, Kind] = {name: "text" if name in text else "number" for name in features}
    body = raw.read({name: kind for name, kind in kinds.items() if name not in unreadable})
    _check_infinite(raw, [name for name in refused if _is_infinite(raw, body, name)])
    empty = {name for name, values in body.columns.items() if pd.isna(values).all()}
    ignored = tuple(name for name in features if name in empty or name in unreadable)
    columns = Columns(
        numeric=tuple(name for name in features if name not in {*text, *ignored}),
        categorical=tuple(name for name in features if name in text and name not in ignored),
        ignored=ignored,
    )
    return columns, _remarks(body, columns, unreadable)


def _refused(raw: RawTable, names: Iterable[str], kind: Kind) -> list[str]:
    try:
        raw.read(dict.fromkeys(names, kind))
    except RefusedColumnsError as error:
        return list(error.refusals)
    return []


def _is_infinite(raw: RawTable, body: Body, name: str) -> bool:
    """Return whether a column would be numeric but for infinities."""
    if name not in body.columns:
        try:
            raw.read({name: "number"})
        except RefusedColumnsError as error:
            return name in error.infinite
        return False
    present = {value for value in body.columns[name] if value is not None}
    texts = {value for value in present if fault_of(value)}
    return texts != present and {text.strip().lower() for text in texts} <= _INFINITIES


def _check_infinite(raw: RawTable, names: Sequence[str]) -> None:
    """Refuse columns of numbers with an infinity: no role fits them, and no one marker is meant."""
    if names:
        raw.read(dict.fromkeys(names, "number"))


def _remarks(body: Body, columns: Columns, unreadable: Sequence[str]) -> list[str]:
    remarks = [
        f"{name!r} {remark}"
        for name in columns.categorical
        for remark in _doubts([value for value in body.columns[name] if value is not None])
    ]
    for name in columns.ignored:
        why = "neither numbers nor text" if name in unreadable else "no value in any row"
        remarks.append(f"{name!r} is ignored: {why}")
    return remarks


def _doubts(present: Sequence[str]) -> Iterator[str]:
    """Return what a person should look at in a column of text."""
    distinct = set(present)
    faults = {value: fault_of(value) for value in distinct}
    marks = sorted(value for value, fault in faults.items() if fault is Fault.NOT_FINITE)
    kept = {fault: value for value, fault in sorted(faults.items(), reverse=True) if fault}
    if len(distinct) == 1:
        yield "never varies: consider ignoring it"
    elif len(marks) < len(distinct) and 0 < len(marks) <= _MARKS and len(kept) == 1:
        yield f"would be numeric if {' and '.join(map(repr, marks))} meant missing"
    elif len(distinct) == len(present):
        yield "is different in every row: consider ignoring it"
    if not marks and Fault.LEADING_ZEROS in kept:
        yield f"has leading zeros, as in {kept[Fault.LEADING_ZEROS]!r}: kept as text"
    if not marks and Fault.INEXACT in kept:
        yield f"has numbers too long for a float, such as {kept[Fault.INEXACT]!r}: kept as text"


def _text(name: str, entry: DatasetEntry, source: FileSource, remarks: Sequence[str]) -> str:
    lines = [
        f"  {name}:",
        f"    description: {_scalar(entry.description)}",
        f"    source: {{kind: file, path: {_scalar(source.path)}, format: {source.format}}}",
        f'    sha256: "{entry.sha256}"',
        f"    target: {_scalar(entry.target)}",
        f"    positive: {'null' if entry.positive is None else _scalar(entry.positive)}",
        *(f"    # {_printable(remark)}" for remark in remarks),
        "    columns:",
        *_list("      numeric:", entry.columns.numeric),
        *_list("      categorical:", entry.columns.categorical),
        *_list("      ignored:", entry.columns.ignored),
        *_list("    missing:", entry.missing),
        f"    licence: {_scalar(entry.licence)}",
        f"    origin: {_scalar(entry.origin)}",
    ]
    return "\n".join(lines) + "\n"


def _list(key: str, values: Sequence[str]) -> list[str]:
    items = list(map(_scalar, values))
    line = f"{key} [{', '.join(items)}]"
    if len(line) <= _WIDTH:
        return [line]
    indent = " " * (len(key) - len(key.lstrip()) + 2)
    return [key, *(f"{indent}- {item}" for item in items)]


def _scalar(text: str) -> str:
    """Write text so that YAML 1.2 reads the same text back."""
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    return _printable(json.dumps(text, ensure_ascii=False))


def _printable(text: str) -> str:
    """Escape what a YAML stream may not hold as it is."""
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)
