"""``predictions.csv``: every held-out prediction, as text that reads back to the same bits.

The header shows the task, and with it what a cell is:

``row,truth,label,score:<column>...,margin``
    A classification: ``truth`` and ``label`` are text, even where they look like numbers.
``row,truth,prediction``
    A regression: both are numbers.

``margin`` is present if the predictions have one, and ``weight`` follows as the last column where
metrics are weighted. Numbers are written in their shortest form that
reads back to the same bits, text is quoted where CSV needs it, lines end in a line feed on every
platform. There is one way to write given predictions, and nothing else is read.
"""

from __future__ import annotations

import csv
import io
import math
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Self

from repro.core.cells import read_cells
from repro.core.errors import SchemaError
from repro.core.records import Prediction, Predictions

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

_SCORE = "score:"
_CLASSES = ("row", "truth", "label")
_NUMBERS = ("row", "truth", "prediction")
_MARGIN, _WEIGHT = "margin", "weight"
# A class may be named by a long text; nobody names one by a megabyte.
_LONGEST_CELL = 2**20
_SHOWN = 200


def write_predictions(predictions: Predictions) -> bytes:
    """Write all of the predictions of a run as CSV.

    Raises
    ------
    ValueError
        If some are missing, classes and numbers are mixed, a number is not finite, a row appears
        twice, or not every row has scores, a margin and a weight of the same form.
    """
    rows = predictions.rows
    if predictions.total != len(rows):
        raise ValueError(f"only {len(rows)} of {predictions.total} predictions are given")
    if len({row.row for row in rows}) != len(rows):
        raise ValueError("a row is predicted twice")
    layout = _Layout.of(predictions)
    return "".join(_lines(chain([layout.header], map(layout.cells, rows)))).encode()


def read_predictions(content: bytes, name: str) -> Predictions:
    """Read what ``write_predictions`` wrote, and nothing else.

    Parameters
    ----------
    name : str
        The file's name, for messages.

    Raises
    ------
    SchemaError
        With the line that is not as expected.
    """
    lines = _parse(content, name)
    number, header = next(lines, (1, []))
    with _at(name, number):
        layout = _Layout.from_header(header)
    rows: dict[int, Prediction] = {}
    for number, cells in lines:
        with _at(name, number):
            row = layout.prediction(cells)
            _require_new(row.row, rows)
        rows[row.row] = row
    found = Predictions(total=len(rows), scores=layout.scores, rows=tuple(rows.values()))
    _require_same(write_predictions(found), content, name)
    return found


