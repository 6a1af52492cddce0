"""Obstacles: reasons why two sides are not the same experiment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from repro.divergence.structure import same_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.core.record import AnyRecord
    from repro.divergence.side import Side

# Pairs of a section and a sentence; in a mapping, `weights` would look like a parameter of KNN.
_SENTENCES = (
    ("task", "task differs"),
    ("models", "models or hyper-parameters differ"),
    ("split", "split differs"),
    ("features", "features differ"),
    ("preprocessing", "preprocessing differs"),
    ("selection", "selection differs"),
    ("decision", "decision rule differs"),
    ("evaluation", "evaluation differs"),
    ("metrics", "own metrics differ"),
    ("weights", "weights of rows differ"),
    ("seeding", "seeding scheme differs"),
)


def obstacles(expected: Side, actual: Side, mode: str, sample: int) -> tuple[str, ...]:
    """Return the reasons why two sides cannot be compared; none if they can be.

    Parameters
    ----------
    mode : str
        What a missing key does: ``strict`` makes it an obstacle, ``relaxed`` and ``legacy`` do not.
    sample : int
        How many predictions are required.
    """
    if expected.is_pipeline or actual.is_pipeline:
        found = _nothing_to_compare(expected, mode, sample)
    else:
        found = _no_results(expected)
    if expected.keys is None or actual.keys is None:
        return (*found, *_without_keys(expected, actual, mode))
    ours, theirs = _identity(expected), _identity(actual)
    if ours != theirs:
        found += _other_experiment(expected, actual)
    return tuple(found)


def rows_only_permuted(expected: Side | AnyRecord, actual: Side | AnyRecord) -> bool:
    """Return whether only the order of rows differs; False if a record is too old to say."""
    same = expected.unordered is not None and expected.unordered == actual.unordered
    return same and expected.content != actual.content


def _identity(side: Side) -> tuple[str | None, ...]:
    if side.keys is None:
        return ()
    return (side.keys.strict_key, side.keys.replicate_key, side.content)


def _nothing_to_compare(expected: Side, mode: str, sample: int) -> list[str]:
    found = []
    if not expected.evidence.test_metrics:
        found.append("the reference has no metrics: there is nothing to compare")
    if mode == "legacy":
        return found
    if expected.stages is not None and not expected.stages.stages:
        found.append("the reference has no stages: nothing shows how it was computed")
    predictions = expected.evidence.predictions
    if predictions is None or not predictions.rows:
        found.append("the reference has no sampled predictions: there is nothing to compare")
        return found
    rows, needed = predictions.rows, min(sample, predictions.total)
    if len(rows) < needed:
        found.append(f"the reference has predictions of {len(rows)} rows; {needed} are required")
    return found


def _without_keys(expected: Side, actual: Side, mode: str) -> list[str]:
    if mode == "strict":
        return ["the reference has no keys, so nothing shows that it is the same experiment"]
    tasks = [side.evidence.facts.get("metrics.task") for side in (expected, actual)]
    return [f"task differs: {_sides(*tasks)}"] if tasks[0] != tasks[1] else []


def _other_experiment(expected: Side, actual: Side) -> list[str]:
    theirs, ours = expected.config or {}, actual.config or {}
    found = []
    if rows_only_permuted(expected, actual):
        found.append("data set differs: the same rows in a different order")
    elif expected.content != actual.content:
        found.append(f"data set differs: {_sides(expected.content, actual.content)}")
    if not expected.is_pipeline or not actual.is_pipeline:
        return [*found, *_different_parts(expected, actual)]
    found += _dataset_roles(theirs.get("dataset"), ours.get("dataset"))
    if not same_value(theirs.get("seed"), ours.get("seed")):
        found.append(f"seed differs: {_sides(theirs.get('seed'), ours.get('seed'))}")
    for section, sentence in _SENTENCES:
        if not same_value(theirs.get(section), ours.get(section)):
            found.append(f"{sentence}: {_first_difference(theirs, ours, section)}")
    found += _order_of_models(theirs.get("models"), ours.get("models"))
    return found or [
        "the record's strict key does not follow from its own configuration and data: it was edited"
    ]


def _no_results(expected: Side) -> list[str]:
    evidence = expected.evidence
    rows = evidence.predictions.rows if evidence.predictions else ()
    if evidence.numbers or evidence.files or rows:
        return []
    if expected.is_command and expected.stages and expected.stages.stages:
        return []
    return ["the reference has no numbers, predictions or files: there is nothing to compare"]


def _different_parts(expected: Side, actual: Side) -> list[str]:
    """Return the parts of the identity that differ, of programs that no configuration describes."""
    if expected.is_pipeline != actual.is_pipeline:
        return ["kind differs: one is an experiment, and the other is not"]
    left, right = expected.parts or {}, actual.parts or {}
    names = dict.fromkeys([*left, *right])
    return [f"{name} differs" for name in names if left.get(name) != right.get(name)]


def _dataset_roles(theirs: object, ours: object) -> list[str]:
    if not isinstance(theirs, dict) or not isinstance(ours, dict):
        return []
    return [
        f"{what} differs: {_sides(theirs.get(key), ours.get(key))}"
        for key, what in (("target", "target"), ("positive", "positive label"))
        if not same_value(theirs.get(key), ours.get(key))
    ]


def _order_of_models(theirs: object, ours: object) -> list[str]:
    """Return that the same families stand in different orders, which decides ties between them."""
    if not isinstance(theirs, dict) or not isinstance(ours, dict):
        return []
    if list(theirs) == list(ours) or theirs.keys() != ours.keys():
        return []
    return [f"order of models differs: {_sides(', '.join(theirs), ', '.join(ours))}"]


def _first_difference(theirs: Mapping[str, Any], ours: Mapping[str, Any], section: str) -> str:
    path, left, right = section, theirs.get(section), ours.get(section)
    while isinstance(left, dict) and isinstance(right, dict):
        keys = [*left, *(key for key in right if key not in left)]
        # A key that one side lacks differs from one whose value is null.
        key = next(key for key in keys if not same_value(left.get(key, {}), right.get(key, {})))
        path, left, right = f"{path}.{key}", left.get(key), right.get(key)
    shown = _shown(left), _shown(right)
    if shown[0] == shown[1]:
        # Such as the text 1 and the number.
        shown = json.dumps(left), json.dumps(right)
    return f"{path}: {_sides(*shown)}"


def _sides(expected: object, actual: object) -> str:
    return f"reference {expected}, this run {actual}"


def _shown(value: object) -> str:
    """Write a value as people do, and what is empty or missing as ``none``."""
    if value is None or value in ("", {}, []):
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
