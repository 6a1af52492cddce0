"""Readers of tables and arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from repro.tracing.recorder import Recorder


def pandas(module: Any, recorder: Recorder) -> None:
    """Make every ``pandas.read_…`` a step."""
    recorder.wrap(module, [name for name in dir(module) if name.startswith("read_")], "reader")


def numpy(module: Any, recorder: Recorder) -> None:
    """Make NumPy's readers steps."""
    recorder.wrap(module, ("load", "loadtxt", "genfromtxt", "fromfile"), "reader")
