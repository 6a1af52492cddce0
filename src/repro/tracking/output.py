"""The tracker's data, and the sinks that it is written to after every call."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from repro.tracking.sinks import sinks_of
from repro.tracking.sinks.files import FileSink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.tracking.config import TrackingConfig
    from repro.tracking.journal import Journal
    from repro.tracking.sinks import Sink
    from repro.tracking.warned import Warned

# Of the time that has passed, writing after each metric may take a tenth, and half a second.
_SHARE, _GRACE_SECONDS = 0.1, 0.5


class Output:
    """Writes data to all sinks; one that fails is named once and left out from then on.

    Parameters
    ----------
    config : TrackingConfig
    journal : Journal
        It learns which files are the tracker's own, and does not observe the sinks.
    warned : Warned
    """

    def __init__(self, config: TrackingConfig, journal: Journal, warned: Warned) -> None:
        self._journal, self._warned = journal, warned
        self._versions: Counter[str] = Counter()
        self._sinks = sinks_of(config)
        self._began, self._spent = time.perf_counter(), 0.0
        for name, sink in [*self._sinks]:
            self._try(name, sink, lambda sink=sink: sink.start(config))
            for path in sink.paths if isinstance(sink, FileSink) else ():
                journal.own(path)

    def changed(
        self, data: Mapping[str, Any], *sections: str, metric: Mapping[str, Any] | None = None
    ) -> None:
        """Write data of which some sections have changed.

        A program that logs a hundred thousand metrics has files written now and then only.
        """
        self._versions.update(sections)
        began = time.perf_counter()
        hurried = self._spent > _GRACE_SECONDS + _SHARE * (began - self._began)
        for name, sink in [*self._sinks]:
            if not (metric is not None and hurried and isinstance(sink, FileSink)):
                self._try(name, sink, lambda s=sink: s.update(data, self._versions, metric))
        self._spent += time.perf_counter() - began

    def finish(self, data: Mapping[str, Any], *sections: str) -> None:
        """Write everything, and close all sinks."""
        self.changed(data, *sections)
        for name, sink in [*self._sinks]:
            self._try(name, sink, lambda s=sink: s.finish(data))

    def _try(self, name: str, sink: Sink, call: Any) -> None:
        try:
            with self._journal.aside():
                call()
        except ImportError as error:
            self._drop(sink)
            self._warned.once(
                name, f"{name}: {_package(error)} is not installed, so nothing is saved to it"
            )
        except OSError as error:
            if isinstance(sink, FileSink):
                raise
            self._drop(sink)
            self._warned.once(name, f"{name}: nothing is saved to it from now on: {error}")
        except Exception as error:  # noqa: BLE001 - a library must not end the program
            self._drop(sink)
            self._warned.once(
                name, f"{name}: nothing is saved to it from now on: {type(error).__name__}: {error}"
            )

    def _drop(self, sink: Sink) -> None:
        self._sinks = [each for each in self._sinks if each[1] is not sink]


def _package(error: ImportError) -> str:
    return (error.name or str(error)).partition(".")[0]
