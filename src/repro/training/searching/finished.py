"""The scores that an interrupted training left, as a bench looks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue


class Finished(Protocol):
    """Keeps scores between trainings of one configuration, code and environment."""

    def get(self, task: Mapping[str, JsonValue]) -> float | None:
        """Return the score of a task; None if it is not known."""

    def put(self, task: Mapping[str, JsonValue], score: float) -> None:
        """Keep the score of a task."""


class NothingFinished:
    """Keeps nothing."""

    def get(self, task: Mapping[str, JsonValue]) -> float | None:  # noqa: ARG002
        """Know no score."""
        return None

    def put(self, task: Mapping[str, JsonValue], score: float) -> None:
        """Forget a score."""
