"""The draft of a registry entry for a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from repro.config.data import Columns, DatasetEntry, SqlSource
from repro.config.resolve import validate
from repro.config.tables import Dialect, Workbook
from repro.config.yaml import Leaf
from repro.core.errors import ConfigError
from repro.datasets import declaring
from repro.datasets.changes import roles_of
from repro.datasets.entry_text import entry_text
from repro.datasets.guessing.columns import guess_markers, guess_roles
from repro.datasets.guessing.remarks import remarks_on, remarks_on_labels
from repro.datasets.labels import TwoLabelsError, as_written, check_gaps, kept_positive
from repro.datasets.roles import check_header, check_known
from repro.datasets.sources import open_source
from repro.datasets.table import build, likely_task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.config.tables import Markers
    from repro.config.tree import Tree
    from repro.datasets.formats.interface import RawTable
    from repro.datasets.sources.sql import Query

_NAME = re.compile(r"[a-z][a-z0-9_]*")


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
    declared_before = proposal.given.declared
    targets = None if declared_before is None else declared_before.targets
    features = [name for name in raw.names if name not in {proposal.target, *(targets or ())}]
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
        targets=targets,
    )
    table = build(raw, entry, likely_task(raw, entry), payload.sha256)
    labels = sorted(set(table.target.tolist()))
    if proposal.positive is None and len(labels) == len(("positive", "negative")):
        raise TwoLabelsError(proposal.target, as_written(raw, proposal.target, labels))
    remarks += remarks_on_labels(labels)
    return entry_text(proposal.name, entry, source, remarks)


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
