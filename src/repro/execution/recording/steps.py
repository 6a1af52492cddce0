"""Steps, numbers and series of a recorded command, from its traces."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from repro.core.record import Series
from repro.core.records import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import JsonValue

    from repro.execution.recording.traces import Event, Traces

_SKIPPED = "skipped/v1:"


@dataclass
class Calls:
    """Steps, series and values from the calls of a command.

    Attributes
    ----------
    facts : dict of str to JSON
        Predicted labels, and numbers that are not finite.
    skipped : list of str
        Inputs and outputs without a digest, with their types.
    """

    steps: list[Step] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    numbers: dict[str, float] = field(default_factory=dict)
    facts: dict[str, JsonValue] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)


def calls_of(traces: Traces) -> Calls:
    """Arrange the calls of all processes in a reproducible order.

    Calls in workers and threads have no order of their own: between two ordered steps, they are
    sorted by their line and by their content.
    """
    found = Calls()
    names: Counter[str] = Counter()
    metrics: Counter[str] = Counter()
    for event in _ordered(traces):
        name = f"{event['file']}:{event['line']} {event['function']}"
        names[name] += 1
        title = name if names[name] == 1 else f"{name} ({names[name]})"
        found.steps.append(
            Step(
                name=title,
                inputs=event["inputs"],
                outputs=event["outputs"],
                parameters=event.get("parameters") or None,
            )
        )
        _note_skipped(found, title, event)
        metric = f"{event['file']} {event['function']}"
        metrics[metric] += 1
        _note_values(found, metric, metrics[metric], event)
    _note_logged(found, traces)
    found.series += _series_of(traces)
    found.skipped += [f"not observed: {event['what']}" for event in traces.of("lost")]
    found.skipped = sorted(set(found.skipped))
    return found


def _ordered(traces: Traces) -> Iterator[Event]:
    fixed: list[Event] = []
    loose: list[Event] = []
    for process in traces.processes:
        for event in process.of("step"):
            (loose if process.worker or not event["main"] else fixed).append(event)
    if not loose:
        yield from fixed
        return

    def position(event: Event) -> int:
        """Return the number of ordered steps that finished before this one."""
        return sum(other["time"] < event["time"] for other in fixed)

    loose.sort(key=position)
    between = {place: sorted(each, key=_content) for place, each in groupby(loose, position)}
    for place in range(len(fixed) + 1):
        yield from between.get(place, [])
        yield from fixed[place : place + 1]


def _content(event: Event) -> tuple[Any, ...]:
    text = json.dumps([event["inputs"], event["outputs"]], sort_keys=True)
    return event["file"], event["line"], event["function"], text


def _note_skipped(found: Calls, name: str, event: Event) -> None:
    for which in (event["inputs"], event["outputs"]):
        for label, digest in which.items():
            if digest.startswith(_SKIPPED):
                found.skipped.append(
                    f"{name.partition(' (')[0]}: {label}, {digest[len(_SKIPPED) :]}"
                )


def _note_values(found: Calls, metric: str, occurrence: int, event: Event) -> None:
    title = metric if occurrence == 1 else f"{metric} ({occurrence})"
    for values in (event.get("numbers"), event.get("sample")):
        for place, value in (values or {}).items():
            _note_value(found, title + place, value)


def _note_value(found: Calls, name: str, value: float | str) -> None:
    if isinstance(value, float):
        found.numbers[name] = value
    else:
        found.facts[name] = value


def _note_logged(found: Calls, traces: Traces) -> None:
    values: dict[str, list[float]] = {}
    for process in traces.processes:
        if not process.worker:
            for event in process.of("logged"):
                values.setdefault(event["name"], []).append(event["value"])
    for name, logged in values.items():
        _note_value(found, f"logged {name}", _finite(logged[-1]))
        if len(logged) > 1 and all(isinstance(_finite(value), float) for value in logged):
            found.series.append(Series.of(f"logged {name}", logged))


def _finite(value: float) -> float | str:
    return value if value - value == 0 else repr(value)


def _series_of(traces: Traces) -> Iterable[Series]:
    """Yield the last marks of every series; two processes can have a series of the same name."""
    last: dict[tuple[int, str], Event] = {}
    for position, process in enumerate(traces.processes):
        if not process.worker:
            last |= {(position, event["name"]): event for event in process.of("series")}
    names: Counter[str] = Counter()
    for (_, name), event in last.items():
        names[name] += 1
        title = name if names[name] == 1 else f"{name} ({names[name]})"
        yield Series(name=title, length=event["length"], marks=event["marks"])
