"""The targets of a tracker: files, and trackers of other libraries.

A sink has three methods. ``start(config)`` opens it, ``update(data, versions, metric)`` writes the
tracker's data after a call, and ``finish(data)`` closes it. Other distributions add sinks by entry
points of the group ``repro.tracking.sinks``, which ``TrackingConfig.sinks`` names.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol

from repro.core.errors import TrackingError
from repro.tracking.sinks.files import FileSink
from repro.tracking.sinks.mlflow import MlflowSink
from repro.tracking.sinks.wandb import WandbSink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.tracking.config import TrackingConfig

GROUP = "repro.tracking.sinks"


class Sink(Protocol):
    """The methods that a tracker calls."""

    def start(self, config: TrackingConfig) -> None:
        """Open the sink."""

    def update(
        self, data: Mapping[str, Any], versions: Mapping[str, int], metric: Mapping[str, Any] | None
    ) -> None:
        """Write the data of the tracker, and a metric that was just logged."""

    def finish(self, data: Mapping[str, Any]) -> None:
        """Write what is left, and close the sink."""


def sinks_of(config: TrackingConfig) -> list[tuple[str, Sink]]:
    """Return the sinks that a configuration asks for, by name.

    Raises
    ------
    TrackingError
        If no installed distribution has a sink of a name.
    """
    found: list[tuple[str, Sink]] = []
    if config.save_to_json:
        found.append(("save_to_json", FileSink("json")))
    if config.save_to_yaml:
        found.append(("save_to_yaml", FileSink("yaml")))
    if config.save_to_wandb:
        found.append(("save_to_wandb", WandbSink()))
    if config.save_to_mlflow:
        found.append(("save_to_mlflow", MlflowSink()))
    points = {point.name: point for point in entry_points(group=GROUP)} if config.sinks else {}
    for name in config.sinks:
        if name not in points:
            raise TrackingError(
                f"no installed distribution has the sink {name!r}",
                advice=f"install one with an entry point of the group {GROUP}",
            )
        found.append((name, points[name].load()()))
    return found
