"""Metrics in tables of text: CSV, and the classification report of scikit-learn."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from repro.app.subjects.reported.documents import made, readable
from repro.core.errors import SchemaError
from repro.core.reported import Printed, ReportedMetrics, missing, parse_printed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NAMES, _VALUES = {"metric", "name", "measure", "key"}, {"value", "score", "result"}
_SEPARATORS = "\t;,"
_HEADING = re.compile(r"^\s*precision\s+recall\s+f1-score\s+support\s*$", re.MULTILINE)
_COLUMNS = ("precision", "recall", "f1-score", "support")
_ACCURACY = "accuracy"


def parse_csv(text: str, name: str) -> ReportedMetrics:
    """Read metrics from CSV: a name and a value in each row, or one row of many columns.

    Rows that begin with a text, such as those of a classification report, give each column the name
    of its row.

    Raises
    ------
    SchemaError
        If it is a table of something else.
    """
    # The first line shows which separator a table has; tabs are in no name.
    first = text.lstrip().partition("\n")[0]
    separator = next((each for each in _SEPARATORS if each in first), ",")
    try:
        rows = [
            [cell.strip() for cell in row]
            for row in csv.reader(text.splitlines(), delimiter=separator, strict=True)
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise SchemaError(f"{name}: not valid CSV: {error}", advice="check its quotes") from error
    if any(len(row) > len(rows[0]) for row in rows):
        raise SchemaError(
            f"{name}: a row has more cells than the first one", advice="check its quotes"
        )
    return made(_of_rows(rows, name), name)


def _of_rows(rows: Sequence[Sequence[str]], name: str) -> Iterator[tuple[tuple[str, ...], Printed]]:
    if not rows:
        return
    heading, *body = rows
    lower = [cell.lower() for cell in heading]
    pair = _column(lower, _NAMES), _column(lower, _VALUES)
    if None not in pair:
        yield from _pairs(body, *pair)  # type: ignore[arg-type]  # neither is None
    elif len(heading) == len(("name", "value")) and parse_printed(heading[1]) is not None:
        yield from _pairs(rows, 0, 1)
    elif len(body) == 1:
        yield from _cells(heading, body[0], ())
    elif all(row[0] and not _is_number(row[0]) for row in body):
        for row in body:
            yield from _cells(heading[1:], row[1:], (readable(row[0]),))
    elif body:
        raise SchemaError(
            f"{name}: {len(body)} rows of numbers, expected the metrics of one result",
            advice="keep one row, or the columns 'metric' and 'value'",
        )


def _is_number(cell: str) -> bool:
    """Return whether a cell is a number; a class may be named like a missing one."""
    found = parse_printed(cell)
    return found is not None and found.value is not None


def _column(names: Sequence[str], known: set[str]) -> int | None:
    return next((place for place, name in enumerate(names) if name in known), None)


def _pairs(
    rows: Sequence[Sequence[str]], label: int, value: int
) -> Iterator[tuple[tuple[str, ...], Printed]]:
    for row in rows:
        if len(row) > max(label, value):
            yield from _cells([row[label]], [row[value]], ())


def _cells(
    names: Sequence[str], cells: Sequence[str], keys: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Printed]]:
    for name, cell in zip(names, cells, strict=False):
        # An empty cell is how pandas writes NaN.
        number = parse_printed(cell) if cell else missing()
        if number is not None and name:
            yield (*keys, readable(name)), number


def is_classification_report(text: str) -> bool:
    """Return whether text has the heading of scikit-learn's ``classification_report``."""
    return _HEADING.search(text) is not None


def parse_classification_report(text: str, name: str) -> ReportedMetrics:
    """Read the metrics of a classification report: of each class, and the averages.

    Raises
    ------
    SchemaError
        If there is no report, or more than one.
    """
    if len(_HEADING.findall(text)) > 1:
        raise SchemaError(
            f"{name}: several classification reports, expected one", advice="keep one of them"
        )
    heading = _HEADING.search(text)
    lines = text[heading.end() :].splitlines() if heading else []
    return made((pair for line in lines for pair in _of_line(line)), name)


def _of_line(line: str) -> Iterator[tuple[tuple[str, ...], Printed]]:
    words = line.split()
    label, cells = words[: -len(_COLUMNS)], words[-len(_COLUMNS) :]
    if words[:1] == [_ACCURACY] and len(words) == len(("accuracy", "value", "support")):
        yield from _cells([_ACCURACY], words[1:2], ())
    elif label and all(parse_printed(cell) for cell in cells):
        yield from _cells(_COLUMNS, cells, (readable(" ".join(label)),))
