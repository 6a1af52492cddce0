"""The draft of a registry entry for a table."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from repro.config.data import Columns, DatasetEntry, SqlSource
from repro.config.resolve import validate
from repro.config.tables import LAYOUTS, Dialect, Workbook
from repro.config.yaml import Leaf
from repro.core.errors import ConfigError
from repro.datasets import declaring
from repro.datasets.changes import roles_of
from repro.datasets.guessing.columns import guess_markers, guess_roles
from repro.datasets.guessing.remarks import remarks_on, remarks_on_labels
from repro.datasets.labels import TwoLabelsError, as_written, check_gaps, kept_positive
from repro.datasets.roles import check_header, check_known
from repro.datasets.sources import open_source
from repro.datasets.table import build, likely_task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from repro.config.data import TableSource
    from repro.config.tables import Markers
    from repro.config.tree import Tree
    from repro.datasets.formats.interface import RawTable
    from repro.datasets.sources.sql import Query

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
# What YAML 1.1 reads as no text is quoted, too: other programs may read the file.
_RESERVED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_WIDTH = 100


@dataclass(frozen=True)
class Given:
    """Facts about a table that a person gives, so that they are not guessed.

    Attributes
    ----------
    layout : dict of str to object
        Keys of the dialect of CSV text, or of the workbook.
    markers : dict of str to tuple of str
        The texts that mean a missing value in one column.
    roles : dict of str to str
        ``numeric``, ``categorical`` or ``ignored``, by column.
    more : tuple of Path
        Further files of the same table.
    outside : bool
        Whether the file stays outside the project.
    dvc : bool
        Whether DVC keeps the file.
    query : Query, or None
        The query whose answer is the table.
    declared : DatasetEntry, or None
        An entry that is replaced: it decides on the columns that both files have.
    same_file : bool
        Whether it is drafted again from its own file.
    inherited : bool
        Whether the positive label is that of the replaced entry: the new table may have none.
    """

    layout: Mapping[str, Any] = field(default_factory=dict)
    markers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    more: tuple[Path, ...] = ()
    outside: bool = False
    dvc: bool = False
    query: Query | None = None
    declared: DatasetEntry | None = None
    same_file: bool = False
    inherited: bool = False

    def completed(self, names: tuple[str, ...]) -> Given:
        """Return the same with what the replaced entry says of a table with these columns."""
        if self.declared is None:
            return self
        missing = self.declared.missing
        markers = missing if isinstance(missing, dict) else {"*": missing}
        everywhere = markers.get("*", ())
        own = {n: m for n, m in markers.items() if n in names}
        # A column's own markers take the place of those of all columns, so that one more is added
        # to what means missing in it already.
        added = {
            name: tuple(dict.fromkeys((*own.get(name, everywhere), *more)))
            for name, more in self.markers.items()
        }
        return replace(
            self, roles={**roles_of(self.declared, names), **self.roles}, markers=own | added
        )


@dataclass(frozen=True)
class Proposal:
    """A person's description of a new data set.

    Attributes
    ----------
    name : str
        Lower-case letters, digits and underscores.
    path : Path or None
        A file of a known format inside the project, absolute or relative to the project; of a
        query, the new file for its answer.
    target : str
        The column to predict.
    positive : str or None
        The label to detect; None unless the target has two classes.
    missing : tuple of str
        The text that means a missing value in every column.
    licence, origin, description : str
    given : Given
    """

    name: str
    path: Path | None
    target: str
    positive: str | None
    missing: tuple[str, ...]
    licence: str
    origin: str
    description: str
    given: Given = field(default_factory=Given)


def draft_entry(project: Path, proposal: Proposal) -> str:
    """Return the YAML text of a registry entry, after the table was read as it says.

    How the file is written, what means missing and what each column is for are guessed where
    nobody said it. These are guesses to be read by a person: a comment gives the reason of each,
    and the command that changes it.

    Raises
    ------
    ConfigError
        If the name or the file's ending is not allowed, or the file lies outside the project.
    DataError
        If the table cannot be read so, or not be trained on, or is ambiguous.
    PreconditionError
        If the file, or a package that reads it, is missing.
    """
    if not _NAME.fullmatch(proposal.name):
        raise ConfigError(
            f"'{proposal.name}' is not a name for a data set",
            advice="use lower-case letters, digits and underscores, and begin with a letter",
        )
    declared = _declared(project, proposal)
    try:
        return _drafted(project, proposal, declared)
    except BaseException:
        declared.undo()
        raise


def _drafted(project: Path, proposal: Proposal, declared: declaring.Declared) -> str:
    source, remarks = declared.source, list(declared.reasons)
    proposal = replace(proposal, missing=(*proposal.missing, *declared.missing))
    payload = open_source(project, source).obtain(None)
    raw = payload.parse(proposal.missing)
    if proposal.given.inherited:
        label = kept_positive(raw, proposal.target, proposal.positive)
        proposal = replace(proposal, positive=label)
    given, missing = _marked(raw, proposal, remarks)
    raw = payload.parse(missing)
    features = [name for name in raw.names if name != proposal.target]
    guessed = guess_roles(raw, features, given.roles)
    remarks += remarks_on(raw, guessed, proposal.name)
    entry = DatasetEntry(
        description=proposal.description,
        source=source,
        sha256=str(payload.sha256),
        target=proposal.target,
        positive=proposal.positive,
        columns=Columns(
            numeric=guessed.numeric, categorical=guessed.categorical, ignored=guessed.ignored
        ),
        missing=missing,
        licence=proposal.licence,
        origin=proposal.origin,
    )
    table = build(raw, entry, likely_task(raw, entry), payload.sha256)
    labels = sorted(set(table.target.tolist()))
    if proposal.positive is None and len(labels) == len(("positive", "negative")):
        raise TwoLabelsError(proposal.target, as_written(raw, proposal.target, labels))
    remarks += remarks_on_labels(labels)
    return _text(proposal.name, entry, source, remarks)


def checked_layout(layout: Mapping[str, Any]) -> dict[str, Any]:
    """Return keys of a dialect or workbook as they are, once they are known to be valid.

    Raises
    ------
    ConfigError
        With the option, what was found and what was expected.
    """
    options: Tree = {
        (key,): Leaf(value, f"--{key.replace('_', '-')}") for key, value in layout.items()
    }
    for model in (Dialect, Workbook):
        validate(
            {key: leaf for key, leaf in options.items() if key[0] in model.model_fields}, model
        )
    return dict(layout)


def _declared(project: Path, proposal: Proposal) -> declaring.Declared:
    given, declared = proposal.given, proposal.given.declared
    if given.query is not None:
        return declaring.declare_query(project, proposal.name, proposal.path, given.query)
    if proposal.path is None:
        raise ConfigError("no file is named", advice=f"repro data add {proposal.name} FILE")
    if given.outside:
        return declaring.declare_outside(
            project, proposal.name, proposal.path, given.layout, target=proposal.target
        )
    if given.dvc:
        return declaring.declare_dvc(project, proposal.path, given.layout, target=proposal.target)
    source = None if declared is None else declared.source
    kept = _as_query(source) if given.same_file else None
    paths = proposal.path, *given.more
    return declaring.declare_files(project, paths, given.layout, target=proposal.target, query=kept)


def _as_query(source: object) -> SqlSource | None:
    return source if isinstance(source, SqlSource) else None


def _marked(raw: RawTable, proposal: Proposal, remarks: list[str]) -> tuple[Given, Markers]:
    """Return what is given of the columns, and the markers that are declared and guessed."""
    check_header(raw.label, raw.names, proposal.target)
    facts = proposal.given
    check_known(raw.label, raw.names, {**facts.roles, **facts.markers})
    if proposal.target in facts.roles:
        raise ConfigError(
            f"'{proposal.target}' is the target, and gets no other role",
            advice="leave out the option, or name a different target: --target COLUMN",
        )
    given, everywhere = facts.completed(raw.names), proposal.missing
    wanted = [
        name
        for name in raw.names
        # A label may be any text; among numbers, a known marker is a gap in the target.
        if (name != proposal.target or proposal.positive is None)
        and name not in given.markers
        and given.roles.get(name) != "ignored"
    ]
    found = guess_markers(raw, wanted)
    if proposal.target not in {*given.markers, *found}:
        check_gaps(raw, proposal.target)
    if empty := [name for name, marks in found.items() if "" in marks]:
        everywhere = (*everywhere, "")
        remarks.append(f"guessed missing '': empty cells, as in {empty[0]!r}")
    columns = dict(given.markers)
    for name, marks in found.items():
        if own := tuple(mark for mark in marks if mark):
            columns[name] = (*everywhere, *own)
            shown = " and ".join(map(repr, own))
            remarks.append(f"guessed missing {shown} in {name!r}: everything else is a number")
    return given, _missing(everywhere, columns)


def _missing(everywhere: tuple[str, ...], columns: Mapping[str, tuple[str, ...]]) -> Markers:
    if not columns:
        return everywhere
    return {**({"*": everywhere} if everywhere else {}), **columns}


def _text(name: str, entry: DatasetEntry, source: TableSource, remarks: Sequence[str]) -> str:
    lines = [
        f"  {name}:",
        f"    description: {_scalar(entry.description)}",
        *_mapping("    source:", _ordered(source.model_dump(mode="json"))),
        f'    sha256: "{entry.sha256}"',
        f"    target: {_scalar(entry.target)}",
        f"    positive: {'null' if entry.positive is None else _scalar(entry.positive)}",
        *(f"    # {_printable(remark)}" for remark in remarks),
        "    columns:",
        *_list("      numeric:", entry.columns.numeric),
        *_list("      categorical:", entry.columns.categorical),
        *_list("      ignored:", entry.columns.ignored),
        *_missing_lines(entry),
        f"    licence: {_scalar(entry.licence)}",
        f"    origin: {_scalar(entry.origin)}",
    ]
    return "\n".join(lines) + "\n"


def _ordered(source: Mapping[str, Any]) -> dict[str, Any]:
    """Put what the source is before how it is written."""
    layouts = LAYOUTS.values()
    return dict(sorted(source.items(), key=lambda item: item[0] in layouts))


def _missing_lines(entry: DatasetEntry) -> list[str]:
    if not isinstance(entry.missing, dict):
        return _list("    missing:", entry.missing)
    each = [_list(f"      {_scalar(n)}:", marks) for n, marks in entry.missing.items()]
    return ["    missing:", *(line for lines in each for line in lines)]


def _mapping(key: str, values: Mapping[str, Any]) -> list[str]:
    """Write a mapping in one line if it fits, otherwise with a line for each key."""
    line = f"{key} {_inline(values)}"
    if len(line) <= _WIDTH:
        return [line]
    indent = " " * (len(key) - len(key.lstrip()) + 2)
    lines = [key]
    for name, value in values.items():
        if isinstance(value, dict):
            lines += _mapping(f"{indent}{_scalar(name)}:", value)
        elif isinstance(value, list):
            lines += [f"{indent}{_scalar(name)}:", *(f"{indent}  - {_inline(v)}" for v in value)]
        else:
            lines.append(f"{indent}{_scalar(name)}: {_inline(value)}")
    return lines


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(k)}: {_inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return _scalar(value) if isinstance(value, str) else json.dumps(value)


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
