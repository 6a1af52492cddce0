"""Checks that a declared data set is available, is the declared one, and can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from repro.core.errors import ReproError
from repro.datasets.hashing import HashMismatchError, check_sha256
from repro.datasets.sources import open_source
from repro.datasets.table import build, likely_task
from repro.datasets.target import checked_target, target_kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from repro.config.data import DatasetEntry
    from repro.datasets.formats.interface import RawTable
    from repro.datasets.sources.interface import Payload
    from repro.datasets.table import Table

Outcome = Literal["holds", "fails", "skipped"]


@dataclass(frozen=True)
class EntryCheck:
    """One question about a data set, and its answer; ``skipped`` is never a pass.

    Attributes
    ----------
    dataset : str
    name : str
        ``available``, ``sha256``, ``readable`` or ``rows``; ``target NAME`` of a further target.
    outcome : {"holds", "fails", "skipped"}
    text : str
        What was found, or the reason and the next step.
    """

    dataset: str
    name: str
    outcome: Outcome
    text: str


def verify_entry(project: Path, name: str, entry: DatasetEntry) -> tuple[EntryCheck, ...]:
    """Ask everything about one data set of the registry; what it finds are values.

    A check that cannot be asked because an earlier one failed, or because a package is not
    installed, is skipped and says so.

    Returns
    -------
    tuple of EntryCheck
        Always ``available``, ``sha256``, ``readable`` and ``rows``, in this order; then one for
        each other target of a table that can be read.
    """
    source = open_source(project, entry.source)
    try:
        payload = source.obtain(entry.sha256)
    except HashMismatchError as error:
        found = EntryCheck(name, "available", "holds", source.label)
        return (found, _answer(name, "sha256", error), *_not_asked(name, "readable", "rows"))
    except ReproError as error:
        return (_answer(name, "available", error), *_not_asked(name, "sha256", "readable", "rows"))
    return (EntryCheck(name, "available", "holds", source.label), *_read(name, entry, payload))


def _read(name: str, entry: DatasetEntry, payload: Payload) -> tuple[EntryCheck, ...]:
    try:
        raw = payload.parse(entry.missing)
        table = build(raw, entry, likely_task(raw, entry), payload.sha256)
    except ReproError as error:
        hashed = _not_asked(name, "sha256")
        if payload.sha256 is not None:
            hashed = (EntryCheck(name, "sha256", "holds", payload.sha256),)
        return (*hashed, _answer(name, "readable", error), *_not_asked(name, "rows"))
    described = _described(name, table)
    return (_hashed(name, entry, payload, table), *described, *_targets(name, entry, raw))


def _targets(name: str, entry: DatasetEntry, raw: RawTable) -> Iterator[EntryCheck]:
    """Check the columns that can be predicted in place of the target."""
    for column, each in (entry.targets or {}).items():
        own = entry.model_copy(update={"target": column, "positive": each.positive})
        question = f"target {column}"
        try:
            values = raw.read({column: target_kind(each.task)}).columns[column]
            checked_target(raw, values, own, each.task)
        except ReproError as error:
            yield _answer(name, question, error)
        else:
            yield EntryCheck(name, question, "holds", f"a {each.task} task")


def _hashed(name: str, entry: DatasetEntry, payload: Payload, table: Table) -> EntryCheck:
    try:
        check_sha256(payload.label, table.sha256, entry.sha256)
    except HashMismatchError as error:
        return _answer(name, "sha256", error)
    return EntryCheck(name, "sha256", "holds", table.sha256)


def _described(name: str, table: Table) -> tuple[EntryCheck, ...]:
    numeric, categorical = len(table.numeric), len(table.categorical)
    columns = f"{numeric} numeric and {categorical} categorical features"
    return (
        EntryCheck(name, "readable", "holds", columns),
        EntryCheck(name, "rows", "holds", str(table.rows)),
    )


def _answer(name: str, question: str, error: ReproError) -> EntryCheck:
    """Turn an error into an answer: bad data fails, a missing package leaves it open."""
    outcome: Outcome = "skipped" if isinstance(error.__cause__, ImportError) else "fails"
    text = f"{error.message}; {error.advice}" if error.advice else error.message
    return EntryCheck(name, question, outcome, text)


def _not_asked(name: str, *questions: str) -> tuple[EntryCheck, ...]:
    reason = "skipped: an earlier check failed"
    return tuple(EntryCheck(name, question, "skipped", reason) for question in questions)
