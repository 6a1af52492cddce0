"""Reads the traces that the processes of a recorded command wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Event = dict[str, Any]
# Answers what a program calls: `repro.api.children.MODULE`, which stands above this layer.
_MODULE = "repro.api.child"


@dataclass(frozen=True)
class Process:
    """The events of one process, in order.

    Attributes
    ----------
    number, parent : int
    words : tuple of str
        The command line.
    worker : bool
        Whether it did part of its parent's work, so that its calls have no order of their own.
    """

    number: int
    parent: int
    words: tuple[str, ...]
    worker: bool
    executable: str
    version: str
    paths: tuple[str, ...]
    events: tuple[Event, ...] = field(repr=False)

    def of(self, kind: str) -> Iterator[Event]:
        """Yield the events of a kind."""
        return (event for event in self.events if event["event"] == kind)


@dataclass(frozen=True)
class Traces:
    """All processes of a recording, ordered by their start.

    Attributes
    ----------
    broken : tuple of str
        The reason for each Python in which tracing could not begin.
    """

    processes: tuple[Process, ...]
    broken: tuple[str, ...]

    def of(self, kind: str) -> Iterator[Event]:
        """Yield the events of a kind, of all processes."""
        return (event for process in self.processes for event in process.of(kind))

    @property
    def trainings(self) -> tuple[Process, ...]:
        """The processes in which ``repro.train`` and ``repro.verify`` work for a program."""
        return tuple(process for process in self.processes if _MODULE in process.words)

    def of_program(self, kind: str) -> Iterator[Event]:
        """Yield the events of a kind, without those of ``trainings``."""
        own = self.trainings
        return (e for process in self.processes if process not in own for e in process.of(kind))


def read_traces(folder: Path) -> Traces:
    """Read the traces of a recording; a line that was cut off by a kill is ignored."""
    processes = [_process(path) for path in sorted(folder.glob("*.jsonl"))]
    broken = [path.read_text("utf-8", "replace") for path in sorted(folder.glob("*.broken"))]
    return Traces(tuple(filter(None, processes)), tuple(broken))


def _process(path: Path) -> Process | None:
    events = [event for line in path.read_bytes().splitlines() if (event := _event(line))]
    if not events or events[0]["event"] != "process":
        return None
    head = events[0]
    words = " ".join(head["words"])
    return Process(
        number=head["process"],
        parent=head["parent"],
        words=tuple(head["words"]),
        worker=head["forked"] or any(word in words for word in ("multiprocessing", "loky")),
        executable=head["executable"],
        version=head["version"],
        paths=tuple(head["paths"]),
        events=tuple(events[1:]),
    )


def _event(line: bytes) -> Event | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "event" in found else None