@dataclass(frozen=True)
class _Layout:
    """The columns of the file."""

    classes: bool
    scores: tuple[str, ...]
    margin: bool
    weight: bool

    @classmethod
    def of(cls, predictions: Predictions) -> Self:
        """Return the layout for some predictions."""
        rows = predictions.rows
        if len(set(predictions.scores)) != len(predictions.scores):
            raise ValueError("two columns of scores have one name")
        return cls(
            classes=bool(predictions.scores) or any(isinstance(row.truth, str) for row in rows),
            scores=predictions.scores,
            margin=any(row.margin is not None for row in rows),
            weight=any(row.weight is not None for row in rows),
        )

    @classmethod
    def from_header(cls, cells: Sequence[str]) -> Self:
        """Return the layout of a header."""
        weight = cells[-1:] == [_WEIGHT]
        before = cells[:-1] if weight else cells
        margin = before[-1:] == [_MARGIN]
        scores = before[len(_CLASSES) : -1 if margin else None]
        found = cls(
            classes=tuple(cells[: len(_CLASSES)]) == _CLASSES,
            scores=tuple(cell.removeprefix(_SCORE) for cell in scores),
            margin=margin,
            weight=weight,
        )
        if found.header != cells or len(set(scores)) != len(scores):
            expected = f"row,truth,label,{_SCORE}<class>,...,{_MARGIN} or row,truth,prediction"
            raise ValueError(f"expected the header {expected}, found {','.join(cells)[:_SHOWN]}")
        return found

    @property
    def header(self) -> list[str]:
        names = [*(_CLASSES if self.classes else _NUMBERS), *map(_SCORE.__add__, self.scores)]
        return [*names, *([_MARGIN] if self.margin else []), *([_WEIGHT] if self.weight else [])]

    def cells(self, row: Prediction) -> list[str]:
        """Return a prediction as text."""
        form = (len(row.scores), row.margin is not None, row.weight is not None)
        if form != (len(self.scores), self.margin, self.weight):
            raise ValueError(
                f"row {row.row}: its scores, margin and weight differ in form from the other rows"
            )
        outcomes = map(_class if self.classes else _number, (row.truth, row.label))
        last = (number for number in (row.margin, row.weight) if number is not None)
        numbers = (*row.scores, *last)
        return [str(row.row), *outcomes, *map(_number, numbers)]

    def prediction(self, cells: Sequence[str]) -> Prediction:
        """Read a prediction."""
        if len(cells) != len(self.header):
            raise ValueError(f"expected {len(self.header)} cells, found {len(cells)}")
        row, truth, label, *rest = cells
        numbers = tuple(map(_read_number, rest))
        weight = numbers[-1] if self.weight else None
        return Prediction(
            row=_read_row(row),
            truth=truth if self.classes else _read_number(truth),
            label=label if self.classes else _read_number(label),
            scores=numbers[: len(self.scores)],
            margin=numbers[len(self.scores)] if self.margin else None,
            weight=weight,
        )


def line(cells: Sequence[str]) -> str:
    """Write a row as CSV that ends in a line feed, text quoted where CSV needs it."""
    return _lines([cells])[0]


def _lines(rows: Iterable[Sequence[str]]) -> list[str]:
    written = _Lines()
    # Written with CSV's own line end, which has every version quote a carriage return in a cell.
    csv.writer(written).writerows(rows)
    return [text.removesuffix("\r\n") + "\n" for text in written]


class _Lines(list[str]):
    """The rows that a writer of CSV writes, one at a time."""

    def write(self, row: str) -> None:
        """Keep a row."""
        self.append(row)


def _parse(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """Split into cells, with the number of the first line of each record."""
    number = 1
    try:
        # Decoded line by line: as one text, a long line takes many times its bytes.
        text = io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="")
        reader = read_cells(text, _LONGEST_CELL)
        for cells in reader:
            yield number, cells
            number = reader.line_num + 1
    except UnicodeDecodeError as error:
        raise SchemaError(f"{name}: not UTF-8 at byte {_odd_byte(content)}") from error
    except csv.Error as error:
        raise SchemaError(f"{name}:{number}: not valid CSV: {error}") from error


def _odd_byte(content: bytes) -> int:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return 0


@contextmanager
def _at(name: str, number: int) -> Iterator[None]:
    """Say in which line a value is not as expected."""
    try:
        yield
    except ValueError as error:
        raise SchemaError(f"{name}:{number}: {error}") from error


def _require_new(row: int, known: Container[int]) -> None:
    if row in known:
        raise ValueError(f"row {row} is predicted twice")


def _require_same(expected: bytes, content: bytes, name: str) -> None:
    if content == expected:
        return
    pairs = zip(io.BytesIO(expected), io.BytesIO(content), strict=False)
    number = next((i for i, (left, right) in enumerate(pairs, start=1) if left != right), 1)
    raise SchemaError(
        f"{name}:{number}: the values are the same, but not written as this program writes them"
    )


def _class(value: str | float) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected the name of a class, found {value}")  # noqa: TRY004
    return value


def _number(value: str | float) -> str:
    if isinstance(value, str) or not math.isfinite(value):
        raise ValueError(f"expected a finite number, found {value}")
    return repr(float(value))


def _read_number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, found {text}")
    return value


def _read_row(text: str) -> int:
    row = int(text)
    if row < 0:
        raise ValueError(f"expected the position of a row, found {text}")
    return row
