"""Warnings of a tracker, each once."""

from __future__ import annotations

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
            warnings.warn(sentence, TrackingWarning, stacklevel=4)
