"""Limits on the work that a record may ask for, because the person who checks it has to wait."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.config.experiment import ExperimentConfig

# Many times what the thorough profile asks for; a training of one's own has no such limit.
_SETTINGS = {
    "selection.folds": 1_000,
    "selection.repeats": 100,
    "evaluation.bootstrap.resamples": 100_000,
    "evaluation.nested": 100,
    "drift.bins": 10_000,
    "safety.leakage_leaves": 100_000,
}
_FAMILIES, _METRICS = 100, 100
# The names by which scikit-learn and LightGBM count what they fit: trees, restarts, rounds, folds.
_REPEATED = re.compile(
    r"(^|_)(n_(estimators|iter|init|repeats|trees|rounds?|components|clusters|bins|knots|quantiles)"
    r"|(nr|num)_\w+|cv|max_bins?|hidden_layer_sizes|n_(splits|candidates|resamples|subsamples))$"
)
_ITERATIONS = re.compile(r"(^|_)(max_)?iter\w*$")
_MOST_REPEATED, _MOST_ITERATIONS, _MOST = 100_000, 10_000_000, 2**31


def check_bounds(config: ExperimentConfig, where: str) -> None:
    """Refuse a recorded configuration that asks for more work than any honest one.

    Raises
    ------
    PreconditionError
        With the key, the value, and the most that is accepted.
    """
    for key, value, most in _counts(config):
        if abs(value) > most:
            raise PreconditionError(
                f"{where}: {key}: {value:.6g} is more than the {most} that a record may ask for",
                advice="ask the author of the record for one that needs less work",
            )


def _counts(config: ExperimentConfig) -> Iterator[tuple[str, float, int]]:
    yield "models", len(config.models), _FAMILIES
    yield "metrics", len(config.metrics), _METRICS
    for key, value in _numbers(config.model_dump(mode="json"), ""):
        if key in _SETTINGS:
            yield key, value, _SETTINGS[key]
        elif key.startswith("models.") and (limit := _of_search(key)):
            yield key, value, limit
        elif key.startswith(("models.", "preprocessing.")):
            yield key, value, _most(key, value)


def _of_search(key: str) -> int:
    """Return the limit of a setting of a search; 0 for a value that an estimator gets."""
    *_, section, name = key.split(".")
    if section != "search":
        return 0
    return _SETTINGS["selection.folds"] if name == "folds" else _MOST_REPEATED


def _numbers(value: object, key: str) -> Iterator[tuple[str, float]]:
    """Return every number by its dotted key, those of estimators in lists too."""
    if isinstance(value, dict):
        children = [(str(name), child) for name, child in value.items()]
    elif isinstance(value, list | tuple):
        children = [(str(position), child) for position, child in enumerate(value)]
    else:
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield key, value
        return
    for name, child in children:
        yield from _numbers(child, f"{key}.{name}" if key else name)


def _most(key: str, value: float) -> int:
    before, searched, space = key.partition(".search.space.")
    # The name of a parameter in a space, and not that of an end of its range.
    key = space.partition(".")[0].rpartition("__")[2] if searched else before
    name = next(part for part in reversed(key.split(".")) if not part.isdigit())
    if _REPEATED.search(name):
        return _MOST_REPEATED
    if _ITERATIONS.search(name):
        return _MOST_ITERATIONS
    return _MOST if isinstance(value, int) else max(_MOST, int(abs(value)))
