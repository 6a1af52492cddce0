"""The digest chain of a long series of numbers, as it grows in a recorded process."""

from __future__ import annotations


class Chain:
    """A digest chain over numbers, as in ``core.record.Series``."""

    def __init__(self) -> None:
        import hashlib

        self._sha256 = hashlib.sha256
        self._value = hashlib.sha256(b"repro.series/v1").digest()
        self._marks: dict[str, str] = {}
        self.length = 0

    def add(self, value: float) -> None:
        """Add one value."""
        import struct

        self._value = self._sha256(self._value + struct.pack(">d", value)).digest()
        self.length += 1
        if self.length & (self.length - 1) == 0:
            self._marks[str(self.length)] = self._value.hex()

    def marks_now(self) -> dict[str, object]:
        """Return the length and the marks so far."""
        return {
            "length": self.length,
            "marks": {**self._marks, str(self.length): self._value.hex()},
        }
