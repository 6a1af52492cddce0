"""Numbers of a result that are compared within a tolerance."""

from __future__ import annotations

import sys
from typing import Any

_MOST = 64
_ROWS = 32
# Timings in the result of a cross-validation.
_TIMES = ("fit_time", "score_time")
_OF_A_CURVE = 3


def numbers_of(result: Any) -> dict[str, float | str]:
    """Return the numbers in a result by their place; a number that is not finite as text."""
    if isinstance(result, dict):
        return {
            f"{key}{place}": value
            for key, part in result.items()
            if key not in _TIMES
            for place, value in _nested(part).items()
        }
    return _nested(result)


def untimed(function: str, result: Any) -> Any:
    """Return the result of a cross-validation without how long it took, which differs every time.

    Parameters
    ----------
    function : str
        Name of the function that gave the result; that of any other one is returned as it is.
    """
    if function == "cross_validate" and type(result) is dict:
        return {key: part for key, part in result.items() if key not in _TIMES}
    if function == "learning_curve" and type(result) is tuple:
        # The sizes and the scores; with return_times, the times of fits and scores follow.
        return result[:_OF_A_CURVE]
    return result


def sample_of(result: Any) -> dict[str, float | str]:
    """Return evenly spaced predictions by row: numbers, and labels as text."""
    values = _plain(result, _ROWS)
    if values is None:
        return {}
    rows, taken = values
    found: dict[str, float | str] = {}
    for row, value in zip(rows, taken):  # noqa: B905 - older interpreters too
        for column, each in enumerate(value if isinstance(value, list) else [value]):
            place = f"[{row}]" if not isinstance(value, list) else f"[{row}, {column}]"
            if len(found) < 4 * _MOST:
                found |= _scalar(place, each)
    return found


def _nested(value: Any, place: str = "") -> dict[str, float | str]:
    if isinstance(value, dict):
        inner = [_nested(part, f"{place}.{key}") for key, part in value.items()]
    elif isinstance(value, (list, tuple)):
        inner = [_nested(part, f"{place}[{n}]") for n, part in enumerate(value[:_MOST])]
    elif hasattr(value, "tolist") and getattr(value, "size", 0) <= _MOST:
        return _nested(value.tolist(), place) if hasattr(value, "dtype") else {}
    else:
        return _scalar(place, value)
    return {name: each for found in inner for name, each in found.items()}


def _scalar(place: str, value: Any) -> dict[str, float | str]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value)
        finite = number - number == 0
        return {place: number if finite else repr(number)}
    return {place: str(value)} if isinstance(value, (str, bool)) else {}


def _plain(result: Any, most: int) -> tuple[list[int], list[Any]] | None:
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not hasattr(result, "shape"):
        return None
    values = numpy.asarray(result)
    if values.ndim not in (1, 2) or not len(values):
        return None
    rows = sorted(set(numpy.linspace(0, len(values) - 1, most).astype(int).tolist()))
    return rows, values[rows].tolist()
