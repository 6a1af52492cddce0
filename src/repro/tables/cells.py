"""A column of any type, coerced to numbers or to text without losing anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from repro.tables.numbers import EXACT, Fault, Refusals, fault_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.tables.marks import Marks

Array = npt.NDArray[Any]
Kind = Literal["number", "text"]

# Text is kept by Python itself, so that an installed pyarrow changes nothing.
TEXT = pd.StringDtype("python", na_value=np.nan)
_NUMERIC = "biuf"


class CellsError(Exception):
    """A column is not of its kind.

    Parameters
    ----------
    sentence : str
        What was found.
    refusals : Refusals, optional
        Of a column of numbers in which some are refused.
    """

    def __init__(self, sentence: str, refusals: Refusals | None = None) -> None:
        super().__init__(sentence)
        self.faults = frozenset(refusals.counts if refusals else ())


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of one column.

    Attributes
    ----------
    values : ndarray of shape (n,)
        Any dtype; whole numbers are integers even where some cells are absent.
    absent : ndarray of bool, shape (n,)
        Where there is no value; what stands in ``values`` there has no meaning.
    """

    values: Array
    absent: npt.NDArray[np.bool_]

    @classmethod
    def of_array(cls, values: Array) -> Cells:
        """Return the cells of an array; None and NaN are absent."""
        return cls(values, np.asarray(pd.isna(values), dtype=bool))

    @classmethod
    def of_series(cls, series: pd.Series[Any]) -> Cells:
        """Return the cells of a series of any dtype: NumPy's, nullable, Arrow's, categorical."""
        absent = series.isna().to_numpy(dtype=bool)
        return cls(_values(series), absent)

    def present(self) -> list[tuple[int, Any]]:
        """Return each cell that has a value, with its row."""
        rows = np.flatnonzero(~self.absent).tolist()
        return list(zip(rows, self.values[~self.absent].tolist(), strict=True))


def _values(series: pd.Series[Any]) -> Array:
    dtype: Any = series.dtype
    if isinstance(dtype, np.dtype):
        return series.to_numpy()
    plain = getattr(dtype, "numpy_dtype", None)
    if plain is not None and plain.kind in _NUMERIC:
        # Through floats, whole numbers beside missing ones would lose digits.
        return series.to_numpy(dtype=plain, na_value=plain.type(0))
    return np.asarray(series.astype(object), dtype=object)


def in_row(row: int) -> str:
    """Return ``row <n>``, counted from 0 as in the predictions of a run."""
    return f"row {row}"


def to_numbers(cells: Cells, marks: Marks, place: Callable[[int], str] = in_row) -> Array:
    """Return numbers, NaN where missing and never infinite.

    Booleans are 0 and 1; text is read as in a CSV file.

    Parameters
    ----------
    cells : Cells
    marks : Marks
    place : callable
        Words the place of a row for messages.

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    CellsError
        If a value is not a finite number, or would be changed.
    """
    refusals = Refusals()
    kind = cells.values.dtype.kind
    if kind == "O":
        numbers = _from_objects(cells, marks, refusals)
    elif kind in _NUMERIC:
        numbers = _from_array(cells, marks, refusals)
    else:
        raise CellsError(f"expected numbers, found {described(cells)}")
    if refusals.counts:
        raise CellsError(refusals.sentence(place), refusals)
    return numbers


def _from_array(cells: Cells, marks: Marks, refusals: Refusals) -> Array:
    values = cells.values
    numbers = values.astype(np.float64)
    # One bit pattern for missing, whatever the file had.
    numbers[cells.absent | np.isnan(numbers)] = np.nan
    if values.dtype.kind == "b":
        marked = [str(value) in marks.texts for value in values.tolist()]
        numbers[np.asarray(marked, dtype=bool)] = np.nan
        return numbers
    numbers[_marked(values, marks)] = np.nan
    for row in np.flatnonzero(np.abs(numbers) >= EXACT).tolist():
        fault = _fault(values[row].item(), float(numbers[row]))
        if fault is not None:
            refusals.add(fault, row, str(values[row]))
    return numbers


