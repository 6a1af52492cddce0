"""The time, as it stands in what a tracker writes."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the time in UTC, such as ``2026-01-31T12:00:00.000000+00:00``."""
    return datetime.now(UTC).isoformat()
