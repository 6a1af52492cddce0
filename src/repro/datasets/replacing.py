"""The proposal that replaces a registered entry: what was declared, and what is said now."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from repro.config.data import (
    CroissantSource,
    DvcSource,
    FileSource,
    FilesSource,
    OutsideSource,
    SqlSource,
    TableSource,
)
from repro.config.tables import Dialect, Workbook
from repro.core.errors import ConfigError
from repro.datasets.drafting import Given, Proposal
from repro.datasets.sources.outside import known_locations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.config.data import DatasetEntry, SourceDeclaration

_FACTS = ("target", "positive", "licence", "origin", "description")


@dataclass(frozen=True)
class Replacement:
    """New facts about a data set that is registered already; None keeps the old one.

    Attributes
    ----------
    name : str
    path : Path or None
        The new file.
    facts : dict of str to str
        ``target``, ``positive``, ``licence``, ``origin`` and ``description``, where they are new.
    missing : tuple of str, or None
    given : Given
    """

    name: str
    path: Path | None
    facts: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] | None = None
    given: Given = field(default_factory=Given)


def proposal_of(project: Path, entry: DatasetEntry, change: Replacement) -> Proposal:
    """Return the proposal of a new entry.

    Raises
    ------
    ConfigError
        If the registered data set has no file, and no file is named.
    """
    source, given = entry.source, replace(change.given, declared=entry)
    path = change.path
    if path is None and given.query is None:
        path, *more = _files(project, change.name, source)
        outside = isinstance(source, OutsideSource)
        # The same file is written as it was, also where that was not a guess.
        layout = {**_layout(source), **given.layout}
        dvc = isinstance(source, DvcSource)
        given = replace(
            given, layout=layout, more=tuple(more), outside=outside, dvc=dvc, same_file=True
        )
    facts = {key: getattr(entry, key) for key in _FACTS} | dict(change.facts)
    if entry.targets and facts["target"] != entry.target:
        raise ConfigError(
            f"the data set '{change.name}' declares other targets ({', '.join(entry.targets)})",
            advice="change target and targets together, in configs/datasets.yaml",
        )
    if "positive" not in change.facts:
        # A label belongs to its target, and the new table may have more labels or none.
        same = facts["target"] == entry.target
        facts["positive"] = entry.positive if same else None
        given = replace(given, inherited=entry.positive is not None and same)
    missing = change.missing
    if missing is None:
        declared = entry.missing
        missing = declared.get("*", ()) if isinstance(declared, dict) else declared
    return Proposal(name=change.name, path=path, missing=missing, given=given, **facts)


def _files(project: Path, name: str, source: SourceDeclaration) -> list[Path]:
    """Return the files of a registered data set."""
    if isinstance(source, CroissantSource | DvcSource | FileSource | SqlSource):
        return [project / source.path]
    if isinstance(source, FilesSource):
        return [project / part.path for part in source.parts]
    known = known_locations(project)
    if isinstance(source, OutsideSource) and source.name in known:
        return [Path(known[source.name])]
    raise ConfigError(
        f"the data set '{name}' is {source.place}, which has no file to read again",
        advice=f"name the new file: repro data add {name} FILE --replace",
    )


def _layout(source: SourceDeclaration) -> dict[str, object]:
    if not isinstance(source, TableSource) or source.format not in {"csv", "excel"}:
        return {}
    layout = source.layout or (Dialect() if source.format == "csv" else Workbook())
    return {name: getattr(layout, name) for name in type(layout).model_fields}
