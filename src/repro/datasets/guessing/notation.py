"""The decimal mark and the mark between thousands, guessed from all numbers of a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from repro.core.errors import DataError
from repro.datasets.guessing.markers import KNOWN
from repro.tables.notation import Notation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from repro.config.tables import Dialect
    from repro.datasets.formats.csv_text import CsvTable

# Anything that some notation might read as a number.
_NUMERIC = re.compile(r"[+-]?[0-9.,]*[0-9][0-9., '\u2019\u00a0\u202f]*(?:[eE][+-]?[0-9]+)?")
_SPACED = re.compile(r"[+-]?[0-9]{1,3}(?:([ '\u2019\u00a0\u202f])[0-9]{3})+(?:[.,][0-9]*)?")
_GROUPED = {mark: re.compile(rf"[+-]?[1-9][0-9]{{0,2}}(?:\{mark}[0-9]{{3}})+") for mark in ".,"}
_BOTH = {".": ",", ",": "."}
_LEAST = 1000
_DIGITS = str.maketrans("023456789", "1" * 9)


@dataclass
class _Evidence:
    """Cells, by mark, in which it is decimal, between thousands, or may be either; with columns."""

    decimal: dict[str, tuple[str, str]] = field(default_factory=dict)
    thousands: dict[str, tuple[str, str]] = field(default_factory=dict)
    either: dict[str, list[tuple[str, str, Collection[str]]]] = field(default_factory=dict)


def guess_notation(
    tables: Sequence[CsvTable], given: Mapping[str, Any]
) -> tuple[Dialect, list[str]]:
    """Guess the marks in the numbers of CSV text from all cells that look like numbers.

    A mark is decimal if some number has it once, and not before exactly three digits; it stands
    between thousands if some number has it twice, or before the other mark. Where every number
    allows both, whole numbers below 1,000 beside it, or a comma as the delimiter, decide.

    Parameters
    ----------
    tables : sequence of CsvTable
        At least one; opened with everything else that is known of their dialect.
    given : dict of str to object
        The keys of the dialect that are known.

    Returns
    -------
    dialect : Dialect
    reasons : list of str

    Raises
    ------
    DataError
        If the numbers contradict each other, or leave both readings open.
    """
    table = tables[0]
    if "decimal" in given and "thousands" in given:
        return table.dialect, []
    columns = dict(_numeric_columns(tables))
    evidence = _collected(columns)
    decimal, why = _decimal(table, given, evidence)
    thousands: str = table.dialect.thousands
    also: list[str] = []
    if "thousands" not in given:
        thousands, also = _thousands(columns, evidence, decimal)
    marks = {"decimal": decimal, "thousands": thousands}
    return table.dialect.model_copy(update=marks), [*why, *also]


def _numeric_columns(tables: Sequence[CsvTable]) -> Iterator[tuple[str, set[str]]]:
    """Yield a cell of each shape in the columns of cells that may be numbers with marks in them."""
    shapes: dict[str, dict[str, str]] = {}
    texts: set[str] = set()
    for table in tables:
        for batch in table.batches():
            for name, cells in zip(table.names, zip(*batch, strict=True), strict=True):
                if name in texts:
                    continue
                known = shapes.setdefault(name, {})
                before = len(known)
                known.update(zip(map(_shape, cells), cells, strict=True))
                if len(known) > before and not all(map(_may_be_number, known.values())):
                    texts.add(name)
    for name, known in shapes.items():
        present = {cell.strip(" ") for cell in known.values() if not _is_gap(cell)}
        if present and name not in texts:
            yield name, present


def _shape(cell: str) -> str:
    # Which digits there are does not matter, but whether the first one is a zero.
    return cell.translate(_DIGITS) + cell[:2]


def _is_gap(cell: str) -> bool:
    return cell.strip().lower() in KNOWN


def _may_be_number(cell: str) -> bool:
    return _is_gap(cell) or _NUMERIC.fullmatch(cell.strip(" ")) is not None


def _collected(columns: Mapping[str, Collection[str]]) -> _Evidence:
    evidence = _Evidence()
    for name, cells in columns.items():
        for mark, other in _BOTH.items():
            marked = sorted(cell for cell in cells if mark in cell)
            sure = {cell: _meaning(cell, mark, other) for cell in marked}
            if "neither" in sure.values():
                continue
            for cell, meaning in sure.items():
                if meaning == "decimal":
                    evidence.decimal.setdefault(mark, (name, cell))
                elif meaning == "thousands":
                    evidence.thousands.setdefault(mark, (name, cell))
            if marked and set(sure.values()) == {"either"}:
                evidence.either.setdefault(mark, []).append((name, marked[0], cells))
    return evidence


def _meaning(cell: str, mark: str, other: str) -> str:
    """Return what a mark is in one number: decimal, thousands, either, or neither of them."""
    if other in cell:
        if Notation(other, mark).plain(cell) is not None:
            return "thousands"
        return "decimal" if Notation(mark, other).plain(cell) is not None else "neither"
    if cell.count(mark) > 1:
        return "thousands" if _GROUPED[mark].fullmatch(cell) else "neither"
    return "either" if _GROUPED[mark].fullmatch(cell) else "decimal"


def _decimal(
    table: CsvTable, given: Mapping[str, Any], evidence: _Evidence
) -> tuple[str, list[str]]:
    if "decimal" in given:
        return table.dialect.decimal, []
    if table.dialect.thousands in _BOTH:
        return _BOTH[table.dialect.thousands], []
    sure = dict(evidence.decimal)
    for mark, where in evidence.thousands.items():
        # Where one mark is between thousands, only the other one can be decimal.
        sure.setdefault(_BOTH[mark], where)
    if len(sure) > 1:
        raise _contradiction(table.label, sure)
    if sure:
        mark, (name, cell) = next(iter(sure.items()))
        return mark, [] if mark == "." else [f"guessed decimal ',': as in {cell!r} of {name!r}"]
    return _from_open(table, evidence)


def _from_open(table: CsvTable, evidence: _Evidence) -> tuple[str, list[str]]:
    """Decide where every number with a mark could be read both ways."""
    found: dict[str, str] = {}
    for mark, columns in evidence.either.items():
        for name, cell, cells in columns:
            whole = [cell for cell in cells if cell.lstrip("+-").isdigit()]
            if whole and all(abs(int(cell)) < _LEAST for cell in whole):
                why = f"{cell!r} of {name!r} stands beside whole numbers below 1000 only"
                found.setdefault(_BOTH[mark], why)
            elif whole or (mark == "." and table.dialect.delimiter == ","):
                why = "whole numbers of four digits without it" if whole else "the comma delimits"
                found.setdefault(mark, f"{cell!r} of {name!r} is a fraction: {why}")
            else:
                raise _open(table.label, name, cell, mark)
    if len(found) > 1:
        raise DataError(
            f"{table.label}: the decimal mark is ambiguous: {'; '.join(found.values())}",
            advice="name it: --decimal . or --decimal ,",
        )
    return next(((mark, [f"guessed decimal {mark!r}: {why}"]) for mark, why in found.items()),
                (".", []))  # fmt: skip


def _thousands(
    columns: Mapping[str, Collection[str]], evidence: _Evidence, decimal: str
) -> tuple[str, list[str]]:
    mark = _BOTH[decimal]
    places = [evidence.thousands[mark]] if mark in evidence.thousands else []
    places += [(name, cell) for name, cell, _ in evidence.either.get(mark, ())]
    if places:
        name, cell = places[0]
        return mark, [f"guessed thousands {mark!r}: as in {cell!r} of {name!r}"]
    for name, cells in columns.items():
        spaced = {found[1]: cell for cell in sorted(cells) if (found := _SPACED.fullmatch(cell))}
        for space, cell in spaced.items():
            notation = Notation(decimal, space)
            # A column is numbers as a whole, or it is text such as telephone numbers.
            if all(notation.plain(each) is not None for each in cells):
                return space, [f"guessed thousands {space!r}: as in {cell!r} of {name!r}"]
    return "", []


def _contradiction(label: str, sure: Mapping[str, tuple[str, str]]) -> DataError:
    (name, cell), (other, second) = sure.values()
    return DataError(
        f"{label}: the decimal mark is ambiguous: {cell!r} of {name!r} and {second!r} of {other!r}"
        " have different ones",
        advice="name it, and the other column is text: --decimal . or --decimal ,",
    )


def _open(label: str, name: str, cell: str, mark: str) -> DataError:
    plain, fraction = cell.replace(mark, ""), cell.replace(mark, ".")
    return DataError(
        f"{label}: {cell!r} of {name!r} is ambiguous: every number of the table allows"
        f" {plain} and {fraction}",
        advice=f"say which: --thousands {mark} for {plain}, --decimal {mark} for {fraction}",
    )
