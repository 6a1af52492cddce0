"""The proposal that replaces a registered entry: what was declared, and what is said now."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from repro.config.data import FileSource
from repro.config.tables import Dialect, Workbook
from repro.core.errors import ConfigError
from repro.datasets.drafting import Given, Proposal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.config.data import DatasetEntry

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
    if change.path is None:
        if not isinstance(source, FileSource):
            raise ConfigError(
                f"the data set '{change.name}' is {source.place}, which has no file to read again",
                advice=f"name the new file: repro data add {change.name} FILE --replace",
            )
        # The same file is written as it was, also where that was not a guess.
        given = replace(given, layout={**_layout(source), **given.layout})
    facts = {key: getattr(entry, key) for key in _FACTS} | dict(change.facts)
    missing = change.missing
    if missing is None:
        declared = entry.missing
        missing = declared.get("*", ()) if isinstance(declared, dict) else declared
    path = project / source.label if change.path is None else change.path
    return Proposal(name=change.name, path=path, missing=missing, given=given, **facts)


def _layout(source: FileSource) -> dict[str, object]:
    layout = source.layout or {"csv": Dialect, "excel": Workbook}.get(source.format, Dialect)()
    return {name: getattr(layout, name) for name in type(layout).model_fields}
