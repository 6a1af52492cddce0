"""Doubts about a guessed entry, each with the command that changes it."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from repro.datasets.guessing.columns import faults_of
from repro.datasets.guessing.markers import KNOWN
from repro.tables.numbers import Fault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from repro.datasets.formats.interface import RawTable
    from repro.datasets.guessing.columns import Guessed

# A column with more texts than these among its numbers is not a numeric one.
_MARKS = 3
# Beyond it, one column makes most of a table that a model sees.
_LEVELS = 200
_NO_ROLE = ("no value", "neither numbers", "dates and times")

_SIGN = r"%|\u2030|[$\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9]|USD|EUR|GBP|CHF|JPY"
_AMOUNT = r"[+-]?[0-9][0-9.,'\u2019\s]*"
_WITH_UNIT = re.compile(rf"[+-]?(?P<before>{_SIGN})\s?{_AMOUNT}|{_AMOUNT}(?P<after>{_SIGN})")
_ALONE = "write the numbers alone into the file to make them numeric"
# The sentences of a drafted entry, by which they are known from what a person wrote.
_DRAFTED = re.compile(
    r"guessed (?:missing|encoding|delimiter|decimal|thousands|quote|comment|skip_rows|sheet|header)"
    r"|the query has no ORDER BY|the target has numbers with "
    r"|  (?:to use it|to do so|if it means missing): repro data add "
    r"""|('|").*?\1 (?:is ignored: |never varies|is different in every row|would be numeric if """
    r"|has (?:numbers with |[0-9]+ categories: |leading zeros|numbers too long|a different whole"
    r" number|.* in [0-9]+ rows: kept))"
)


def is_remark(comment: str) -> bool:
    """Return whether a comment, without its mark, is one that a drafted entry has.

    Examples
    --------
    >>> is_remark("'id' is ignored: it counts the rows"), is_remark("'id' is of the old system")
    (True, False)
    """
    return _DRAFTED.match(comment) is not None


def remarks_on(raw: RawTable, guessed: Guessed, name: str) -> list[str]:
    """Return a sentence for each guess that a person may want to change.

    Parameters
    ----------
    raw : RawTable
    guessed : Guessed
    name : str
        Of the data set, for the commands.
    """
    change = f"repro data add {name} --replace"
    remarks: list[str] = []
    for column in guessed.categorical:
        texts = guessed.texts[column]
        if unit := _unit(set(texts)):
            remarks.append(f"{column!r} {unit}: kept as text; {_ALONE}")
            continue
        for doubt, option in _doubts(raw, texts):
            remarks += [f"{column!r} {doubt}", *_command(change, option, column)]
    for column in guessed.distinct:
        doubt = "has a different whole number in every row: consider ignoring it"
        remarks += [f"{column!r} {doubt}", *_command(change, "--ignore", column)]
    for column, why in guessed.why.items():
        # Times have no one spelling, so that no role fits them.
        option = "" if why.startswith(_NO_ROLE) else "--categorical"
        if "whole number" in why or "counts" in why:
            option = "--numeric"
        remarks += [f"{column!r} is ignored: {why}", *_command(change, option, column)]
    return remarks


def remarks_on_labels(labels: Sequence[object]) -> list[str]:
    """Return a sentence if the labels of a target are numbers with a sign."""
    unit = _unit(set(map(str, labels)))
    return [f"the target {unit}, so that they are classes; {_ALONE}"] if unit else []


def _command(change: str, option: str, column: str) -> list[str]:
    if not option:
        return []
    verb = "to use it" if option in {"--numeric", "--categorical"} else "to do so"
    if "--missing-in" in option:
        verb = "if it means missing"
    words = option if "{column}" in option else f"{option} {{column}}"
    return [f"  {verb}: {change} {words.format(column=shlex.quote(column))}"]


def _doubts(raw: RawTable, present: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Return what a person should look at in a column of text, and the option that changes it."""
    distinct = set(present)
    faults = faults_of(raw, distinct)
    marks = sorted(value for value, fault in faults.items() if fault is Fault.NOT_FINITE)
    kept = {fault: value for value, fault in sorted(faults.items(), reverse=True) if fault}
    if len(distinct) == 1:
        yield "never varies: consider ignoring it", "--ignore"
    elif len(marks) < len(distinct) and 0 < len(marks) <= _MARKS and len(kept) == 1:
        options = " ".join(f"--missing-in {{column}} {_mark(mark)}" for mark in marks)
        yield f"would be numeric if {' and '.join(map(repr, marks))} meant missing", options
    elif len(distinct) == len(present):
        yield "is different in every row: consider ignoring it", "--ignore"
    elif len(distinct) > _LEVELS:
        yield f"has {len(distinct)} categories: consider ignoring it", "--ignore"
    if not marks and Fault.LEADING_ZEROS in kept:
        yield f"has leading zeros, as in {kept[Fault.LEADING_ZEROS]!r}: kept as text", ""
    if not marks and Fault.INEXACT in kept:
        yield f"has numbers too long for a float, such as {kept[Fault.INEXACT]!r}: kept as text", ""
    if len(marks) == len(distinct) > 1:
        for mark in sorted(distinct):
            if mark.strip().lower() in KNOWN:
                option = f"--missing-in {{column}} {_mark(mark)}"
                yield f"has {mark!r} in {present.count(mark)} rows: kept as a category", option


def _unit(distinct: Collection[str]) -> str:
    """Name the one sign of percent or of a currency that all numbers of a column have, if any."""
    present = sorted(text for text in distinct if text.strip().lower() not in KNOWN)
    found = [_WITH_UNIT.fullmatch(text.strip()) for text in present]
    signs = {(match["before"] or match["after"] or "") if match else "" for match in found}
    if len(signs) != 1 or "" in signs:
        return ""
    return f"has numbers with {signs.pop()!r}, such as {present[0]!r}, which no format declares"


def _mark(text: str) -> str:
    """Quote a marker for a shell, and for being filled in afterwards."""
    return shlex.quote(text).replace("{", "{{").replace("}", "}}")
