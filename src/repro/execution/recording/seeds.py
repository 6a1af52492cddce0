"""The seeds that a command gave to global generators, from its traces."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repro.execution.recording.traces import Traces

_FIRST = 16
"""Number of calls of one line whose seeds are kept."""


def seeds_of(traces: Traces) -> dict[str, str]:
    """Return each seed by the line and function that gave it, such as ``a.py:3 random.seed``.

    Workers have no order and are left out, and so is what libraries do while they are imported.
    """
    found: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for process in traces.processes:
        for event in () if process.worker else process.of("seed"):
            if event["site"] is None or not event["given"]:
                continue
            name = f"{event['site']} {event['call']}"
            counts[name] += 1
            if counts[name] <= _FIRST:
                found[name if counts[name] == 1 else f"{name} ({counts[name]})"] = event["value"]
    return found
