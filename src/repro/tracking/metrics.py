"""Numbers that a program logs."""

from __future__ import annotations

import struct
from typing import Any

from repro.core.canonical import TaggedHash
from repro.core.errors import TrackingError
from repro.tracking.times import now


class Metrics:
    """Logged numbers, in their order.

    Parameters
    ----------
    entries : list of dict
        Gets an entry for each number.
    """

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self._entries = entries

    def add(self, name: str, value: Any, step: int | None, timestamp: str | None) -> dict[str, Any]:
        """Append a number and return its entry.

        Raises
        ------
        TrackingError
            If the value is no number, or the step no integer.
        """
        if step is not None and (isinstance(step, bool) or not hasattr(step, "__index__")):
            raise TrackingError(f"metric {name!r}: step {step!r}: expected an integer")
        number = _number(name, value)
        # A number that has no digest is no entry either.
        self.digest(number)
        entry = {
            "name": str(name),
            "value": number,
            "step": None if step is None else int(step),
            "timestamp": timestamp or now(),
        }
        self._entries.append(entry)
        return entry

    @staticmethod
    def digest(value: float) -> str:
        """Return the digest of a number, ``number/v1:<hex>``; NaN is one value."""
        try:
            number = float("nan") if value != value else float(value)  # noqa: PLR0124 - NaN alone
        except OverflowError as error:
            raise TrackingError(
                "a metric is larger than any number with a fraction", advice="log its logarithm"
            ) from error
        tagged = TaggedHash("number").add(struct.pack(">d", number))
        # A large integer has more digits than a fraction keeps.
        is_exact = number != number or number == value  # noqa: PLR0124
        return (tagged if is_exact else tagged.add(str(value).encode())).digest()


def _number(name: str, value: Any) -> float | int:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # NumPy's numbers are of these types and of others too.
        return float(value) if isinstance(value, float) else int(value)
    # A size is a number of arrays, and a function of tensors.
    size = value.numel() if hasattr(value, "numel") else getattr(value, "size", 0)
    plain = value.item() if hasattr(value, "item") and size == 1 else value
    if isinstance(plain, bool) or not isinstance(plain, (int, float)):
        raise TrackingError(
            f"metric {name!r}: expected a number, found {type(value).__name__} {value!r}"[:300],
            advice="log numbers by log_metric, and text by add_metadata",
        )
    return plain
