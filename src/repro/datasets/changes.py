"""Differences between an entry of the registry and the one that replaces it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from repro.core.errors import ReproError
from repro.datasets.sources import open_source
from repro.datasets.table import build, likely_task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from repro.config.data import DatasetEntry

_ROLES = ("numeric", "categorical", "ignored")


def changes(project: Path, before: DatasetEntry, after: DatasetEntry) -> tuple[str, ...]:
    """Return a line for everything that differs: file, rows, columns, roles, markers.

    The rows of a file that is gone or was overwritten are unknown, and the line says so.
    """
    return tuple(_changes(project, before, after))


def roles_of(entry: DatasetEntry, names: tuple[str, ...]) -> dict[str, str]:
    """Return the declared role of each column; a name wins over a pattern."""
    roles: dict[str, str] = {}
    for role in _ROLES:
        for text in getattr(entry.columns, role):
            for name in names:
                if fnmatchcase(name, text) and name not in roles and name != entry.target:
                    roles[name] = role
    exact = {name: role for role in _ROLES for name in getattr(entry.columns, role)}
    return roles | {name: role for name, role in exact.items() if name in names}


def _changes(project: Path, before: DatasetEntry, after: DatasetEntry) -> Iterator[str]:
    if before.source.label != after.source.label:
        yield f"file     {before.source.label} -> {after.source.label}"
    if before.sha256 == after.sha256:
        yield "content  the same bytes"
    old, new = _read(project, before), _read(project, after)
    yield f"rows     {_rows(old)} -> {_rows(new)}"
    (_, names), (_, others) = old, new
    gone = [name for name in names if name not in others]
    more = [name for name in others if name not in names] if names else []
    if gone or more:
        yield "columns  " + ", ".join([*(f"-{name}" for name in gone), *(f"+{n}" for n in more)])
    yield from _settings(before, after)
    yield from _moved(roles_of(before, names or others), roles_of(after, others))


def _moved(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name, role in after.items():
        if name in before and before[name] != role:
            yield f"role     {name}: {before[name]} -> {role}"


def _settings(before: DatasetEntry, after: DatasetEntry) -> Iterator[str]:
    for key in ("target", "positive", "missing"):
        old, new = getattr(before, key), getattr(after, key)
        if old != new:
            yield f"{key:<8} {_shown(old)} -> {_shown(new)}"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_shown(each)}" for name, each in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(repr, value)) or "none"
    return "none" if value is None else str(value)


def _rows(read: tuple[int | None, tuple[str, ...]]) -> str:
    return "unknown (the file is gone or changed)" if read[0] is None else str(read[0])


def _read(project: Path, entry: DatasetEntry) -> tuple[int | None, tuple[str, ...]]:
    try:
        payload = open_source(project, entry.source).obtain(entry.sha256)
        raw = payload.parse(entry.missing)
        table = build(raw, entry, likely_task(raw, entry), payload.sha256)
    except ReproError:
        return None, ()
    return table.rows, raw.names
