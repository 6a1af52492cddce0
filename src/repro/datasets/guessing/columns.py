"""Roles of columns, guessed from all of their values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from repro.datasets.formats.csv_text import CsvTable
from repro.datasets.formats.interface import RefusedColumnsError
from repro.datasets.formats.typed import TypedTable
from repro.datasets.guessing.markers import KNOWN
from repro.tables.notation import Notation
from repro.tables.numbers import Fault, fault_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from repro.datasets.formats.interface import Array, Kind, RawTable

_INFINITIES = frozenset(f"{sign}{word}" for sign in ("", "+", "-") for word in ("inf", "infinity"))
_UUID = re.compile(r"\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?")
# ``id``, ``customer_id``, ``Kundennummer``; and, where case separates words, ``orderId``.
_ID_NAME = re.compile(
    r"(?i:(?:.*[^A-Za-z])?(?:id|uid|uuid|guid|rowid|index|nr)|.*nummer|Unnamed: 0)"
    r"|.*[a-z](?:Id|ID|Nr)"
)
_DATES = {
    re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}.*)?"): ("ISO8601",),
    re.compile(r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}"): ("%Y/%m/%d",),
    re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}"): ("%d.%m.%Y",),
    re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{2}"): ("%d.%m.%y",),
    re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4} [0-9]{2}:[0-9]{2}"): ("%d.%m.%Y %H:%M",),
    re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}"): ("%m/%d/%Y", "%d/%m/%Y"),
    re.compile(r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}"): ("%d-%m-%Y", "%m-%d-%Y"),
}
# A short table may count anything from one row to the next.
_COUNTED = 20
# Measurements of fewer rows may well be all different.
_MANY = 100


@dataclass(frozen=True)
class Guessed:
    """Roles that were guessed.

    Attributes
    ----------
    numeric, categorical, ignored : tuple of str
        In the order of the file.
    why : dict of str to str
        Of columns that are ignored, the reason.
    texts : dict of str to list of str
        Of categorical columns, the values that are not missing.
    distinct : tuple of str
        Numeric columns of whole numbers that no two rows share.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    ignored: tuple[str, ...]
    why: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, list[str]] = field(default_factory=dict, repr=False)
    distinct: tuple[str, ...] = ()