def _marked(values: Array, marks: Marks) -> npt.NDArray[np.bool_]:
    marked = np.zeros(len(values), dtype=bool)
    for number in marks.numbers:
        if values.dtype.kind == "f":
            # In the column's own precision: 0.1 as 32 bits is the marker 0.1.
            with np.errstate(over="ignore"):
                mark = values.dtype.type(number)
            marked |= (values == mark) & (np.isfinite(mark) == np.isfinite(number))
        elif number.is_integer():
            marked |= values == int(number)
    return marked


def _from_objects(cells: Cells, marks: Marks, refusals: Refusals) -> Array:
    numbers = np.full(len(cells.values), np.nan)
    for row, value in cells.present():
        outcome = _number(value, marks)
        if outcome is None:
            raise CellsError(f"expected numbers, found {described(cells)}")
        if isinstance(outcome, Fault):
            refusals.add(outcome, row, repr(value) if isinstance(value, str) else str(value))
        else:
            numbers[row] = outcome
    return numbers


def text_number(text: str, marks: Marks) -> float | Fault:
    """Return the number that a text spells, NaN for a marker, or why it is refused."""
    if text in marks.texts:
        return np.nan
    return fault_of(text) or _unless_marked(float(text), marks)


def _number(value: object, marks: Marks) -> float | Fault | None:
    """Return a number, NaN for a marker, a fault, or None where the type is no number's."""
    if isinstance(value, str):
        return text_number(value, marks)
    if str(value) in marks.texts:
        return np.nan
    if isinstance(value, bool | np.bool_):
        return float(value)
    if not isinstance(value, Real | Decimal):
        return None
    try:
        number = float(value)
    except OverflowError:
        return Fault.INEXACT
    # A declared infinity is a marker too.
    marked = number in marks.numbers
    return np.nan if marked else _fault(value, number) or number


def _unless_marked(number: float, marks: Marks) -> float:
    return np.nan if number in marks.numbers else number


def _fault(value: object, number: float) -> Fault | None:
    if not np.isfinite(number):
        return Fault.NOT_FINITE
    # Integers, decimals and fractions compare with a float by their exact values.
    return None if value == number else _inexact(value, number)


def _inexact(value: object, number: float) -> Fault | None:
    beyond = abs(number) >= EXACT and isinstance(value, Integral | Decimal)
    return Fault.INEXACT if beyond else None


def to_texts(cells: Cells, marks: Marks) -> Array:
    """Return text, None where missing.

    Whole numbers, decimals, booleans and dates have one spelling, that of a CSV file. Other
    numbers and times have several, and are refused.

    Returns
    -------
    ndarray of object, shape (n,)

    Raises
    ------
    CellsError
        If a value is not text and has no one spelling.
    """
    texts = np.full(len(cells.values), None, dtype=object)
    if cells.values.dtype.kind not in "biuO":
        raise CellsError(f"expected text, found {described(cells)}")
    for row, value in cells.present():
        text = spelled(value)
        if text is None:
            raise CellsError(f"expected text, found {described(cells)}")
        texts[row] = None if text in marks.texts else text
    return texts


def spelled(value: object) -> str | None:
    """Return the one spelling of a value, or None without one.

    Examples
    --------
    >>> [spelled(value) for value in ("a", True, 7, Decimal("1.10"), date(2024, 2, 29), 0.5)]
    ['a', 'True', '7', '1.10', '2024-02-29', None]
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return None


def described(cells: Cells) -> str:
    """Return the types in a column, in words."""
    if cells.values.dtype.kind != "O":
        return f"{cells.values.dtype} values"
    kinds = {type(value) for _, value in cells.present()}
    return " and ".join(sorted("text" if k is str else k.__name__ for k in kinds)) + " values"
