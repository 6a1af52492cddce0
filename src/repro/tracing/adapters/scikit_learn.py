"""Functions of scikit-learn. Its estimators need no adapter."""

from __future__ import annotations

from inspect import isfunction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.tracing.recorder import Recorder

_RESULTS = ("cross_val_score", "cross_validate")


def metrics(module: Any, recorder: Recorder) -> None:
    """Make every metric a step whose result is compared as numbers."""
    recorder.wrap(module, _functions(module), "number")


def model_selection(module: Any, recorder: Recorder) -> None:
    """Make splits and cross-validations steps."""
    names = [name for name in _functions(module) if name not in _RESULTS]
    recorder.wrap(module, names, "function")
    recorder.wrap(module, _RESULTS, "number")


def datasets(module: Any, recorder: Recorder) -> None:
    """Make every function that loads, fetches or makes data a step."""
    starts = ("load_", "fetch_", "make_")
    recorder.wrap(module, [n for n in _functions(module) if n.startswith(starts)], "reader")


def _functions(module: Any) -> Iterator[str]:
    # getattr would import: some names raise when they are accessed.
    for name in getattr(module, "__all__", ()):
        if isfunction(vars(module).get(name)):
            yield name