def guess_markers(raw: RawTable, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the texts among the numbers of a column that can only mean a missing value.

    In a column of text, only an empty cell does: every other text may be a category.

    Parameters
    ----------
    raw : RawTable
        Opened with the markers that are known already.
    names : sequence of str
        The columns to look at.
    """
    found: dict[str, tuple[str, ...]] = {}
    if isinstance(raw, TypedTable):
        found = _among_typed(raw, [name for name in names if name not in raw.text_columns])
        names = [name for name in names if name in raw.text_columns]
    refused = _refused(raw, names, "number")
    for name, values in _texts(raw, refused).items():
        distinct = {value for value in values if value is not None}
        blank = sorted(value for value in distinct if not value.strip())
        faults = {value: _fault(raw, value) for value in distinct}
        marks = sorted(value for value, fault in faults.items() if fault is Fault.NOT_FINITE)
        known = all(mark.strip().lower() in KNOWN for mark in marks)
        others = [value for value, fault in faults.items() if fault not in {None, Fault.NOT_FINITE}]
        numbers = len(distinct) - len(marks) - len(others)
        # Types are meant: text of a typed file is no number until a role says so.
        if marks and known and numbers and not others and isinstance(raw, CsvTable):
            found[name] = tuple(marks)
        elif blank and len(blank) < len(distinct):
            found[name] = tuple(blank)
    return found


def _among_typed(raw: TypedTable, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the markers among the numbers of columns that have both, as a sheet may have."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        present = {value for _, value in raw.column(name).present()}
        marks = sorted(value for value in present if isinstance(value, str))
        if marks and len(marks) < len(present) and all(m.strip().lower() in KNOWN for m in marks):
            found[name] = tuple(marks)
    return found


def guess_roles(raw: RawTable, names: Sequence[str], given: Mapping[str, str]) -> Guessed:
    """Return the role of each column.

    A column is numeric if every value that is not missing is a finite number, and otherwise
    categorical; one without any value, with dates, or with identifiers is ignored.

    Parameters
    ----------
    raw : RawTable
        Opened with all markers.
    names : sequence of str
        The columns without the target.
    given : dict of str to str
        The roles that a person gave.

    Raises
    ------
    DataError
        If a column that is numeric but for infinities has no role, or one is not of its role.
    """
    asked = [name for name in names if name not in given and name not in raw.text_columns]
    refused = _refused(raw, asked, "number")
    kinds: dict[str, Kind] = {}
    for name in names:
        role = given.get(name)
        is_text = name in raw.text_columns or name in refused if role is None else role != "numeric"
        kinds[name] = "text" if is_text else "number"
    texts = [name for name, kind in kinds.items() if kind == "text"]
    unreadable = _refused(raw, [name for name in texts if given.get(name) != "categorical"], "text")
    body = raw.read({name: kind for name, kind in kinds.items() if name not in unreadable})
    _check_infinite(raw, [name for name in refused if _is_infinite(raw, body.columns, name)])
    why = dict(_ignored(raw, kinds, body.columns, unreadable, given))
    ignored = {*why, *(name for name, role in given.items() if role == "ignored")}
    left = [name for name in names if name not in ignored]
    return Guessed(
        numeric=tuple(name for name in left if kinds[name] == "number"),
        categorical=tuple(name for name in left if kinds[name] == "text"),
        ignored=tuple(name for name in names if name in ignored),
        why=why,
        texts={
            name: [value for value in body.columns[name] if value is not None]
            for name in left
            if kinds[name] == "text"
        },
        distinct=tuple(
            name
            for name in left
            if kinds[name] == "number" and name not in given and _is_distinct(body.columns[name])
        ),
    )


def _ignored(
    raw: RawTable,
    kinds: Mapping[str, Kind],
    columns: Mapping[str, Array],
    unreadable: Sequence[str],
    given: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    for name in kinds:
        if name in given:
            continue
        if name in unreadable:
            yield name, "dates and times" if _are_times(raw, name) else "neither numbers nor text"
        elif pd.isna(columns[name]).all():
            yield name, "no value in any row"
        elif kinds[name] == "text" and (form := _date_form([*columns[name]])):
            yield name, f"dates, {form}"
        elif reason := _identifies(name, columns[name], kinds[name]):
            yield name, reason


def _are_times(raw: RawTable, name: str) -> bool:
    if not isinstance(raw, TypedTable):
        return False
    cells = raw.column(name)
    times = cells.values.dtype.kind == "O" and all(
        isinstance(value, datetime) for _, value in cells.present()
    )
    return cells.values.dtype.kind == "M" or times


def _date_form(values: list[str | None]) -> str:
    """Return how dates are written if all values are dates; empty if they are not."""
    present = sorted({value for value in values if value is not None})
    for pattern, forms in _DATES.items():
        if all(map(pattern.fullmatch, present)):
            dates = pd.Series(present, dtype=object)
            if any(_are_dates(dates, form) for form in forms):
                return f"as in {present[0]!r}"
    return ""


def _are_dates(texts: pd.Series[Any], form: str) -> bool:
    return bool(pd.to_datetime(texts, format=form, errors="coerce", utc=True).notna().all())


def _is_distinct(values: Array) -> bool:
    """Return whether a long column has a different whole number in every row."""
    whole = not np.isnan(values).any() and (values == np.trunc(values)).all()
    return bool(whole) and len(values) >= _MANY and len(np.unique(values)) == len(values)


def _identifies(name: str, values: Array, kind: Kind) -> str:
    """Return why a column names rows rather than describing them; empty if it does not."""
    present = values[~pd.isna(values)]
    if len(present) < len(values) or len(set(present.tolist())) < len(values):
        return ""
    named = _ID_NAME.fullmatch(name) is not None
    if kind == "text":
        if all(map(_UUID.fullmatch, present)):
            return "an identifier, a different UUID in every row"
        return "an identifier by its name, different in every row" if named else ""
    if not (present == np.trunc(present)).all():
        return ""
    if named:
        return "an identifier by its name, a different whole number in every row"
    steps = np.diff(present)
    counts = len(present) >= _COUNTED and (steps == 1).all() and present[0] in {0, 1}
    return "it counts the rows" if counts else ""


def is_number(raw: RawTable, text: str) -> bool:
    """Return whether a cell is a number as the table writes them."""
    return _fault(raw, text) is None


def _fault(raw: RawTable, text: str) -> Fault | None:
    if isinstance(raw, CsvTable):
        notation = Notation(raw.dialect.decimal, raw.dialect.thousands)
        plain = text if notation.is_plain else notation.plain(text)
        return Fault.NOT_FINITE if plain is None else fault_of(plain)
    return fault_of(text)


def faults_of(raw: RawTable, values: Iterable[str]) -> dict[str, Fault | None]:
    """Return why each of some cells is no number, as the table writes them."""
    return {value: _fault(raw, value) for value in values}


def _texts(raw: RawTable, names: Sequence[str]) -> dict[str, list[str | None]]:
    unreadable = _refused(raw, names, "text")
    body = raw.read({name: "text" for name in names if name not in unreadable})
    return {name: values.tolist() for name, values in body.columns.items()}


def _refused(raw: RawTable, names: Iterable[str], kind: Kind) -> list[str]:
    try:
        raw.read(dict.fromkeys(names, kind))
    except RefusedColumnsError as error:
        return list(error.refusals)
    return []


def _is_infinite(raw: RawTable, columns: Mapping[str, Array], name: str) -> bool:
    """Return whether a column would be numeric but for infinities."""
    if name not in columns:
        try:
            raw.read({name: "number"})
        except RefusedColumnsError as error:
            return name in error.infinite
        return False
    present = {value for value in columns[name] if value is not None}
    texts = {value for value in present if _fault(raw, value)}
    return texts != present and {text.strip().lower() for text in texts} <= _INFINITIES


def _check_infinite(raw: RawTable, names: Sequence[str]) -> None:
    """Refuse columns of numbers with an infinity: no role fits them, and no one marker is meant."""
    if names:
        raw.read(dict.fromkeys(names, "number"))
