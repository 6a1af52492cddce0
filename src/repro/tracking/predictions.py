"""Predictions that a program logs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from repro.core.errors import TrackingError
from repro.tracking.contents.kinds import digest_part
from repro.tracking.times import now

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROWS = 256


def describe_predictions(
    ids: Any, y_true: Any, y_pred: Any, scores: Any, name: str
) -> tuple[dict[str, Any], dict[str, str], dict[str, float | str]]:
    """Return facts and digests of predictions, and the values of evenly spaced rows.

    Raises
    ------
    TrackingError
        If the lengths differ, or an id occurs twice.
    """
    columns = {"ids": ids, "y_true": y_true, "y_pred": y_pred}
    columns |= {} if scores is None else {"scores": scores}
    values = {column: _listed(column, each) for column, each in columns.items()}
    for column, each in values.items():
        if len(each) != len(values["ids"]):
            raise TrackingError(
                f"predictions {name!r}: {len(values['ids'])} ids and {len(each)} of {column}"
            )
    twice = next((i for i, times in Counter(map(repr, values["ids"])).items() if times > 1), None)
    if twice is not None:
        raise TrackingError(f"predictions {name!r}: the id {twice} occurs twice")
    digests = {
        column: digest_part(columns[column] if hasattr(columns[column], "dtype") else each)
        for column, each in values.items()
    }
    facts = {"name": name, "rows": len(values["ids"]), **digests, "timestamp": now()}
    return facts, digests, _sample(values)


def _listed(column: str, value: Any) -> Sequence[Any]:
    for way in ("tolist", "to_list"):
        if hasattr(value, way):
            found: list[Any] = getattr(value, way)()
            return found
    try:
        return [each.item() if hasattr(each, "item") else each for each in value]
    except TypeError as error:
        raise TrackingError(
            f"{column}: expected a sequence, found {type(value).__name__}"
        ) from error


def _sample(values: dict[str, Sequence[Any]]) -> dict[str, float | str]:
    total = len(values["ids"])
    taken = sorted({round(n * (total - 1) / (_ROWS - 1)) for n in range(_ROWS)}) if total else []
    found: dict[str, float | str] = {}
    for row in taken:
        key = values["ids"][row]
        found[f".label[{key}]"] = _value(values["y_pred"][row])
        score = values["scores"][row] if "scores" in values else []
        for place, each in enumerate(score if isinstance(score, list) else [score]):
            found[f".score[{key}, {place}]"] = _value(each)
    return found


def _value(value: Any) -> float | str:
    # A class is compared as text; only what is a fraction has a tolerance.
    return value if isinstance(value, float) and value - value == 0 else str(value)
