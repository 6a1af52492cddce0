"""Names for what a program does: this is the training data, this is the model, this is the loss.

>>> import tempfile
>>> from repro.tracking import ExperimentTracker, TrackingConfig
>>> config = TrackingConfig("my_experiment", output_dir=tempfile.mkdtemp())
>>> with ExperimentTracker(config) as tracker:
...     _ = tracker.set_seeds(42)
...     info = tracker.track_dataset([1.5, 2.5], "training_data")
...     logged = tracker.log_metric("loss", 0.25, step=1)
>>> info["type"], len(info["checksum"]), logged["value"]
('list', 64, 0.25)

In a program that ``repro record`` runs, what is named becomes part of its record. Elsewhere the
tracker leaves a record of its own, which ``repro runs``, ``compare`` and ``verify`` take.

Everything is digested at full content: nothing is sampled, cached by name or pickled. Libraries are
used as the program has loaded them.
"""

from importlib import import_module
from typing import Any

_LAZY = {
    "DatasetTracker": "datasets",
    "EnvironmentTracker": "environments",
    "ExperimentTracker": "experiment",
    "GitTracker": "repository",
    "ModelTracker": "models",
    "SeedTracker": "seeds",
    "TrackingConfig": "config",
    "TrackingWarning": "warned",
}

__all__ = [
    "DatasetTracker",
    "EnvironmentTracker",
    "ExperimentTracker",
    "GitTracker",
    "ModelTracker",
    "SeedTracker",
    "TrackingConfig",
    "TrackingWarning",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
