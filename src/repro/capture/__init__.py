"""Observing the environment of a run. Reads only, asks no network, and is quick.

``capture_environment`` gathers what can change a result or explain a difference; what differs from
machine to machine by nature is apart, in ``capture_host``, so that an environment can be handed to
others. Everything is read back from where it takes effect (the loaded libraries, the interpreter)
rather than from where it was asked for. Each module observes one thing.
"""

from repro.capture.dispatch import ignored_requests
from repro.capture.environment import capture_environment, capture_host
from repro.capture.native import load_libraries, observe_code_paths, observe_native

__all__ = [
    "capture_environment",
    "capture_host",
    "ignored_requests",
    "load_libraries",
    "observe_code_paths",
    "observe_native",
]
