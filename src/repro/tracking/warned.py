"""Warnings of a tracker, each once."""

from __future__ import annotations

import sys
import warnings


class TrackingWarning(UserWarning):
    """Something that a program asked a tracker for, and that is left out."""


class Warned:
    """Warns of each thing once."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def once(self, what: str, sentence: str) -> None:
        """Warn, unless that was done for the same thing before."""
        if what not in self._seen:
            self._seen.add(what)
            warnings.warn(sentence, TrackingWarning, stacklevel=_level_of_caller())


def _level_of_caller() -> int:
    """Return how far up the code is that called this package."""
    frame, level = sys._getframe(1), 1  # noqa: SLF001 - there is no other way to ask
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_OWN):
        frame, level = frame.f_back, level + 1
    return level - 1


_OWN = "repro.tracking"
